// Start: let the page in, build its frame, show the view that the address names.

import { h, icon, iconButton, set } from "/page/dom.js";
import { LANGUAGES, language, say, speak } from "/page/words.js";
import { call, enter, onState } from "/page/session.js";
import { Library } from "/page/library.js";
import { LibraryMap } from "/page/map.js";
import { Player } from "/page/player.js";
import { Search } from "/page/search.js";
import { report } from "/page/notice.js";

const THEMES = ["auto", "light", "dark"];
const THEME_SIGNS = { auto: "half", light: "sun", dark: "moon" };
const BEAT_MS = 20_000;
const AGAIN_MS = 1_500;

class Page {
  constructor() {
    this.player = new Player();
    this.views = { search: new Search(this), library: new Library(this), map: new LibraryMap(this) };
    this.status = null;
    this.statusListeners = [];
    addEventListener("hashchange", () => this.show());
    onState((state) => this.daemonIs(state));
  }

  build() {
    document.documentElement.lang = language();
    document.title = "clamp3";
    this.tabs = Object.keys(this.views).map((name) => h("a", { href: `#/${name}` }, say(name)));
    this.banner = h("div", { class: "banner", role: "alert", hidden: true });
    this.main = h("main", { id: "content", tabindex: "-1" });
    document.body.replaceChildren(
      h("a", { class: "skip", href: "#content", onclick: (event) => { event.preventDefault(); this.main.focus(); } }, say("skip")),
      h("header", { class: "top" },
        h("a", { class: "brand", href: "#/search" }, icon("audio"), "clamp3"),
        h("nav", {}, this.tabs),
        h("div", { class: "settings" }, this.languageBox(), this.themeButton())),
      this.banner, this.main, this.player.build());
    for (const view of Object.values(this.views)) view.build();
    this.show();
  }

  show() {
    const name = location.hash.replace(/^#\//, "");
    const view = this.views[name] ?? this.views.search;
    for (const tab of this.tabs) {
      set(tab, { "aria-current": this.views[tab.getAttribute("href").slice(2)] === view ? "page" : null });
    }
    if (this.shown !== view) this.shown?.leave?.();
    this.shown = view;
    this.main.replaceChildren(view.element);
    view.enter();
  }

  languageBox() {
    const options = Object.entries(LANGUAGES).map(([code, name]) =>
      h("option", { value: code, lang: code, selected: code === language() }, name));
    const onchange = (event) => {
      speak(event.target.value);
      this.build();
    };
    return h("select", { "aria-label": say("language"), onchange, class: "quiet" }, options);
  }

  themeButton() {
    const words = { auto: say("themeAuto"), light: say("themeLight"), dark: say("themeDark") };
    const now = localStorage.getItem("clamp3.theme") ?? "auto";
    document.documentElement.dataset.theme = now;
    const button = iconButton(THEME_SIGNS[now], words[now], () => {
      localStorage.setItem("clamp3.theme", THEMES[(THEMES.indexOf(now) + 1) % 3]);
      button.replaceWith(this.themeButton());
      dispatchEvent(new Event("themechange"));
    });
    return button;
  }

  /** Ask how the daemon is, now and then: it stays while a page is looked at. */
  async beat() {
    clearTimeout(this.timer);
    let pause = BEAT_MS;
    if (document.visibilityState === "visible") {
      try {
        this.take(await call("GET", "/v1/status"));
        if (this.status.state === "loading") pause = AGAIN_MS;
      } catch {
        pause = AGAIN_MS;
      }
    }
    this.timer = setTimeout(() => this.beat(), pause);
  }

  take(status) {
    const first = this.status === null || this.status.state !== status.state;
    this.status = status;
    if (status.state === "failed") this.tell(status.error.message, status.error.hint);
    else this.tell(status.state === "loading" ? say("loading") : "");
    for (const listener of this.statusListeners) listener(status, first);
  }

  onStatus(listener) {
    this.statusListeners.push(listener);
    if (this.status) listener(this.status, true);
  }

  daemonIs(state) {
    if (state === "gone") this.tell(say("gone"), say("goneHint"));
    if (state === "unauthorized") this.tell(say("locked"), say("lockedHint"));
    if (state === "here") {
      this.tell("");
      this.beat();
      this.shown?.enter();
    }
  }

  tell(message, hint = "") {
    this.banner.hidden = !message;
    if (this.banner.textContent !== message + hint) {
      this.banner.replaceChildren(h("strong", {}, message), " ", h("span", {}, hint));
    }
  }
}

const page = new Page();
page.build();
enter().catch(report).finally(() => page.beat());
