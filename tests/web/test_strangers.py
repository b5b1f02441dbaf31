"""P2 and P19 of the promises: another page gets nothing, and what a tune is called is only shown.

Negative controls, 2026-11-30: the host not compared, a rebound name got 401 for 403; neither token, origin nor
type asked for, another page stopped the daemon; texts put in as HTML, three elements were there and the
browser's console complained eight times.
"""

import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page

from clamp3_plugin.client import Client
from tests.hostile import names
from tests.hostile.abc import tune
from tests.web.conftest import Visitor, until

TRIES = """
  const own = `http://127.0.0.1:${port}`;
  const wait = (element, at) => new Promise((done) => {
    element.onload = () => done(true);
    element.onerror = () => done(false);
    Object.assign(element, at);
    document.body.append(element);
    setTimeout(() => done(false), 2000);
  });
  const post = { method: "POST", headers: { "Content-Type": "text/plain" }, body: "{}" };
  const read = (path, how) => fetch(own + path, how).then(
    (reply) => reply.type !== "opaque" && reply.status < 600, () => false);
  const form = () => {
    const frame = Object.assign(document.createElement("iframe"), { name: "taken" });
    const form = Object.assign(document.createElement("form"),
      { method: "POST", action: own + "/v1/shutdown", target: "taken", enctype: "text/plain" });
    document.body.append(frame, form);
    form.submit();
    return new Promise((done) => setTimeout(() => done(false), 300));
  };
  const framed = async () => {
    const frame = document.createElement("iframe");
    await wait(frame, { src: own + "/" });
    try { return frame.contentDocument.body.innerHTML !== ""; } catch { return false; }
  };
  const socket = () => new Promise((done) => {
    const socket = new WebSocket(own.replace("http", "ws") + "/v1/status");
    socket.onopen = () => done(true);
    socket.onerror = () => done(false);
  });
  return {
    fetch: await read("/v1/status"),
    blind: await read("/v1/shutdown", { ...post, mode: "no-cors" }),
    posted: await read("/v1/shutdown", post),
    form: await form(),
    image: await wait(document.createElement("img"), { src: own + "/page/style.css" }),
    script: await wait(document.createElement("script"), { src: own + "/page/main.js" }),
    frame: await framed(),
    socket: await socket(),
  };
"""
PAGE = f"""<!doctype html><body><script>
const attack = async (port) => {{ {TRIES} }};
addEventListener("message", async (said) => {{
  if (said.data.port) parent.postMessage(await attack(said.data.port), "*");
}});
</script>"""
SANDBOXED = """async (port) => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts allow-forms";
  frame.srcdoc = document.documentElement.outerHTML;
  const heard = new Promise((done) => addEventListener("message", (said) => {
    if (said.data.fetch !== undefined) done(said.data);
  }));
  document.body.append(frame);
  await new Promise((done) => { frame.onload = done; });
  frame.contentWindow.postMessage({ port }, "*");
  return heard;
}"""
TITLES = [
    "<script>alert('PWNED')</script>",
    "<img src=x onerror=alert('PWNED')>",
    "</textarea><svg/onload=alert('PWNED')>",
    "javascript:alert('PWNED')",
    "{{constructor.constructor(alert)()}}",
    "&lt;b&gt;bold&lt;/b&gt;",
    "'\"><iframe srcdoc='<script>parent.alert(1)</script>'>",
    "\u202egnos eht fo eltit",
]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """The address of a page of somebody else on this machine."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    (tmp_path / "page.html").write_text(PAGE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def succeeded(page: Page, client: Client, *, sandboxed: bool = False) -> list[str]:
    """Try everything that a page can; gives what brought something."""
    what = SANDBOXED if sandboxed else "(port) => attack(port)"
    tried = page.evaluate(what, client.run.port)
    assert len(tried) == 8
    return [name for name, came in tried.items() if came]


def test_another_page_gets_nothing_and_changes_nothing(
    browser: Browser, start, elsewhere, tmp_path
):
    """24 tries: from another port, from a file, from a frame without an origin."""
    with start() as client:
        pid = client.run.pid
        page = browser.new_page()

        page.goto(elsewhere)
        from_another_port = succeeded(page, client)
        sandboxed = succeeded(page, client, sandboxed=True)
        page.goto((tmp_path / "page.html").as_uri())
        from_a_file = succeeded(page, client)
        page.close()

        assert [from_another_port, sandboxed, from_a_file] == [[], [], []]
        assert client.status()["pid"] == pid  # a client starts another where it was stopped


@pytest.mark.parametrize("path", ["/", "/v1/status", "/page/main.js"])
def test_a_name_that_is_bound_to_this_machine_gets_nothing(browser: Browser, start, path):
    with start() as client:
        page = browser.new_page()
        reply = page.goto(f"http://evil.test:{client.run.port}{path}")
        assert reply is not None
        status, body = reply.status, reply.body()
        page.close()

    assert status == 403
    assert json.loads(body)["error"]["code"] == "forbidden"


def test_a_title_and_a_name_are_shown_and_nothing_else(visitor: Visitor, start, tmp_path, home):
    folder = tmp_path / "music"
    folder.mkdir()
    for number, title in enumerate(TITLES):
        (folder / f"{number}.abc").write_text(tune(number, title=title))
    odd = [case for case in names.cases() if case.is_valid][:21]
    for number, case in enumerate(odd):
        (folder / "named").mkdir(exist_ok=True)
        bare = tune(number).replace("T:A tune\n", "").encode()
        (folder / "named" / os.fsdecode(case.file)).write_bytes(bare)
    dialogs: list[str] = []

    def heard(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    with start() as client:
        list(client.index([str(folder)]))
        page = visitor.visit(client)
        page.on("dialog", heard)
        until(page, "sessionStorage.length")  # what is asked before it was let in is refused
        page.locator("nav a[href='#/library']").click()
        shown = until(page, "[...document.querySelectorAll('.contents tbody tr td:first-child')]"
                            ".map((cell) => cell.textContent)")  # fmt: skip
        page.locator("nav a[href='#/search']").click()
        page.locator("input[type=search]").fill("a tune")
        until(page, "document.querySelectorAll('.hits h2').length")
        page.wait_for_timeout(300)

        assert dialogs == []
        assert page.title() == "clamp3"
        assert page.locator("main script, main iframe, main b:has-text('bold')").count() == 0
    assert isinstance(shown, list)
    plain = {title for title in TITLES if not title.startswith(("&", "\u202e"))}
    assert plain | {"<b>bold</b>"} <= set(shown)  # ABC writes signs as HTML does
    assert len(shown) >= len(TITLES) + len(odd)
    for line in home.log_file.read_bytes().splitlines():
        json.loads(line)
        assert min(line) >= 0x20
