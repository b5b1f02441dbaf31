// What can be asked with beside words: a file of the user's, and a passage of the library.

import { send } from "/page/session.js";
import { nameOf, placeOf, sourceOf } from "/page/passage.js";

const KEPT_MS = 8 * 60_000; // the daemon keeps an upload for ten minutes

/** A file, handed over when it is asked with, and again when that was long ago. */
export class FileSource {
  sign = "file";

  constructor(file) {
    this.file = file;
    this.name = file.name.replace(/\.take$/, "");
  }

  async wire() {
    if (!this.upload || performance.now() - this.since > KEPT_MS) {
      this.since = performance.now();
      this.upload = this.handOver();
      this.upload.catch(() => { this.upload = null; });
    }
    return { upload_id: await this.upload };
  }

  async handOver() {
    const path = `/v1/upload?name=${encodeURIComponent(this.file.name)}`;
    const response = await send("POST", path, { body: this.file, type: "application/octet-stream" });
    return (await response.json()).upload_id;
  }
}

/** A passage of the library. */
export class PassageSource {
  constructor(piece, passage) {
    this.piece = piece;
    this.passage = passage;
    this.name = `${nameOf(piece)}, ${placeOf(passage)}`;
    this.sign = piece.modality;
  }

  async wire() {
    return sourceOf(this.piece, this.passage);
  }
}
