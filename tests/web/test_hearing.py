"""The cursor goes through a score as its bars last."""

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import needs_synthesizer, until

# bars of 2 s, 1 s, 1 s and 1 s: the metre changes, then the tempo
UNEVEN = "X:1\nT:Uneven\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\nCDEF|[M:2/4]GA|[M:4/4][Q:1/4=240]cBAG|C4|]\n"
BARS = """async () => {
  const { barsOf } = await import("/page/sheet.js");
  return barsOf(decodeURIComponent(document.querySelector(".card .picture img").src));
}"""
SEEK = """(seconds) => {
  const slider = document.querySelector(".player input");
  slider.value = Math.round(slider.max * seconds / document.querySelector("audio").duration);
  slider.dispatchEvent(new Event("input"));
  return document.querySelector("audio").currentTime;
}"""


@pytest.fixture
def paused(visitor, start, tmp_path) -> Page:
    """A page on which the uneven tune was begun to be played."""
    needs_synthesizer()
    pytest.importorskip("verovio", reason="verovio is not installed (the extra preview)")
    tune = tmp_path / "uneven.abc"
    tune.write_text(UNEVEN)
    client = start()
    list(client.index([str(tune)]))
    page: Page = visitor.visit(client)
    page.get_by_role("searchbox").fill("uneven")
    page.locator(".card").get_by_role("button", name="Play").click()
    until(page, "document.querySelector('audio').currentTime > 0.1")
    page.locator(".card").get_by_role("button", name="Pause").click()
    expect(page.locator(".card .cursor")).to_be_visible()
    return page


def test_the_cursor_is_in_the_bar_that_sounds(paused):
    bars = paused.evaluate(BARS)
    assert len(bars) == 4

    for seconds, bar, share in ((0.5, 0, 0.25), (2.5, 1, 0.5), (3.25, 2, 0.25), (4.5, 3, 0.5)):
        paused.evaluate(SEEK, seconds)
        left, right = bars[bar]["left"], bars[bar]["right"]
        cursor = paused.locator(".card .cursor").evaluate("e => parseFloat(e.style.left) / 100")
        assert cursor == pytest.approx(left + share * (right - left), abs=0.02)


def test_the_cursor_stays_at_the_end_while_the_last_note_dies_away(paused):
    paused.evaluate(SEEK, 5.1)

    cursor = paused.locator(".card .cursor").evaluate("e => parseFloat(e.style.left) / 100")
    assert cursor == pytest.approx(paused.evaluate(BARS)[-1]["right"], abs=0.001)
