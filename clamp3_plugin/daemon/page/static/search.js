// The question and its answer: words, files and hits, asked as they change.

import { h, icon, iconButton, set } from "/page/dom.js";
import { say } from "/page/words.js";
import { call } from "/page/session.js";
import { Filters } from "/page/filters.js";
import { Hits } from "/page/hits.js";
import { FileSource, PassageSource } from "/page/sources.js";
import { Takes } from "/page/takes.js";
import { report } from "/page/notice.js";

const PAUSE_MS = 40; // a key is often followed by the next within this
const FIRST = 24;
const MOST = 200;
const EXAMPLES = ["lively Irish jig in 6/8", "바흐의 4성부 코랄", "ruhiger Walzer für Klavier", "ragtime", "弦乐四重奏", "triste canción lenta"];

export class Search {
  constructor(page) {
    this.page = page;
    this.text = "";
    this.plus = [];
    this.minus = [];
    this.n = FIRST;
    this.filters = new Filters(() => this.ask());
    this.hits = new Hits(this);
    this.takes = new Takes((file) => this.takeFiles([file]));
    this.page_listens = false;
  }

  build() {
    this.input = h("input", {
      type: "search", "aria-label": say("ask"), placeholder: say(innerWidth < 620 ? "askShort" : "ask"), autocomplete: "off",
      spellcheck: "false", maxlength: "4096", oninput: () => this.typed(), value: this.text,
      onkeydown: (event) => { if (event.key === "Enter") this.ask(); }, // giving false would swallow the key
    });
    this.input.value = this.text;
    this.chips = h("div", { class: "chips" });
    this.picker = h("input", { type: "file", hidden: true, onchange: () => this.takeFiles(this.picker.files) });
    this.toggle = iconButton("filter", say("filters"), () => this.toggleFilters(), { "aria-expanded": "false" });
    this.said = h("p", { class: "said", role: "status" });
    this.more = h("button", { type: "button", class: "more", hidden: true, onclick: () => this.showMore() }, say("more"));
    const takeRow = this.takes.build();
    this.filters.build();
    this.filters.element.hidden = !this.filters.any;
    this.element = h("section", { class: "search", "aria-label": say("search") },
      h("form", { class: "question", role: "search", onsubmit: (event) => event.preventDefault() },
        icon("search"),
        h("div", { class: "words" }, this.chips, this.input),
        iconButton("file", say("addFile"), () => this.picker.click()), this.takes.buttons, this.toggle, this.picker),
      takeRow, this.filters.element, this.said, this.hits.build(), this.more);
    this.takesDrops();
    this.showChips();
    if (!this.page_listens) {
      this.page_listens = true;
      this.page.onStatus((_, first) => first && this.ask());
    }
  }

  enter() {
    this.input.focus({ preventScroll: true });
    if (this.page.status) this.ask();
  }

  typed() {
    this.text = this.input.value;
    this.n = FIRST;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE_MS);
  }

  /** Ask; of several questions that come while one is under way only the last is asked. */
  async ask() {
    clearTimeout(this.timer);
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    try {
      await this.askOnce();
    } catch (failure) {
      report(failure);
    } finally {
      this.asking = false;
    }
    if (this.again) {
      this.again = false;
      this.ask();
    }
  }

  async askOnce() {
    const text = this.text.trim();
    if (!text && !this.plus.length) {
      this.showIntroduction();
      return;
    }
    const begun = performance.now();
    const answer = await call("POST", "/v1/find", await this.body(this.n));
    if (this.text.trim() !== text) return; // the next question is on its way
    this.show(answer, begun);
  }

  /** The question as the daemon takes it; null where nothing is asked. */
  async body(n) {
    const text = this.text.trim();
    const sources = [...(text ? [{ text }] : []), ...(await Promise.all(this.plus.map((source) => source.wire())))];
    if (!sources.length) return null;
    const minus = await Promise.all(this.minus.map((source) => source.wire()));
    return { ...sources[0], plus: sources.slice(1), minus, n, ...this.filters.wire() };
  }

  show(answer, begun) {
    if (!answer.hits.length) {
      const isEmpty = answer.reason === "library_empty";
      this.sayNothing(say(isEmpty ? "emptyLibrary" : "nothing"), say(isEmpty ? "emptyHint" : "nothingHint"), isEmpty);
      return;
    }
    this.hits.show(answer.hits);
    this.said.textContent = say("hits", answer.hits.length, Math.max(1, Math.round(performance.now() - begun)));
    this.more.hidden = answer.hits.length < this.n || this.n >= MOST;
  }

  showIntroduction() {
    const pieces = this.page.status?.library?.pieces;
    if (pieces === 0) {
      this.sayNothing(say("emptyLibrary"), say("emptyHint"), true);
      return;
    }
    const ask = (text) => { this.input.value = text; this.typed(); this.input.focus(); };
    const examples = EXAMPLES.map((text) => h("button", { type: "button", class: "chip", onclick: () => ask(text) }, text));
    const hint = pieces === undefined ? "" : say("helloHint", pieces.toLocaleString());
    this.blank(h("div", { class: "hello" }, h("h1", {}, say("hello")), h("p", {}, hint), h("div", { class: "examples" }, examples)));
  }

  sayNothing(title, hint, toLibrary) {
    const link = toLibrary ? h("a", { class: "primary", href: "#/library" }, say("addFolder")) : null;
    this.blank(h("div", { class: "hello" }, h("h1", {}, title), h("p", {}, hint), link));
  }

  blank(element) {
    this.hits.clear(element);
    this.said.textContent = "";
    this.more.hidden = true;
  }

  showMore() {
    this.n = Math.min(MOST, this.n + FIRST);
    this.ask();
  }

  toggleFilters() {
    this.filters.element.hidden = !this.filters.element.hidden;
    set(this.toggle, { "aria-expanded": String(!this.filters.element.hidden) });
  }

  // Sources beside the words

  takeFiles(files) {
    for (const file of files) this.plus.push(new FileSource(file));
    this.picker.value = "";
    this.changed();
  }

  /** Ask with a hit: alone, or beside what is asked already. */
  takeHit(hit, how) {
    const source = new PassageSource(hit.piece, hit.passage);
    if (how === "alone") {
      this.text = this.input.value = "";
      this.plus = [source];
      this.minus = [];
      scrollTo({ top: 0, behavior: "smooth" });
    } else {
      this[how].push(source);
    }
    this.changed();
  }

  changed() {
    this.n = FIRST;
    this.showChips();
    this.ask();
  }

  showChips() {
    const chip = (list, source, sign) => h("span", { class: `chip ${sign}` }, icon(source.sign),
      h("span", { class: "chip-name" }, h("span", { class: "sr" }, say(sign === "minus" ? "without" : "like")), sign === "minus" ? "− " : "", source.name),
      iconButton("close", `${say("remove")}: ${source.name}`, () => { list.splice(list.indexOf(source), 1); this.changed(); }));
    this.chips.replaceChildren(
      ...this.plus.map((source) => chip(this.plus, source, "plus")),
      ...this.minus.map((source) => chip(this.minus, source, "minus")));
  }

  takesDrops() {
    const veil = h("div", { class: "veil", hidden: true }, h("p", {}, say("drop")));
    this.element.append(veil);
    let depth = 0;
    const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
    const on = (name, act) => this.element.addEventListener(name, (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      act(event);
      veil.hidden = depth === 0;
    });
    on("dragenter", () => { depth += 1; });
    on("dragleave", () => { depth -= 1; });
    on("dragover", () => {});
    on("drop", (event) => { depth = 0; this.takeFiles(event.dataTransfer.files); });
  }
}
