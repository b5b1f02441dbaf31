// The picture of a passage, as an image: an SVG of the daemon's cannot run anything there.

import { h, icon } from "/page/dom.js";
import { say } from "/page/words.js";
import { quietly, send } from "/page/session.js";
import { addressOf, nameOf, placeOf, shown } from "/page/passage.js";
import { barsOf, placeIn } from "/page/sheet.js";

const MOST_REMEMBERED = 120;
const WIDTH = "1400"; // tenths of a millimetre of a page: two or three lines of music fit into a card
const HEIGHT = "900"; // of what shows in a card; all of it is engraved when it is heard
const MAX_WHOLE_BARS = 12; // of a whole piece, the beginning
const MARGIN = 12; // pixels above a line of music
const remembered = new Map();

export class Picture {
  constructor(piece, passage, signal) {
    this.piece = piece;
    this.passage = passage;
    this.signal = signal;
    this.cursor = h("span", { class: "cursor", hidden: true });
    this.element = h("figure", { class: `picture ${piece.modality}` }, h("div", { class: "waiting" }));
  }

  async load() {
    const shownPart = this.passage ?? (this.piece.modality === "score" ? { first_bar: 1, last_bar: MAX_WHOLE_BARS } : null);
    const [path, asked] = addressOf(this.piece, shownPart, "preview.svg");
    asked.set("width", WIDTH);
    if (!this.isHeard) asked.set("height", HEIGHT);
    const address = `${path}?${asked}`;
    try {
      const svg = remembered.get(address) ?? await quietly(() => this.draw(address), this.signal);
      remembered.set(address, svg);
      if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value);
      const alt = say("picture", `${shown(nameOf(this.piece))}, ${placeOf(this.passage)}`);
      const image = h("img", { src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`, alt, draggable: "false" });
      await image.decode();
      if (this.piece.modality === "score") this.bars = barsOf(svg);
      this.element.replaceChildren(h("div", { class: "sheet" }, image, this.cursor));
      if (this.now) this.at(this.now);
    } catch (failure) {
      if (failure.name === "AbortError") return;
      this.element.replaceChildren(h("div", { class: "nothing" }, icon(this.piece.modality), h("span", {}, say("noPicture"))), this.cursor);
    }
  }

  async draw(address) {
    const response = await send("GET", address, { signal: this.signal });
    return response.text();
  }

  /** Show how far the music is: its share from 0 to 1, its seconds, and the timeline of its bars; null where it does not play. */
  at(now) {
    this.now = now;
    if (now && !this.isHeard && this.piece.modality === "score") {
      this.isHeard = true;
      this.load();
    }
    const place = now && this.bars?.length ? placeIn(this.bars, this.passage?.first_bar ?? 1, now) : null;
    this.cursor.hidden = !now || (this.bars?.length > 0 && !place);
    if (this.cursor.hidden) return;
    this.cursor.style.setProperty("--share", now.share);
    if (!place) return;
    Object.assign(this.cursor.style, { left: percent(place.x), top: percent(place.top), height: percent(place.bottom - place.top) });
    this.show(place);
  }

  /** Turn to the line of music that plays. */
  show({ top, bottom }) {
    const sheet = this.cursor.parentElement.clientHeight;
    const { scrollTop, clientHeight } = this.element;
    const isSeen = top * sheet >= scrollTop && bottom * sheet <= scrollTop + clientHeight;
    if (!isSeen) this.element.scrollTop = Math.max(0, top * sheet - MARGIN);
  }
}

const percent = (share) => `${(100 * share).toFixed(2)}%`;
