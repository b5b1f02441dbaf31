// The map: every piece a point, near what is like it. Points are written into pixels, one by one:
// 50,000 of them move smoothly without a graphics card.

import { h, iconButton } from "/page/dom.js";
import { language, say } from "/page/words.js";
import { call } from "/page/session.js";
import { fileOf, shown } from "/page/passage.js";
import { give } from "/page/saving.js";
import { report } from "/page/notice.js";
import { Plane } from "/page/plane.js";

const KINDS = ["score", "performance", "audio"];
const COLOURS = ["#0b6b66", "#c8641b", "#5a46a8", "#b3263e", "#2f7d32", "#1f6fb2", "#8d6708", "#a23b8f", "#4d6a82", "#6b4a33"];
const DARK = ["#6fcfc6", "#f0a35c", "#b8a8ff", "#ff8a96", "#8fd694", "#7fbdf0", "#e0c257", "#eb9bdc", "#a8bfd2", "#c9a58c"];
const REST = "#8a8782";
const UNKNOWN = "?"; // in the colour of the rest
const POLL_MS = 700;
const NEAR = 12; // pixels
const QUERY_HITS = 50;

export class LibraryMap {
  constructor(page) {
    this.page = page;
    this.colour = "kind";
    this.points = null;
  }

  build() {
    const colours = ["kind", "genre", "composer"].map((name) => h("option", { value: name, selected: name === this.colour }, say(name)));
    this.canvas = h("canvas", { tabindex: "0", role: "img", "aria-label": say("map") });
    this.plane = new Plane(this.canvas, (x, y) => this.point(x, y), (x, y) => this.choose(x, y));
    this.canvas.plane = this.plane;
    this.legend = h("ul", { class: "legend-list" });
    this.card = h("div", { class: "map-card", hidden: true });
    this.step = h("p", { class: "step", role: "status" });
    this.bar = h("progress", { max: "1", "aria-label": say("drawMap"), hidden: true });
    this.again = h("button", { type: "button", class: "quiet", onclick: () => this.begin().catch(report) }, say("drawMap"));
    this.cancel = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => call("DELETE", "/v1/map").catch(report) }, say("cancel"));
    this.element = h("section", { class: "map", "aria-label": say("map") },
      h("div", { class: "map-bar" }, h("h1", {}, say("map")),
        h("label", {}, say("colour"), h("select", { onchange: (event) => this.paint(event.target.value) }, colours)),
        h("span", { class: "gap" }), this.again, this.cancel,
        iconButton("plus", say("zoomIn"), () => this.plane.zoom(1.5)), iconButton("minus", say("zoomOut"), () => this.plane.zoom(1 / 1.5)),
        h("button", { type: "button", class: "quiet", onclick: () => this.savePng() }, "PNG"),
        h("button", { type: "button", class: "quiet", onclick: () => this.saveSvg() }, "SVG")),
      this.bar, this.step, h("div", { class: "field" }, this.canvas, this.card), this.legend);
    addEventListener("themechange", () => this.points && this.paint(this.colour));
  }

  async enter() {
    this.here = true;
    try {
      const state = await call("GET", "/v1/map");
      if (state.placed) await this.load();
      if (state.working || (!state.placed && state.pieces)) await this.begin(state.working);
      else this.tell(state);
    } catch (failure) {
      report(failure);
    }
  }

  leave() {
    this.here = false;
  }

  async begin(isUnderWay = false) {
    let state = isUnderWay ? { working: true } : await call("POST", "/v1/map");
    this.working(true);
    try {
      while (state.working && this.here) {
        await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
        state = await call("GET", "/v1/map");
        this.bar.value = state.progress;
        this.step.textContent = say("drawing", Math.round(100 * state.progress));
      }
    } finally {
      this.working(false);
    }
    if (!state.working) {
      if (state.error) report(state.error);
      await this.load();
    }
    this.tell(state);
  }

  working(isWorking) {
    this.bar.hidden = this.cancel.hidden = !isWorking;
    this.again.hidden = isWorking;
  }

  tell(state) {
    const missing = (state.pieces ?? 0) - (state.placed ?? 0);
    this.step.textContent = !state.pieces ? say("emptyLibrary") : missing > 0 && state.placed ? say("notPlaced", missing.toLocaleString()) : say("mapHint");
  }

  async load() {
    this.points = await call("GET", "/v1/map/points");
    this.canvas.setAttribute("aria-label", `${say("map")}: ${this.points.ids.length}`);
    this.paint(this.colour);
    await this.showQuestion();
  }

  /** Show what the question of the search view finds. */
  async showQuestion() {
    const body = await this.page.views.search.body(QUERY_HITS);
    if (!body) return;
    const { hits } = await call("POST", "/v1/find", body);
    const at = new Map(this.points.ids.map((id, i) => [id, i]));
    this.plane.mark(hits.map((hit) => at.get(hit.piece.id)).filter((i) => i !== undefined));
    this.plane.draw();
  }

  paint(by) {
    this.colour = by;
    const { modalities, composers, genres, labels } = this.points;
    const values = { kind: modalities, composer: composers.map((each) => shown(each) || UNKNOWN), genre: genres }[by];
    const name = { kind: say, composer: (each) => each, genre: (each) => labels[each]?.[language()] ?? labels[each]?.en ?? each }[by];
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    const ranked = by === "kind" ? KINDS.filter((kind) => counts.has(kind)) : [...counts.keys()].filter((value) => value !== UNKNOWN).sort((a, b) => counts.get(b) - counts.get(a));
    const palette = isDark() ? DARK : COLOURS;
    const colourOf = new Map(ranked.slice(0, palette.length).map((value, i) => [value, palette[i]]));
    this.colours = values.map((value) => colourOf.get(value) ?? REST);
    this.legend.replaceChildren(...[...colourOf].map(([value, colour]) => {
      const dot = h("i");
      dot.style.background = colour;
      return h("li", {}, dot, `${name(value)} `, h("small", {}, counts.get(value).toLocaleString()));
    }));
    this.plane.show(this.points.x, this.points.y, this.colours);
  }

  point(x, y) {
    const i = this.points ? this.plane.nearest(x, y, NEAR) : -1;
    this.canvas.style.cursor = i < 0 ? "grab" : "pointer";
    this.canvas.title = i < 0 ? "" : this.nameOf(i);
  }

  choose(x, y) {
    const i = this.points ? this.plane.nearest(x, y, NEAR) : -1;
    this.plane.ring(i);
    this.card.hidden = i < 0;
    if (i < 0) return;
    const { ids, modalities, composers, titles, paths, genres, labels } = this.points;
    const piece = { id: ids[i], modality: modalities[i], title: titles[i], composer: composers[i], path: paths[i] };
    const genre = labels[genres[i]]?.[language()] ?? genres[i];
    const silent = { at: () => {} };
    const similar = () => {
      this.page.views.search.takeHit({ piece, passage: null }, "alone");
      location.hash = "#/search";
    };
    const play = this.page.player.button(piece, null, silent);
    this.card.replaceChildren(play,
      h("div", {}, h("b", {}, this.nameOf(i)), h("p", { class: "where" }, [shown(piece.composer), say(piece.modality), genre].filter(Boolean).join(" · "))),
      iconButton("wand", say("similar"), similar), iconButton("close", say("close"), () => this.choose(-1e9, 0)));
    play.click();
  }

  nameOf(i) {
    return shown(this.points.titles[i]) || fileOf(this.points.paths[i]);
  }

  savePng() {
    if (this.points) this.canvas.toBlob((blob) => give(blob, "clamp3-map.png"));
  }

  saveSvg() {
    if (this.points) give(new Blob([this.plane.svg()], { type: "image/svg+xml" }), "clamp3-map.svg");
  }
}

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}
