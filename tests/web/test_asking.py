"""Ask, see, hear, tag and map on the page, with the model that ships."""

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Locator, Page, expect

from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.config import Home
from clamp3_plugin.wire import IndexSummary
from tests.cli.conftest import JIG, WALTZ, end
from tests.web import music
from tests.web.conftest import PATIENCE_MS, Visitor, drop, needs_synthesizer, until

PIECES = 11


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A daemon with mini before a library of scores, MIDI files and recordings."""
    folder = tmp_path_factory.mktemp("music")
    music.make_library(folder)
    home = Home.locate(str(tmp_path_factory.mktemp("home")))
    with ensure_daemon(home, timeout_s=180) as client:
        summary = list(client.index([str(folder)]))[-1]
        assert isinstance(summary, IndexSummary)
        assert summary.counts["indexed"] == PIECES
        yield client
    end(home)


@pytest.fixture
def page(visitor: Visitor, client: Client) -> Page:
    return visitor.visit(client)


TITLES = {"jig": "The Tripping Jig", "played": "jig.mid", "bells": "bells.wav"}


def ask(page: Page, words: str) -> None:
    page.get_by_role("searchbox").fill(words)
    expect(page.locator(".card").first).to_be_visible()


def names(page: Page) -> list[str]:
    return page.locator(".card h2").all_inner_texts()


def test_a_question_in_korean_finds_chorales_and_shows_them(page):
    page.get_by_role("searchbox").press_sequentially("바흐의 4성부 코랄")
    until(page, "document.querySelectorAll('.card').length >= 3")

    assert set(names(page)[:2]) <= {f"{name}.mxl" for name in music.CHORALES}
    image = page.locator(".card").first.get_by_role("img", name="Picture of bwv")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.complete && image.naturalWidth") > 100
    expect(page.locator(".card").first.locator(".tags li").first).to_be_visible()
    rank = page.locator(".card").first.locator(".rank")
    assert "Rank 1. Similarity 0." in rank.get_attribute("aria-label")


@pytest.mark.parametrize(
    ("found", "picture"),
    [("jig", "score"), ("played", "performance"), ("bells", "audio")],
)
def test_a_hit_is_heard(page, found, picture):
    ask(page, "music")
    if picture == "score":
        needs_synthesizer()
    card = page.locator(".card", has=page.get_by_text(TITLES[found], exact=True))
    card.get_by_role("button", name="Play").click()
    at = "document.querySelector('audio').currentTime"
    until(page, f"{at} > 0.2")
    first = page.evaluate(at)
    until(page, f"{at} > {first} + 0.3")

    expect(card.locator(f".picture.{picture} .cursor")).to_be_visible()
    assert float(card.locator(".cursor").evaluate("e => e.style.getPropertyValue('--share')")) > 0
    card.get_by_role("button", name="Pause").click()
    assert page.evaluate("document.querySelector('audio').paused")


@pytest.mark.parametrize(
    ("name", "played"),
    [
        ("jig", music.performed(JIG, 150, most=60)),  # another tempo, another length
        ("waltz", music.performed(WALTZ, 108)),
    ],
    ids=["jig", "waltz"],
)
def test_a_dropped_midi_file_finds_its_music(page, tmp_path, name, played):
    take = tmp_path / "take.mid"
    take.write_bytes(played)

    drop(page, take)
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("button", name="MIDI", exact=True).click()

    expect(page.locator(".chips .chip")).to_contain_text("take.mid")
    expect(page.locator(".card h2").first).to_have_text(f"{name}.mid")
    expect(page.locator(".card").first.locator(".picture.performance img")).to_be_visible()


@pytest.mark.parametrize("name", ["bells", "storm"])
def test_a_dropped_recording_finds_its_music(page, tmp_path, name):
    clip = tmp_path / "clip.flac"
    soundfile.write(clip, {"bells": music.bells, "storm": music.storm}[name](6), music.RATE)

    drop(page, clip)

    expect(page.locator(".card h2").first).to_have_text(f"{name}.wav")
    expect(page.locator(".card").first.locator(".picture.audio img")).to_be_visible()


def test_a_hit_asks_the_next_question(page):
    ask(page, "music")
    card = page.locator(".card", has_text="Slow Waltz")

    card.get_by_role("button", name="Find what is like this").click()

    expect(page.locator(".chips .chip")).to_contain_text("Slow Waltz")
    expect(page.locator(".card h2").first).not_to_have_text("Slow Waltz")
    page.locator(".card").first.get_by_role("button", name="More like this").click()
    page.locator(".card").nth(1).get_by_role("button", name="Less like this").click()
    expect(page.locator(".chips .chip")).to_have_count(3)
    expect(page.locator(".chip.minus")).to_have_count(1)
    page.locator(".chip.minus").get_by_role("button", name="Remove").click()
    expect(page.locator(".chips .chip")).to_have_count(2)


def test_filters_narrow_and_say_when_nothing_is_left(page):
    ask(page, "music")
    page.get_by_role("button", name="Filters").click()

    page.get_by_role("combobox", name="Metre").select_option("6/8")
    expect(page.locator(".card h2")).to_have_text(["The Tripping Jig"])
    page.get_by_role("combobox", name="Metre").select_option("")
    page.get_by_role("combobox", name="Key").select_option("D")
    expect(page.locator(".card", has_text="Slow Waltz")).to_be_visible()
    page.get_by_role("spinbutton", name="Bars ≥").fill("900")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".card")).to_have_count(PIECES)
    page.get_by_role("textbox", name="Composer").fill("clare")
    expect(page.locator(".card h2")).to_have_text(["The Tripping Jig"])


def test_tags_in_three_languages_are_kept_and_taken_along(page):
    ask(page, "music")
    page.locator(".card", has_text="The Tripping Jig").get_by_role("button", name="Tags").click()
    dialog = page.get_by_role("dialog", name="Tags of The Tripping Jig")
    for name in ("Deutsch", "Español", "中文", "한국어"):
        wanted = name in {"Deutsch", "한국어"}
        button = dialog.get_by_role("button", name=name)
        if (button.get_attribute("aria-pressed") == "true") != wanted:
            button.click()

    expect(dialog.get_by_role("columnheader")).to_have_text(
        ["Keep", "English", "Deutsch", "한국어", "Likely"]
    )
    first = dialog.get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()
    assert len({*first[1:4]}) == 3
    assert any("가" <= letter <= "힣" for letter in first[3])
    dialog.get_by_role("textbox", name="Add a tag of your own").fill("=played by <b>Mary</b>")
    dialog.get_by_role("button", name="Add", exact=True).click()
    dialog.get_by_role("checkbox").first.uncheck()

    saved = {kind: taken(page, dialog, kind) for kind in ("JSON", "CSV", "JAMS")}

    told = json.loads(saved["JSON"])
    assert told["file"] == "jig.abc"
    assert told["tags"][-1]["tag"] == "=played by <b>Mary</b>"
    assert first[1] not in [tag["labels"].get("en") for tag in told["tags"]]
    assert '"\'=played by <b>Mary</b>"' in saved["CSV"]  # no formula
    (annotation,) = json.loads(saved["JAMS"])["annotations"]
    assert annotation["namespace"] == "tag_open"
    assert [each["value"] for each in annotation["data"]] == [tag["tag"] for tag in told["tags"]]


def test_tags_are_written_where_the_user_says(visitor, client):
    """The browser's window for choosing a file is a stub; what it gives is a real file."""
    page = visitor.visit(client, before=CHOOSER)
    ask(page, "music")
    page.locator(".card", has_text="Slow Waltz").get_by_role("button", name="Tags").click()
    page.get_by_role("dialog").get_by_role("button", name="JAMS").click()

    until(page, "window.chosen?.endsWith('.jams')")
    text = page.evaluate(
        "async () => { const file = await (await navigator.storage.getDirectory())"
        ".getFileHandle(window.chosen); return (await file.getFile()).text(); }"
    )
    assert json.loads(text)["file_metadata"]["title"] == "Slow Waltz"


