"""How quick the page is, in a real Chromium: first hits after a key, panning of the map, first load.

    clamp3 demo
    python benchmarks/web_page.py HOME_OF_THE_DEMO

The home is the ``demo`` folder below the data folder that ``clamp3 doctor`` names. Each question is typed
as a user does, and timed in the page from its last key until the first cards of its answer are drawn.
The map is panned by the mouse over 50,000 points that stand in for a library of that size; Chromium
draws without a graphics card.
"""

import gzip
import json
import shutil
import statistics
import sys
import time

import numpy as np
from playwright.sync_api import Page, Response, sync_playwright

from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home

POINTS = 50_000
PAN_S = 4.0
FIRST = ("slow", "lively", "sad", "solemn", "bright", "old", "dark", "gentle", "proud", "strange")
SECOND = ("jig", "chorale", "waltz", "song", "string quartet")

# The time of the last key is kept; cards count when they are in the page and a frame was drawn.
WATCH = """
window.typed = 0;
window.answered = [];
document.querySelector("input[type=search]").addEventListener(
  "input", () => { window.typed = performance.now(); }, true);
new MutationObserver(() => {
  const typed = window.typed;
  if (typed) requestAnimationFrame(() => window.answered.push([typed, performance.now()]));
}).observe(document.querySelector(".said"), { childList: true, characterData: true, subtree: true });
"""
FRAMES = """
window.frames_drawn = [];
const plane = document.querySelector("canvas").plane;
const paint = plane.paint.bind(plane);
plane.paint = () => { paint(); window.frames_drawn.push(performance.now()); };
"""


def main() -> None:
    home = Home.locate(sys.argv[1])
    with ensure_daemon(home) as client, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 860}, locale="en-GB")
        loaded: list[bytes] = []

        def note(reply: Response) -> None:
            if "/v1/" not in reply.url and reply.url.startswith("http"):
                loaded.append(reply.body())

        page.on("response", note)
        page.goto(f"http://127.0.0.1:{client.run.port}/#code={client.page_code()}")
        page.wait_for_selector(".examples")
        page.wait_for_timeout(500)
        page.remove_listener("response", note)
        packed = sum(len(gzip.compress(body)) for body in loaded)
        print(f"first load: {len(loaded)} answers, {sum(map(len, loaded)):,} bytes as sent,")
        print(f"  {packed:,} compressed")
        _questions(page)
        _map(page)
        browser.close()


def _questions(page: Page) -> None:
    page.evaluate(WATCH)
    field = page.get_by_role("searchbox")
    field.press_sequentially("warm up", delay=30)
    page.wait_for_selector(".card")
    taken = []
    for words in (f"{first} {second}" for first in FIRST for second in SECOND):
        field.fill("")
        page.wait_for_selector(".hello")
        page.wait_for_timeout(300)
        page.evaluate("window.answered = []; window.typed = 0")
        field.press_sequentially(words, delay=60)
        last = page.evaluate("window.typed")
        for _ in range(400):
            answered = page.evaluate("window.answered")
            mine = [drawn for typed, drawn in answered if typed == last]
            if mine:
                break
            page.wait_for_timeout(10)
        taken.append(min(mine) - last)
    quarters = statistics.quantiles(taken, n=20)
    print(
        f"last key to first hits: median {statistics.median(taken):.0f} ms, "
        f"95th percentile {quarters[-1]:.0f} ms, {len(taken)} questions"
    )


def _map(page: Page) -> None:
    body = json.dumps(_points())
    state = {"working": False, "progress": 1, "placed": POINTS, "pieces": POINTS, "error": None}
    page.get_by_role("searchbox").fill("")
    page.route("**/v1/map", lambda route: route.fulfill(json=state))
    page.route("**/v1/map/points", lambda route: route.fulfill(body=body))
    page.get_by_role("link", name="Map").click()
    page.get_by_text("Near means alike.").wait_for()
    page.wait_for_timeout(500)
    page.evaluate(FRAMES)
    x, y = 640, 450  # within the canvas
    for name, factor in (("all of it", 1.0), ("ten times nearer", 10.0)):
        page.evaluate(f"document.querySelector('canvas').plane.zoom({factor})")
        page.mouse.move(x, y)
        page.mouse.down()
        page.evaluate("window.frames_drawn = []")
        begun, step = time.monotonic(), 0
        while time.monotonic() - begun < PAN_S:
            step += 1
            page.mouse.move(x + 200 * np.sin(step / 20), y + 100 * np.sin(step / 13))
        page.mouse.up()
        drawn = page.evaluate("window.frames_drawn")
        gaps = np.diff(drawn)
        print(
            f"panning {POINTS:,} points, {name}: {1000 / gaps.mean():.0f} frames a second, "
            f"{np.percentile(gaps, 95):.0f} ms or less between 95 of 100"
        )


def _points() -> dict[str, object]:
    """Places as a library has them: clusters of many sizes."""
    random = np.random.default_rng(1)
    middles = random.uniform(-0.8, 0.8, (60, 2))
    places = middles[random.integers(0, 60, POINTS)] + random.normal(0, 0.06, (POINTS, 2))
    modalities = random.choice(["score", "performance", "audio"], POINTS).tolist()
    return {
        "ids": [f"p{i}" for i in range(POINTS)],
        "x": places[:, 0].round(4).tolist(),
        "y": places[:, 1].round(4).tolist(),
        "modalities": modalities,
        "composers": ["Anon."] * POINTS,
        "titles": [f"Piece {i}" for i in range(POINTS)],
        "paths": [f"/music/{i}.mid" for i in range(POINTS)],
        "genres": random.choice(["jazz", "folk", "classical"], POINTS).tolist(),
        "labels": {},
    }


if __name__ == "__main__":
    main()
