"""Take the pictures of docs/web.md, in a real Chromium before the library of the demo.

    clamp3 demo
    python benchmarks/web_pictures.py HOME_OF_THE_DEMO

Each is of the state that its name says. They are kept in 128 colours: small, and good enough. The daemon of the
home is started anew, since it keeps the page that it began with.
"""

import io
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.config import Home

TARGET = Path(__file__).resolve().parents[1] / "docs" / "web"
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 390, "height": 780}
COLOURS = 128
TUNE = "X:1\nT:Tune {}\nM:4/4\nL:1/8\nK:G\nGABc dedB|dedB dedB|c2ec B2dB|A2F2 G4|\n"


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    home = Home.locate(sys.argv[1])
    with ensure_daemon(home, timeout_s=180) as client:
        client.stop()
    with ensure_daemon(home, timeout_s=180) as client, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        asking(browser, client)
        looking(browser, client)
        living(browser)
        browser.close()


@contextmanager
def opened(
    browser: Browser,
    client: Client,
    size: ViewportSize = WIDE,
    scheme: Literal["light", "dark"] = "light",
    locale: str = "en-GB",
) -> Iterator[Page]:
    context = browser.new_context(viewport=size, color_scheme=scheme, locale=locale)
    context.set_default_timeout(180_000)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{client.run.port}/#code={client.page_code()}")
    page.wait_for_selector(".hello")
    page.get_by_role("alert").wait_for(state="hidden")  # the model is being loaded
    yield page
    context.close()


def keep(page: Page, name: str) -> None:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    file = TARGET / f"{name}.png"
    small = picture.quantize(palette=_palette(picture), dither=Image.Dither.NONE)
    small.save(file, optimize=True)
    print(f"{file.name}: {file.stat().st_size // 1000} kB")


def _palette(picture: Image.Image) -> Image.Image:
    """Take the most frequent colours as they are: backgrounds, and those of a legend, stay true."""
    counted = picture.getcolors(picture.width * picture.height) or []
    frequent = [colour for _, colour in sorted(counted, reverse=True)[:COLOURS]]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in frequent for part in colour])
    return palette


def ask(page: Page, words: str) -> None:
    page.get_by_role("searchbox").fill(words)
    seen = "() => [...document.querySelectorAll('.card')].slice(0, 6)"
    page.wait_for_selector(".card")
    for _ in range(600):
        ready = "e => e.querySelector('.picture img') && e.querySelector('.tags li')"
        if page.evaluate(f"({seen})().length && ({seen})().every({ready})"):
            return
        page.wait_for_timeout(100)


def until_heard(page: Page, seconds: int) -> None:
    for _ in range(600):
        if page.evaluate(f"document.querySelector('audio').currentTime > {seconds}"):
            return
        page.wait_for_timeout(100)


def asking(browser: Browser, client: Client) -> None:
    with opened(browser, client) as page:
        keep(page, "start")
        ask(page, "바흐의 4성부 코랄")
        keep(page, "hits")
        page.locator(".card .rank").first.hover()
        page.wait_for_timeout(600)
        keep(page, "explained")
        page.locator("button.play").first.click()
        until_heard(page, 4)
        page.mouse.move(640, 20)
        keep(page, "playing")
        page.get_by_role("button", name="Filters").click()
        page.get_by_role("combobox", name="Key").select_option("G")
        page.wait_for_timeout(1500)
        page.locator(".card").first.get_by_role("button", name="More like this").click()
        page.locator(".card").nth(2).get_by_role("button", name="Less like this").click()
        page.wait_for_timeout(4000)
        keep(page, "filtered")
        page.get_by_role("spinbutton", name="Bars ≥").fill("900")
        page.get_by_role("heading", name="Nothing found").wait_for()
        keep(page, "nothing")
    with opened(browser, client, scheme="dark", locale="ko-KR") as page:
        ask(page, "느린 왈츠")
        keep(page, "hits-dark-korean")
        page.get_by_role("button", name="태그").first.click()
        page.get_by_role("dialog").get_by_role("checkbox").first.wait_for()
        keep(page, "tags-dark-korean")
    with opened(browser, client, NARROW) as page:
        ask(page, "lively Irish jig in 6/8")
        page.get_by_role("searchbox").press("Home")
        keep(page, "hits-narrow")
        page.get_by_role("button", name="Tags").first.click()
        page.get_by_role("dialog").get_by_role("checkbox").first.wait_for()
        keep(page, "tags-narrow")


def looking(browser: Browser, client: Client) -> None:
    with opened(browser, client) as page:
        page.get_by_role("link", name="Library").click()
        page.get_by_role("cell").first.wait_for()
        keep(page, "library")
        page.get_by_role("link", name="Search").click()
        ask(page, "ragtime")
        page.get_by_role("link", name="Map").click()
        page.get_by_text("Near means alike.").wait_for(timeout=300_000)
        page.get_by_role("combobox", name="Colour by").select_option("composer")
        page.wait_for_timeout(1500)
        keep(page, "map")
        x, y = page.evaluate("document.querySelector('canvas').plane.placeOf(7)")
        page.locator("canvas").click(position={"x": x, "y": y})
        until_heard(page, 1)
        keep(page, "map-clicked")
    with opened(browser, client, NARROW, "dark") as page:
        page.get_by_role("link", name="Map").click()
        page.get_by_text("Near means alike.").wait_for()
        page.wait_for_timeout(1500)
        keep(page, "map-narrow-dark")
        page.get_by_role("link", name="Library").click()
        page.get_by_role("cell").first.wait_for()
        keep(page, "library-narrow-dark")


def living(browser: Browser) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="music-") as folder,
        tempfile.TemporaryDirectory() as at,
    ):
        for i in range(600):
            Path(folder, f"{i}.abc").write_text(TUNE.format(i))
        Path(folder, "broken.mid").write_bytes(b"MThd\x00\x00")
        home = Home.locate(f"{at}/home")
        client = ensure_daemon(home, timeout_s=180)
        with opened(browser, client) as page:
            page.get_by_role("heading", name="Your library is empty").wait_for()
            keep(page, "empty")
            page.get_by_role("link", name="Library").click()
            page.get_by_role("textbox", name="Folder or file").fill(folder)
            page.get_by_role("button", name="Index and watch").click()
            for _ in range(600):
                if page.evaluate("document.querySelector('progress').value > 0.3"):
                    break
                page.wait_for_timeout(50)
            keep(page, "indexing")
            os.kill(client.run.pid, signal.SIGKILL)
            page.get_by_role("link", name="Search").click()
            page.get_by_text("clamp3 has stopped").wait_for()
            keep(page, "gone")
            ensure_daemon(home, timeout_s=180)
            page.get_by_text("This page is locked").wait_for()
            keep(page, "locked")
            ensure_daemon(home).stop()


if __name__ == "__main__":
    main()
