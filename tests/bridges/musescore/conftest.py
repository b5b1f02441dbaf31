"""MuseScore, the panel in its plugin folder, and a daemon with a few tunes."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from clamp3_bridges.installing import Place, install
from clamp3_bridges.musescore.host import MuseScoreHost
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from clamp3_plugin.readers.musescore_program import find_program
from tests.bridges.musescore import scores
from tests.cli.conftest import BOOK, HASH_DAEMON, JIG, WALTZ, end

Headless = Callable[..., list[Any]]
HEAD = """import QtQuick 2.9
import MuseScore 3.0
import FileIO 3.0
import "clamp3_place.js" as Place
import "clamp3_score.js" as Score
import "clamp3_words.js" as Words
import "clamp3.js" as Clamp3
MuseScore {
    menuPath: "Plugins.test"
    version: "1"
    description: "a test"
    function tell(value) { console.log("TOLD " + JSON.stringify(value)); }
    function names() { return Score.namesOf({beam: Beam, grace: NoteType, symbol: null}); }
    FileIO { id: file }
    onRun: {
        %s
        Qt.quit();
    }
}
"""


@pytest.fixture(scope="session")
def program() -> Path:
    found = find_program({"PATH": os.environ.get("PATH", "")})
    if found is None:
        pytest.skip("MuseScore 3 is not installed (apt-get install musescore3)")
    return found


@pytest.fixture(scope="session")
def screen_programs(program: Path) -> Path:
    missing = [name for name in ("Xvfb", "xdotool", "import") if shutil.which(name) is None]
    if missing:
        pytest.skip(
            f"not installed: {', '.join(missing)} (apt-get install xvfb xdotool imagemagick)"
        )
    return program


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose daemon runs, with tunes and a score that MuseScore opens."""
    music = tmp_path_factory.mktemp("music")
    for name, text in {"jig": JIG, "waltz": WALTZ, "book": BOOK}.items():
        (music / f"{name}.abc").write_text(text)
    (music / "duet.musicxml").write_bytes(scores.plain(12))
    home = Home.locate(str(tmp_path_factory.mktemp("library")))
    with ensure_daemon(home, command=HASH_DAEMON, timeout_s=180) as client:
        list(client.index([str(music)]))
    yield home
    end(home)


@pytest.fixture
def headless(program: Path, tmp_path: Path) -> Headless:
    """Run JavaScript as a plugin of MuseScore on a score; gives what it told."""

    def run(body: str, score: bytes | Path, home: Home | None = None) -> list[Any]:
        folder = tmp_path / "Plugins"
        install(
            MuseScoreHost(),
            Place("MuseScore 3", folder, is_present=True),
            home or Home.locate(str(tmp_path / "nobody")),
        )
        plugin = folder / "clamp3" / "test.qml"
        plugin.write_text(HEAD % body)
        file = score if isinstance(score, Path) else tmp_path / "score.musicxml"
        if isinstance(score, bytes):
            file.write_bytes(score)
        log = run_headless(program, ["-p", str(plugin), str(file)], tmp_path)
        return [json.loads(line.partition("TOLD ")[2]) for line in log if "TOLD " in line]

    return run


def run_headless(program: Path, words: Sequence[str], folder: Path) -> list[str]:
    """Run MuseScore without a screen; gives the lines that it wrote."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(runtime),
    }
    done = subprocess.run(
        [str(program), *words], env=environment, capture_output=True, timeout=300, check=False
    )
    return (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
