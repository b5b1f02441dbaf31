// The library: what is in it, what could not be read and why, and how more is put in.

import { h, icon, iconButton, set } from "/page/dom.js";
import { say } from "/page/words.js";
import { Failure, call, follow } from "/page/session.js";
import { fileOf, nameOf, shown } from "/page/passage.js";
import { report } from "/page/notice.js";

const PAGE = 50;
const JOB = "clamp3.job";
const KINDS = ["score", "performance", "audio"];

export class Library {
  constructor(page) {
    this.page = page;
    this.offset = 0;
  }

  build() {
    this.facts = h("dl", { class: "facts" });
    this.path = h("input", { type: "text", "aria-label": say("folderPath"), placeholder: say("folderPath"), spellcheck: "false", autocomplete: "off" });
    this.bar = h("progress", { max: "1", value: "0", "aria-label": say("index") });
    this.step = h("p", { class: "step", role: "status" });
    this.cancel = h("button", { type: "button", class: "quiet", onclick: () => this.stop() }, say("cancel"));
    this.run = h("div", { class: "run", hidden: true }, this.bar, this.cancel);
    this.watched = h("section", { class: "watched", hidden: true });
    this.unread = h("section", { class: "unread", hidden: true });
    this.contents = h("section", { class: "contents" });
    const begin = (event) => { event.preventDefault(); this.index([this.path.value.trim()]); };
    this.element = h("section", { class: "library" }, h("h1", {}, say("library")), this.facts,
      h("h2", {}, say("addFolder")),
      h("form", { class: "add", onsubmit: begin }, icon("folder"), this.path, h("button", { type: "button", class: "quiet", onclick: () => this.watchFolder().catch(report) }, say("watch")),
        h("button", { type: "submit", class: "primary" }, say("index"))),
      this.run, this.step, this.watched, this.unread, this.contents);
  }

  async enter() {
    try {
      this.page.take(await call("GET", "/v1/status"));
      this.showFacts(this.page.status);
      await Promise.all([this.showWatched(), this.showUnread(), this.showPieces()]);
      const job = sessionStorage.getItem(JOB);
      if (job && !this.following) await this.watch(job);
    } catch (failure) {
      report(failure);
    }
  }

  showFacts(status) {
    const { library } = status;
    const fact = (name, value, ...more) => h("div", {}, h("dt", {}, name), h("dd", {}, value, ...more));
    const pieces = library.pieces ?? 0;
    const shares = KINDS.filter((kind) => library.modalities?.[kind]).map((kind) => {
      const part = h("i", { class: kind });
      part.style.flexGrow = String(library.modalities[kind]);
      return part;
    });
    const legend = KINDS.filter((kind) => library.modalities?.[kind])
      .map((kind) => h("span", { class: `legend ${kind}` }, `${say(kind)} ${library.modalities[kind].toLocaleString()}`));
    this.facts.replaceChildren(
      fact(say("pieces"), pieces.toLocaleString(), h("div", { class: "shares", "aria-hidden": "true" }, shares), legend),
      fact(say("passages"), (library.passages ?? 0).toLocaleString()),
      fact(say("files"), (library.files ?? 0).toLocaleString()),
      fact(say("disk"), bytes(library.bytes_on_disk ?? 0)),
      fact(say("memory"), bytes(status.memory_bytes)),
      fact(say("model"), status.model, h("small", {}, [status.device, status.precision].filter(Boolean).join(" · "))));
  }

  async showUnread() {
    const { errors } = await call("GET", "/v1/library/errors");
    this.unread.hidden = !errors.length;
    this.unread.replaceChildren(
      h("h2", {}, `${say("unread")} (${errors.length})`,
        h("button", { type: "button", class: "quiet", onclick: () => this.index(errors.map((error) => error.path), true) }, say("retry"))),
      h("ul", {}, errors.slice(0, 200).map((error) => h("li", {}, h("b", { title: shown(error.path) }, fileOf(error.path)), " ", shown(error.message)))));
  }

