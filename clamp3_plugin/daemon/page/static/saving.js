// Files for the user: where the browser lets them choose the place, there; else among the downloads.

import { h } from "/page/dom.js";

const KEPT_MS = 10_000;

/** Put a file among the downloads. */
export function give(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}

/** Ask where a file shall go, beside its music for instance. */
export async function saveAs(blob, name) {
  if (!window.showSaveFilePicker) {
    give(blob, name);
    return;
  }
  try {
    const chosen = await window.showSaveFilePicker({ suggestedName: name });
    const file = await chosen.createWritable();
    await file.write(blob);
    await file.close();
  } catch (error) {
    if (error.name !== "AbortError") give(blob, name); // no leave to write there
  }
}
