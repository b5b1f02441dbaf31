"""The panel in the real MuseScore 3, with a mouse, on a screen that nobody sees."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clamp3_bridges.installing import Place, install
from clamp3_bridges.musescore.host import MuseScoreHost
from clamp3_plugin.config import Home
from tests.bridges.musescore import scores
from tests.bridges.musescore.recorder import Recorder
from tests.bridges.musescore.screen import Screen, prepare_home


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
    place = folder / "clamp3/clamp3_place.js"
    place.write_text(
        place.read_text().replace(
            json.dumps(str(recorder.home.run_file))[1:-1], str(recorder.run_file)
        )
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

    picture = tmp_path / "panel.png"
    screen.save(picture)
    if keep := os.environ.get("CLAMP3_SCREENSHOTS"):
        shutil.copy(picture, Path(keep) / "gui_test.png")

    question = recorder.bodies("/v1/find")[0]
    uploaded = next(body for _, path, body in recorder.asked if path.startswith("/v1/upload"))
    assert question["bars"] == [3, 5]
    assert question["staves"] == [1, 2]
    assert b"score-partwise" in uploaded
    hits = int(screen.log().rpartition("answers, hits ")[2].split()[0])
    assert 1 <= hits <= question["n"]
    assert picture.stat().st_size > 10_000
