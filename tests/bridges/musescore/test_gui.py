"""The panel in the real MuseScore 3, with a mouse, on a screen that nobody sees."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clamp3_bridges.installing import Place, install
from clamp3_bridges.musescore.host import MuseScoreHost
from clamp3_plugin import __version__
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from tests.bridges.musescore import scores
from tests.bridges.musescore.recorder import Recorder, restart
from tests.bridges.musescore.screen import Screen, prepare_home, until
from tests.cli.conftest import end


@pytest.fixture
def recorder(library: Home, tmp_path: Path) -> Iterator[Recorder]:
    with Recorder(library, tmp_path / "daemon.json") as recorder:
        yield recorder


@pytest.fixture
def screen(screen_programs: Path, recorder: Recorder, tmp_path: Path) -> Iterator[Screen]:
    home = tmp_path / "user"
    prepare_home(home)
    folder = home / "Documents/MuseScore3/Plugins"
    install(MuseScoreHost(), Place("MuseScore 3", folder, is_present=True), recorder.home)
    place = folder / "clamp3/clamp3_place.js"  # the recorder instead of the daemon, and no starting
    place.write_text(
        f".pragma library\nvar runFile = {json.dumps(str(recorder.run_file))};\n"
        f"var version = {json.dumps(__version__)};\nvar start = [];\n"
    )
    score = home / "score.musicxml"
    score.write_bytes(scores.plain(6))
    screen = Screen(screen_programs, home, score)
    yield screen
    screen.close()


def test_bars_3_to_5_are_selected_with_the_mouse_asked_for_and_answered(
    screen: Screen, recorder: Recorder, tmp_path: Path
):
    x, y = screen.open_panel()
    screen.select_bars(3, 5, staves=(1, 2))

    screen.do("mousemove", x, y, "click", 1)
    screen.says("clamp3 panel: answers")

    keep = os.environ.get("CLAMP3_SCREENSHOTS")
    if keep:
        time.sleep(10)  # words and pictures come one by one
    picture = tmp_path / "panel.png"
    screen.save(picture)
    if keep:
        shutil.copy(picture, Path(keep) / "gui_test.png")

    question = recorder.bodies("/v1/find")[0]
    uploaded = next(body for _, path, body in recorder.asked if path.startswith("/v1/upload"))
    assert question["bars"] == [3, 5]
    assert question["staves"] == [1, 2]
    assert b"score-partwise" in uploaded
    hits = int(screen.log().rpartition("answers, hits ")[2].split()[0])
    assert 1 <= hits <= question["n"]
    assert picture.stat().st_size > 10_000


def test_the_panel_recovers_from_a_daemon_that_dies_and_comes_back_as_another(
    screen: Screen, recorder: Recorder
):
    x, y = screen.open_panel()
    screen.do("mousemove", x, y)
    dying = iter([True])

    def die(path: str) -> None:
        if path == "/v1/find" and next(dying, False):
            end(recorder.home)

    recorder.before = die
    screen.do("click", 1)
    screen.says("clamp3 panel: noDaemon, hits 0")  # during the question

    restart(recorder.home)
    screen.do("click", 1)  # still with the token that is worth nothing
    screen.says("clamp3 panel: noDaemon, hits 0", times=2)

    recorder.publish()
    screen.do("click", 1)
    screen.says("clamp3 panel: answers")

    renewing = iter([True])

    def renew(path: str) -> None:
        if path == "/v1/find" and next(renewing, False):
            old = read_run_file(recorder.home).token
            restart(recorder.home)
            recorder.publish()
            assert read_run_file(recorder.home).token != old

    recorder.before = renew
    screen.do("click", 1)  # another token in the middle of a question: asked once more
    screen.says("clamp3 panel: answers", times=2)


def test_live_asks_again_when_other_bars_are_selected(screen: Screen, recorder: Recorder):
    screen.open_panel()
    screen.do("mousemove", *screen.switch(), "click", 1)

    screen.select_bars(2, 3, staves=(1, 1))
    screen.says("clamp3 panel: answers")

    asked = until(lambda: recorder.bodies("/v1/find")[-1:] or None, "a question comes")[0]
    assert asked["bars"] == [2, 3]
    assert asked["staves"] == [1, 1]
