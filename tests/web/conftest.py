"""A real Chromium without a window, and daemons that it looks at.

Whatever a test does, the browser's console must stay clean and nobody but the daemon may be asked.
"""

import base64
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.config import Home
from tests.cli.conftest import HASH_DAEMON, end

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 30_000  # on a machine that does much else
OPTIONS = [
    "--no-sandbox",  # CI runs as root
    "--host-resolver-rules=MAP evil.test 127.0.0.1",  # as a stranger's name server may say
    "--use-fake-device-for-media-stream",  # a microphone that beeps every second
    "--use-fake-ui-for-media-stream",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a module.

    Playwright keeps an event loop in the main thread, so that others could have none beside it.
    """
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        pytest.skip("needs Chromium (Linux: apt install chromium)")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody with a browser of their own, who notes what should not be."""

    browser: Browser
    problems: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def visit(self, client: Client, *, before: str = "", **options) -> Page:
        """Open the page as ``clamp3 web`` does; ``before`` is a script that runs first."""
        context = self.browser.new_context(locale=options.pop("locale", "en-GB"), **options)
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        if before:
            context.add_init_script(before)
        return self.tab(context, client)

    def tab(self, context: BrowserContext, client: Client) -> Page:
        """Open one more tab."""
        page = context.new_page()
        own = f"http://127.0.0.1:{client.run.port}/"
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.problems.append(f"mistake: {error}"))
        page.on("request", lambda request: self._see(request.url, own))
        page.goto(f"{own}#code={client.page_code()}")
        return page

    def forgive(self, *words: str) -> None:
        """Take back what the browser itself says of requests that a test lets fail."""
        failed = "error: Failed to load resource: "
        self.problems = [
            problem
            for problem in self.problems
            if not (problem.startswith(failed) and any(word in problem for word in words))
        ]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            where = message.location.get("url", "")
            self.problems.append(f"{message.type}: {message.text} {where}".rstrip())

    def _see(self, url: str, own: str) -> None:
        if not url.startswith((own, "data:", "blob:" + own)):
            self.problems.append(f"asked {url}")


@pytest.fixture
def visitor(
    browser: Browser,
    home: Home,  # its daemon stops when the pages are closed, not while pictures come
) -> Iterator[Visitor]:
    """Who looks at the page in a test; what should not be fails it at its end."""
    visitor = Visitor(browser)
    yield visitor
    for context in visitor.contexts:
        context.close()
    assert visitor.problems == []


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home with nothing in it."""
    home = Home.locate(str(tmp_path / "home"))
    yield home
    end(home)


@pytest.fixture
def start(home: Home) -> Callable[[], Client]:
    """Start a daemon whose model is there at once."""
    return lambda: ensure_daemon(home, command=HASH_DAEMON, timeout_s=180)


def until(page: Page, expression: str) -> object:
    """Wait for JavaScript to give something true; the page's own policy forbids Playwright's way."""
    ends = time.monotonic() + PATIENCE_MS / 1000
    while not (value := page.evaluate(expression)):
        assert time.monotonic() < ends, f"never true: {expression}"
        page.wait_for_timeout(50)
    return value


def needs_synthesizer() -> None:
    """Skip a test where nothing can play notes."""
    if shutil.which("fluidsynth") is None:
        pytest.skip("needs FluidSynth and a soundfont (apt install fluidsynth timgm6mb-soundfont)")


DROP = """([at, name, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.querySelector(at).dispatchEvent(
      new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
  }
}"""


def drop(page: Page, file: Path) -> None:
    """Drop a file on the page, as a file manager does."""
    data = base64.b64encode(file.read_bytes()).decode()
    page.evaluate(DROP, [".search", file.name, data])
