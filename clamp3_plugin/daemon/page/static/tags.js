// The tags of a piece: in several languages side by side, to be kept, left out, added to, taken along.

import { h, icon, iconButton, set } from "/page/dom.js";
import { LANGUAGES, readers, say } from "/page/words.js";
import { call } from "/page/session.js";
import { fileOf, nameOf, shown } from "/page/passage.js";
import { saveAs } from "/page/saving.js";
import { report } from "/page/notice.js";

const MANY = 16;
const LIKELY = 0.3; // kept without being asked, where a likelihood is claimed
const FIRST = 5; // kept without being asked, where none is
const KEY = "clamp3.tags.";

export class TagsDialog {
  constructor(piece) {
    this.piece = piece;
    this.languages = readers().filter((code) => code in LANGUAGES);
    while (this.languages.length < 3) this.languages.push(Object.keys(LANGUAGES).find((code) => !this.languages.includes(code)));
    const stored = JSON.parse(localStorage.getItem(KEY + piece.id) ?? "{}");
    this.own = stored.own ?? [];
    this.choice = stored.choice ?? {};
  }

  async open() {
    const name = say("tagsOf", shown(nameOf(this.piece)));
    this.table = h("table");
    this.entry = h("input", { type: "text", "aria-label": say("addTag"), placeholder: say("addTag"), maxlength: "80" });
    const toggles = Object.entries(LANGUAGES).map(([code, label]) => h("button", {
      type: "button", class: "toggle", lang: code, "aria-pressed": String(this.languages.includes(code)),
      onclick: (event) => this.flip(code, event.currentTarget),
    }, label));
    const add = (event) => {
      event.preventDefault();
      const words = this.entry.value.trim();
      if (words && !this.own.includes(words)) this.own.push(words);
      this.entry.value = "";
      this.changed();
    };
    const save = (kind) => h("button", { type: "button", class: "quiet", onclick: () => this.save(kind).catch(report) }, kind.toUpperCase());
    this.element = h("dialog", { class: "tags-of", "aria-label": name },
      h("div", { class: "dialog-head" }, h("h2", {}, name), iconButton("close", say("close"), () => this.element.close())),
      h("div", { class: "kinds wrap", role: "group", "aria-label": say("language") }, toggles),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("tags") }, this.table),
      h("form", { class: "add", onsubmit: add }, icon("tag"), this.entry, h("button", { type: "submit", class: "quiet" }, say("add"))),
      h("div", { class: "turn" }, h("span", {}, say("exportAs")), save("json"), save("csv"), save("jams")));
    this.element.addEventListener("close", () => this.element.remove());
    document.body.append(this.element);
    this.element.showModal();
    await this.load();
  }

  async load() {
    const body = { piece_id: this.piece.id, languages: Object.keys(LANGUAGES), n: MANY };
    [this.tags, this.whole] = await Promise.all([
      call("POST", "/v1/tag", body).then((answer) => answer.tags),
      call("GET", `/v1/pieces/${encodeURIComponent(this.piece.id)}`),
    ]);
    this.show();
  }

  flip(code, button) {
    const at = this.languages.indexOf(code);
    if (at >= 0) this.languages.splice(at, 1);
    else this.languages.push(code);
    set(button, { "aria-pressed": String(at < 0) });
    this.show();
  }

  isKept(tag, i) {
    return this.choice[tag.tag] ?? (tag.probability === null ? i < FIRST : tag.probability >= LIKELY);
  }

  show() {
    const heads = [say("keep"), ...this.languages.map((code) => LANGUAGES[code]), say("likelihood")].map((text) => h("th", { scope: "col" }, text));
    const rows = this.tags.map((tag, i) => {
      const keep = h("input", { type: "checkbox", checked: this.isKept(tag, i), "aria-label": `${say("keep")}: ${tag.tag}`,
        onchange: (event) => { this.choice[tag.tag] = event.target.checked; this.changed(); } });
      const share = tag.probability ?? Math.max(0, tag.score);
      const level = h("span", { class: "level" }, h("i"));
      level.firstChild.style.width = `${100 * share}%`;
      const labels = this.languages.map((code) => h("td", { lang: code }, tag.labels[code] ?? "–"));
      const figure = tag.probability === null ? tag.score.toFixed(2) : `${Math.round(100 * tag.probability)} %`;
      return h("tr", {}, h("td", {}, keep), labels, h("td", { class: "number" }, level, " ", figure));
    });
    const own = this.own.map((words) => h("tr", {},
      h("td", {}, iconButton("close", `${say("remove")}: ${words}`, () => { this.own.splice(this.own.indexOf(words), 1); this.changed(); })),
      h("td", { colspan: String(this.languages.length + 1) }, words)));
    this.table.replaceChildren(h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows, own));
  }

  changed() {
    localStorage.setItem(KEY + this.piece.id, JSON.stringify({ own: this.own, choice: this.choice }));
    this.show();
  }

  kept() {
    const known = this.tags.filter((tag, i) => this.isKept(tag, i));
    return [
      ...known.map(({ tag, category, labels, score, probability }) => ({ tag, category, labels, score, probability })),
      ...this.own.map((tag) => ({ tag, category: "own", labels: {}, score: null, probability: null })),
    ];
  }

  async save(kind) {
    const [text, type] = { json: () => [this.json(), "application/json"], csv: () => [this.csv(), "text/csv"], jams: () => [this.jams(), "application/json"] }[kind]();
    await saveAs(new Blob([text], { type }), `${fileOf(this.piece.path)}.tags.${kind}`);
  }

  json() {
    return `${JSON.stringify({ file: fileOf(this.piece.path), title: this.whole.title, composer: this.whole.composer, tags: this.kept() }, null, 1)}\n`;
  }

  csv() {
    const cell = (value) => {
      const text = String(value ?? "");
      return `"${(/^[=+\-@\t\r]/.test(text) && typeof value === "string" ? `'${text}` : text).replaceAll('"', '""')}"`; // no formula for a spreadsheet
    };
    const codes = Object.keys(LANGUAGES);
    const lines = this.kept().map((tag) => [tag.tag, tag.category, tag.score, tag.probability, ...codes.map((code) => tag.labels[code])]);
    return `${[["tag", "category", "score", "probability", ...codes], ...lines].map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
  }

  /** JAMS 0.3: tags of the whole, in the namespace of open words. */
  jams() {
    const duration = this.whole.duration ?? 0;
    const data = this.kept().map((tag) => ({ time: 0, duration, value: tag.tag, confidence: tag.probability ?? tag.score }));
    const annotation = { namespace: "tag_open", data, annotation_metadata: { annotation_tools: "clamp3", data_source: "program" }, sandbox: {}, time: 0, duration };
    const about = { title: this.whole.title, artist: this.whole.artist || this.whole.composer, release: this.whole.album, duration, identifiers: {}, jams_version: "0.3.4" };
    return `${JSON.stringify({ annotations: [annotation], file_metadata: about, sandbox: {} }, null, 1)}\n`;
  }
}
