// The answer: a card for each hit. A card that stays stays as it is, so typing makes nothing flicker.

import { h, icon, iconButton, set } from "/page/dom.js";
import { language, say } from "/page/words.js";
import { call, quietly, send } from "/page/session.js";
import { fileOf, folderOf, keyOf, nameOf, placeOf, shown, sourceOf } from "/page/passage.js";
import { Picture } from "/page/picture.js";
import { give } from "/page/saving.js";
import { TagsDialog } from "/page/tags.js";
import { report } from "/page/notice.js";

const TAGS = 4;
const MOST_REMEMBERED = 400;
const remembered = new Map();

export class Hits {
  constructor(search) {
    this.search = search;
    this.cards = new Map();
  }

  build() {
    this.cards.clear();
    this.list = h("ol", { class: "hits" });
    this.blank = h("div", { class: "blank" });
    this.sight = new IntersectionObserver((entries) => {
      for (const entry of entries) entry.target.card.inSight(entry.isIntersecting);
    }, { rootMargin: "300px" });
    return h("div", {}, this.blank, this.list);
  }

  clear(element) {
    this.show([]);
    this.blank.replaceChildren(element);
  }

  show(hits) {
    this.blank.replaceChildren();
    const kept = new Map();
    for (const hit of hits) {
      const key = keyOf(hit.piece, hit.passage);
      const card = this.cards.get(key) ?? this.make(hit);
      card.rank(hit);
      kept.set(key, card);
    }
    for (const [key, card] of this.cards) {
      if (!kept.has(key)) {
        this.sight.unobserve(card.element);
        card.leave();
      }
    }
    this.cards = kept;
    [...kept.values()].forEach((card, i) => {
      const there = this.list.children[i];
      if (there !== card.element) this.list.insertBefore(card.element, there ?? null);
    });
  }

  make(hit) {
    const card = new Card(hit, this.search);
    this.sight.observe(card.element);
    return card;
  }
}

class Card {
  constructor(hit, search) {
    this.hit = hit;
    this.search = search;
    this.left = new AbortController();
    const { piece, passage } = hit;
    const name = shown(nameOf(piece));
    const track = search.page.player;
    this.picture = new Picture(piece, passage, this.left.signal);
    this.tags = h("ul", { class: "tags", "aria-label": say("tags") });
    this.score = h("button", { type: "button", class: "rank" });
    this.playButton = track.button(piece, passage, this.picture);
    const again = (how) => () => search.takeHit(this.hit, how);
    this.element = h("li", { class: "card" },
      h("div", { class: "paper" }, this.picture.element),
      h("div", { class: "about" },
        h("h2", { title: shown(piece.path) }, name),
        h("p", { class: "where" }, icon(piece.modality), [shown(piece.composer), placeOf(passage), folderOf(piece.path)].filter(Boolean).join(" · ")),
        this.tags),
      h("div", { class: "acts" }, this.playButton, this.score, h("span", { class: "gap" }),
        iconButton("wand", say("similar"), again("alone")), iconButton("plus", say("moreLike"), again("plus")),
        iconButton("minus", say("lessLike"), again("minus")), iconButton("tag", say("tags"), () => new TagsDialog(piece).open().catch(report)), iconButton("save", say("save"), () => saveFile(piece).catch(report))));
    this.element.card = this;
  }

  rank(hit) {
    this.hit = hit;
    const words = say("explain", hit.rank, hit.score.toFixed(2).replace("-", "−"), hit.percentile.toFixed(1));
    set(this.score, { "aria-label": words, "data-tip": words });
    const level = Math.max(0, Math.min(1, hit.score));
    const bar = h("span", { class: "level" }, h("i"));
    bar.firstChild.style.width = `${100 * level}%`;
    this.score.replaceChildren(`${hit.rank}`, bar, hit.score.toFixed(2).replace("-", "−"));
  }

  inSight(isSeen) {
    if (!isSeen || this.wasSeen) return;
    this.wasSeen = true;
    this.picture.load();
    this.loadTags();
  }

  async loadTags() {
    const { piece, passage } = this.hit;
    const key = `${language()} ${keyOf(piece, passage)}`;
    try {
      const tags = remembered.get(key) ?? await quietly(() => this.askTags(piece, passage), this.left.signal);
      remembered.set(key, tags);
      if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value);
      this.tags.replaceChildren(...tags.map((tag) => h("li", {}, tag.labels[language()] ?? tag.labels.en ?? tag.tag)));
    } catch {
      this.tags.replaceChildren(); // a card without tags is a card
    }
  }

  async askTags(piece, passage) {
    const body = { ...sourceOf(piece, passage), languages: [language()], n: TAGS };
    return (await call("POST", "/v1/tag", body, this.left.signal)).tags;
  }

  leave() {
    this.left.abort();
    this.element.remove();
  }
}

async function saveFile(piece) {
  const response = await send("GET", `/v1/pieces/${encodeURIComponent(piece.id)}/file`);
  give(await response.blob(), fileOf(piece.path));
}
