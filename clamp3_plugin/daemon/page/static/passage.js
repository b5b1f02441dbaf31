// What a hit says of itself: its name, its place, and how to ask the daemon for it.

import { say } from "/page/words.js";

export const nameOf = (piece) => piece.title || fileOf(piece.path);

export const fileOf = (path) => shown(path).split(/[\\/]/).at(-1);

export function folderOf(path) {
  return shown(path).split(/[\\/]/).slice(-3, -1).join(" / ");
}

/** Bytes of a path that are no UTF-8 travel as lone surrogates; to a reader they are one sign. */
export const shown = (text) => text.replace(/[\ud800-\udfff]/gu, "\ufffd");

export function clock(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function placeOf(passage) {
  if (!passage) return say("whole");
  if (passage.first_bar == null) return `${clock(passage.start)}–${clock(passage.end ?? passage.start)}`;
  const first = passage.printed_first ?? passage.first_bar;
  const last = passage.printed_last ?? passage.last_bar;
  return String(first) === String(last) ? say("inBar", first) : say("inBars", `${first}–${last}`);
}

/** The fields of a source: this passage of this piece. */
export function sourceOf(piece, passage) {
  if (!passage) return { piece_id: piece.id };
  if (passage.first_bar != null) return { piece_id: piece.id, bars: [passage.first_bar, passage.last_bar] };
  return { piece_id: piece.id, time: [passage.start, passage.end ?? null] };
}

/** The same as a question in an address. */
export function addressOf(piece, passage, what) {
  const asked = new URLSearchParams();
  if (passage?.first_bar != null) asked.set("bars", `${passage.first_bar}-${passage.last_bar}`);
  else if (passage?.start != null) asked.set("time", `${passage.start}-${passage.end ?? ""}`);
  return [`/v1/pieces/${encodeURIComponent(piece.id)}/${what}`, asked];
}

export const keyOf = (piece, passage) =>
  [piece.id, passage?.first_bar, passage?.last_bar, passage?.start, passage?.end].join(" ");
