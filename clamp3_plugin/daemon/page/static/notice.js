// What went wrong, said in a corner and gone again.

import { h, iconButton } from "/page/dom.js";
import { say } from "/page/words.js";

const STAY_MS = 9_000;
const OF_THE_DAEMON = new Set(["gone", "unauthorized"]); // the banner says these

/** Say what failed; a question that was overtaken by the next one is no failure. */
export function report(failure) {
  if (failure?.name === "AbortError" || OF_THE_DAEMON.has(failure?.code)) return;
  notice(failure?.message ?? say("failed"), failure?.hint);
}

export function notice(message, hint = "") {
  const corner = document.querySelector(".notices")
    ?? document.body.appendChild(h("div", { class: "notices", role: "status" }));
  const shown = h("div", { class: "notice" },
    h("p", {}, h("strong", {}, message), " ", hint),
    iconButton("close", say("close"), () => shown.remove()));
  corner.append(shown);
  setTimeout(() => shown.remove(), STAY_MS);
}
