// Hears passages: one at a time, with a cursor in its picture and a bar at the foot of the page.

import { h, icon, iconButton, set } from "/page/dom.js";
import { say } from "/page/words.js";
import { call, send } from "/page/session.js";
import { addressOf, clock, keyOf, nameOf, placeOf, shown } from "/page/passage.js";
import { report } from "/page/notice.js";

const STEPS = 1000;

export class Player {
  constructor() {
    this.audio = new Audio();
    this.audio.preload = "auto";
    for (const name of ["play", "pause", "ended"]) this.audio.addEventListener(name, () => this.changed());
    this.buttons = new Map();
  }

  build() {
    this.title = h("span", { class: "title" });
    this.time = h("span", { class: "time" });
    this.seek = h("input", { type: "range", min: "0", max: String(STEPS), value: "0", "aria-label": say("position"), oninput: () => this.seekTo(this.seek.value / STEPS) });
    this.toggle = iconButton("play", say("play"), () => this.flip());
    const end = iconButton("close", say("close"), () => this.stop());
    this.element = h("div", { class: "player", role: "region", "aria-label": say("play"), hidden: !this.now }, this.audio, this.toggle, this.title, this.seek, this.time, end);
    if (this.now) this.title.textContent = this.now.name;
    return this.element;
  }

  /** A button that plays a passage and shows the cursor in its picture. */
  button(piece, passage, picture) {
    const key = keyOf(piece, passage);
    const button = h("button", { type: "button", class: "play", onclick: () => this.play(piece, passage, picture, key).catch(report) });
    this.dress(button, false);
    button.dataset.key = key;
    return button;
  }

  async play(piece, passage, picture, key) {
    if (this.now?.key === key) {
      this.now.picture = picture;
      return this.flip();
    }
    this.stop();
    this.now = { key, picture, name: `${shown(nameOf(piece))} · ${placeOf(passage)}` };
    const mine = this.now;
    this.mark("waiting");
    try {
      const [path, asked] = addressOf(piece, passage, "preview.ogg");
      const response = await send("GET", `${path}?${asked}`);
      const blob = await response.blob();
      if (piece.modality === "score") mine.timeline = await call("GET", `${addressOf(piece, passage, "preview.json")[0]}?${asked}`);
      if (this.now !== mine) return;
      this.release();
      this.audio.src = this.url = URL.createObjectURL(blob);
      this.title.textContent = mine.name;
      this.element.hidden = false;
      await this.audio.play();
    } catch (failure) {
      if (this.now === mine) this.stop();
      if (failure.name !== "AbortError") throw failure;
    }
  }

  flip() {
    if (this.audio.paused) this.audio.play().catch(report);
    else this.audio.pause();
  }

  stop() {
    this.audio.pause();
    this.now?.picture.at(null);
    this.now = null;
    this.element.hidden = true;
    this.mark("");
  }

  seekTo(share) {
    if (Number.isFinite(this.audio.duration)) this.audio.currentTime = share * this.audio.duration;
    this.tick();
  }

  changed() {
    const plays = !this.audio.paused && !this.audio.ended;
    this.dressToggle(plays);
    this.mark(plays ? "playing" : "");
    cancelAnimationFrame(this.frame);
    if (plays) this.tick();
    else if (this.audio.ended) this.now?.picture.at(null);
  }

  tick() {
    const { currentTime, duration, paused } = this.audio;
    const share = Number.isFinite(duration) && duration > 0 ? currentTime / duration : 0;
    this.seek.value = String(Math.round(share * STEPS));
    this.time.textContent = `${clock(currentTime)} / ${clock(Number.isFinite(duration) ? duration : 0)}`;
    this.now?.picture.at({ share, seconds: currentTime, timeline: this.now.timeline });
    if (!paused) this.frame = requestAnimationFrame(() => this.tick());
  }

  mark(state) {
    for (const button of document.querySelectorAll("button.play")) {
      const mine = button.dataset.key === this.now?.key ? state : "";
      button.classList.toggle("waiting", mine === "waiting");
      this.dress(button, mine === "playing");
    }
  }

  dress(button, plays) {
    if (button.dataset.plays === String(plays)) return;
    button.dataset.plays = String(plays);
    const word = say(plays ? "pause" : "play");
    set(button, { "aria-label": word, title: word });
    button.replaceChildren(icon(plays ? "pause" : "play"));
  }

  dressToggle(plays) {
    const word = say(plays ? "pause" : "play");
    set(this.toggle, { "aria-label": word, title: word });
    this.toggle.replaceChildren(icon(plays ? "pause" : "play"));
  }

  release() {
    if (this.url) URL.revokeObjectURL(this.url);
  }
}
