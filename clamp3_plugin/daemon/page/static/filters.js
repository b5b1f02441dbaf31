// Which pieces may answer.

import { h, set } from "/page/dom.js";
import { say } from "/page/words.js";

const KINDS = ["score", "performance", "audio"];
const KEYS = ["C", "G", "D", "A", "E", "B", "F#", "F", "Bb", "Eb", "Ab", "Db", "Gb"];
const MINOR = ["Am", "Em", "Bm", "F#m", "C#m", "G#m", "Dm", "Gm", "Cm", "Fm", "Bbm", "Ebm"];
const METERS = ["2/4", "3/4", "4/4", "2/2", "3/8", "6/8", "9/8", "12/8", "5/4", "7/8"];
const RANGES = ["tempo", "bars", "duration"];
const TEXTS = ["composer", "folder"];
const PAUSE_MS = 200;

export class Filters {
  constructor(onchange) {
    this.onchange = onchange;
    this.kinds = new Set();
    this.where = {};
  }

  get any() {
    return this.kinds.size > 0 || Object.keys(this.where).length > 0;
  }

  wire() {
    return { modalities: [...this.kinds], where: this.where };
  }

  build() {
    const kinds = KINDS.map((kind) => h("button", {
      type: "button", class: "toggle", "aria-pressed": String(this.kinds.has(kind)),
      onclick: (event) => this.flip(kind, event.currentTarget),
    }, say(kind)));
    this.element = h("div", { class: "filters", role: "group", "aria-label": say("filters") },
      h("div", { class: "kinds", role: "group", "aria-label": say("kind") }, kinds),
      this.choice("key", [...KEYS, ...MINOR]), this.choice("meter", METERS),
      RANGES.map((name) => this.range(name)), TEXTS.map((name) => this.words(name)),
      h("button", { type: "button", class: "quiet", onclick: () => this.clear() }, say("clear")));
  }

  flip(kind, button) {
    if (!this.kinds.delete(kind)) this.kinds.add(kind);
    set(button, { "aria-pressed": String(this.kinds.has(kind)) });
    this.onchange();
  }

  choice(name, values) {
    const options = values.map((value) => h("option", { value, selected: this.where[name] === value }, value.replace("#", "♯").replace(/b/, "♭")));
    return h("label", {}, say(name), h("select", { onchange: (event) => this.put(name, event.target.value) },
      h("option", { value: "" }, say("any")), options));
  }

  range(name) {
    const [from = "", to = ""] = (this.where[name] ?? "").split("-");
    const box = (value, what) => h("input", { type: "number", min: "0", value, "aria-label": `${say(name)} ${what}`, oninput: () => later() });
    const boxes = [box(from, "≥"), box(to, "≤")];
    const later = this.delayed(() => {
      const [low, high] = boxes.map((each) => each.value);
      const fits = boxes.every((each) => each.checkValidity()) && !(low && high && Number(low) > Number(high));
      if (fits) this.put(name, low || high ? `${low || 0}-${high}` : "");
    });
    return h("fieldset", {}, h("legend", {}, say(name)), boxes[0], "–", boxes[1]);
  }

  words(name) {
    const later = this.delayed((value) => this.put(name, value.trim()));
    return h("label", {}, say(name), h("input", { type: "text", value: this.where[name] ?? "", maxlength: "4000", oninput: (event) => later(event.target.value) }));
  }

  put(name, value) {
    if (value) this.where[name] = value;
    else delete this.where[name];
    this.onchange();
  }

  clear() {
    this.kinds.clear();
    this.where = {};
    const old = this.element;
    this.build();
    old.replaceWith(this.element);
    this.onchange();
  }

  delayed(act) {
    let timer;
    return (...values) => {
      clearTimeout(timer);
      timer = setTimeout(() => act(...values), PAUSE_MS);
    };
  }
}