  async showPieces() {
    const { pieces } = await call("GET", `/v1/pieces?offset=${this.offset}&limit=${PAGE + 1}`);
    const turn = (word, by, can) => h("button", { type: "button", class: "quiet", disabled: !can, onclick: () => { this.offset += by; this.showPieces().catch(report); } }, word);
    const row = (piece) => h("tr", {}, h("td", {}, h("span", { title: shown(piece.path) }, shown(nameOf(piece)))), h("td", {}, shown(piece.composer)), h("td", {}, say(piece.modality)),
      h("td", {}, piece.key), h("td", {}, piece.meter), h("td", { class: "number" }, piece.bars ?? ""));
    const heads = ["title", "composer", "kind", "key", "meter", "bars"].map((name) => h("th", { scope: "col" }, say(name)));
    this.contents.hidden = !pieces.length && !this.offset;
    this.contents.replaceChildren(h("h2", {}, say("contents")),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("contents") },
        h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, pieces.slice(0, PAGE).map(row)))),
      h("div", { class: "turn" }, turn(say("earlier"), -PAGE, this.offset > 0), turn(say("later"), PAGE, pieces.length > PAGE)));
  }

  async showWatched(asked = call("GET", "/v1/watch")) {
    this.folders = (await asked).folders;
    const leave = (folder) => this.showWatched(call("POST", "/v1/watch", { folders: this.folders.filter((each) => each !== folder) }));
    this.watched.hidden = !this.folders.length;
    this.watched.replaceChildren(h("h2", {}, say("watched")), h("ul", {}, this.folders.map((folder) => h("li", {},
      h("span", {}, shown(folder)), iconButton("close", `${say("remove")}: ${shown(folder)}`, () => leave(folder).catch(report))))));
  }

  async watchFolder() {
    const folder = this.path.value.trim();
    if (!folder) return this.path.focus();
    await this.showWatched(call("POST", "/v1/watch", { folders: [...(this.folders ?? []), folder] }));
    await this.index([folder]);
  }

  async index(paths, retry = false) {
    if (!paths[0]) return this.path.focus();
    try {
      const job = await call("POST", "/v1/index", { paths, retry });
      await this.watch(job.id);
    } catch (failure) {
      report(failure);
    }
  }

  /** Follow a run to its end, also one that was begun before the page was loaded again. */
  async watch(id) {
    sessionStorage.setItem(JOB, id);
    this.following = id;
    this.run.hidden = false;
    this.step.textContent = say("looking");
    set(this.bar, { value: null });
    try {
      for await (const event of follow(id)) {
        if (event.summary) this.ended(event);
        else this.advance(event);
      }
    } catch (failure) {
      if (failure instanceof Failure && failure.code === "not_found") this.step.textContent = "";
      else report(failure);
    } finally {
      sessionStorage.removeItem(JOB);
      this.following = null;
      this.run.hidden = true;
    }
    await this.enter();
  }

  advance(event) {
    if (!event.total) return;
    set(this.bar, { value: String(event.done / event.total) });
    this.step.textContent = `${say("indexing", event.done.toLocaleString(), event.total.toLocaleString())} · ${fileOf(event.path)}`;
  }

  ended(event) {
    const count = (name) => (event.summary[name] ?? 0).toLocaleString();
    if (event.error) {
      this.step.textContent = `${event.error.message} ${event.error.hint}`;
    } else if (event.state === "cancelled") {
      this.step.textContent = say("jobCancelled", count("indexed"));
    } else {
      const unread = (event.summary.refused ?? 0) + (event.summary.failed ?? 0);
      this.step.textContent = say("jobDone", count("indexed"), count("unchanged"), unread.toLocaleString());
    }
  }

  stop() {
    if (this.following) call("DELETE", `/v1/jobs/${this.following}`).catch(report);
  }
}

function bytes(count) {
  const unit = Math.min(3, Math.floor(Math.log10(Math.max(1, count)) / 3));
  const value = count / 1000 ** unit;
  return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 10 && unit ? 1 : 0 })} ${["B", "kB", "MB", "GB"][unit]}`;
}