CHOOSER = """window.showSaveFilePicker = async ({ suggestedName }) => {
  const folder = await navigator.storage.getDirectory();
  const file = await folder.getFileHandle(suggestedName, { create: true });
  return { createWritable: async () => {
    const into = await file.createWritable();
    return { write: (blob) => into.write(blob),
             close: async () => { await into.close(); window.chosen = suggestedName; } };
  } };
};"""


def taken(page: Page, dialog: Locator, kind: str) -> str:
    """Save a file; Chromium without a window has no chooser, so it lands among the downloads."""
    page.evaluate("delete window.showSaveFilePicker")
    with page.expect_download() as download:
        dialog.get_by_role("button", name=kind, exact=True).click()
    assert download.value.suggested_filename == f"jig.abc.tags.{kind.lower()}"
    return Path(download.value.path()).read_text("utf-8")


def test_the_microphone_asks(page):
    page.get_by_role("button", name="Record with the microphone").click()
    page.get_by_text("Recording … 0:02").wait_for()
    page.get_by_role("button", name="Stop and search").click()

    expect(page.locator(".chips .chip")).to_contain_text("Microphone.wav")
    expect(page.locator(".card").first).to_be_visible()


KEYBOARD = """navigator.requestMIDIAccess = async () => {
  const input = {};
  window.strikeAt = (time, ...data) => input.onmidimessage({ data: new Uint8Array(data), timeStamp: time });
  return { inputs: new Map([["stub", input]]) };
};"""


def test_a_keyboard_asks(visitor, client):
    """The keyboard is a stub that sends what a Web MIDI device would."""
    page = visitor.visit(client, before=KEYBOARD)
    page.get_by_role("button", name="Play on a MIDI keyboard").click()
    page.get_by_text("Play … 0 notes").wait_for()
    struck = [
        [1000 * when, status, tone.pitch, 80]
        for tone in music.tones(WALTZ, 105)
        for when, status in ((tone.start, 0x90), (tone.start + tone.length - 0.02, 0x80))
    ]
    page.evaluate("struck => struck.forEach((each) => window.strikeAt(...each))", struck)
    page.get_by_text("Play … 18 notes").wait_for()
    page.get_by_role("button", name="Stop and search").click()

    expect(page.locator(".chips .chip")).to_have_text("likeKeyboard")
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("button", name="MIDI", exact=True).click()
    expect(page.locator(".card h2").first).to_have_text("waltz.mid")


def test_the_map_is_drawn_clicked_and_saved(page):
    pytest.importorskip("openTSNE", reason="needs openTSNE, which lays the map out")
    ask(page, "bells")
    page.get_by_role("link", name="Map").click()
    expect(page.get_by_text("Near means alike.")).to_be_visible(timeout=4 * PATIENCE_MS)
    canvas = page.locator("canvas")
    expect(canvas).to_have_attribute("aria-label", f"Map: {PIECES}")

    x, y = page.evaluate("document.querySelector('canvas').plane.placeOf(0)")
    canvas.click(position={"x": x, "y": y})

    expect(page.locator(".map-card b")).to_be_visible()
    until(page, "document.querySelector('audio').currentTime > 0.1")
    saved = {}
    for kind in ("PNG", "SVG"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        saved[kind] = Path(download.value.path()).read_bytes()
    assert saved["PNG"].startswith(b"\x89PNG")
    assert saved["SVG"].count(b"<circle") >= PIECES
    page.get_by_role("combobox", name="Colour by").select_option("genre")
    expect(page.locator(".legend-list li").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(visitor, client, scheme):
    """Every view, as a screen reader and eyes with little contrast meet it."""
    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    page = visitor.visit(client, color_scheme=scheme)
    page.get_by_role("heading", name="What should it sound like?").wait_for()
    page.evaluate(axe)
    found = [grave(page)]
    ask(page, "music")
    expect(page.locator(".tags li").first).to_be_visible()
    page.get_by_role("button", name="Filters").click()
    page.locator(".card").first.get_by_role("button", name="Less like this").click()
    page.locator(".card").first.locator(".rank").focus()
    found.append(grave(page))
    page.locator(".card").first.get_by_role("button", name="Tags").click()
    page.get_by_role("dialog").get_by_role("checkbox").first.wait_for()
    found.append(grave(page))
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    for view in ("Library", "Map"):
        page.get_by_role("link", name=view).click()
        page.get_by_role("heading", name=view, exact=True).wait_for()
        found.append(grave(page))

    assert found == [[]] * 5


def grave(page: Page) -> list[str]:
    """What axe calls serious or critical, each with the first element it is about."""
    violations = page.evaluate("axe.run().then((found) => found.violations)")
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:120]}"
        for each in violations
        if each["impact"] in {"serious", "critical"}
    ]


def test_hostile_titles_stay_text(page):
    ask(page, music.ATTACK)
    card = page.locator(".card", has_text=music.ATTACK)

    expect(card.locator("img")).to_be_visible()  # its words are in the picture, too
    card.get_by_role("button", name="Tags").click()
    page.get_by_role("dialog").get_by_role("cell").first.wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    card.get_by_role("button", name="Find what is like this").click()
    expect(page.locator(".chips .chip")).to_contain_text(music.ATTACK)
    page.get_by_role("link", name="Library").click()
    expect(page.get_by_role("cell", name=music.ATTACK)).to_be_visible()

    assert page.evaluate("window.taken") is None
    assert page.locator("img[src=x]").count() == 0


def test_the_page_speaks_korean_and_stays_so(page):
    page.get_by_role("combobox", name="Language").select_option("한국어")
    expect(page.get_by_role("heading", name="어떤 음악을 찾으세요?")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="라이브러리")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "ko"
