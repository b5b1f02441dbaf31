"""The same panel in Qt 6, with a stub in the place of MuseScore 4: that it loads, asks and is answered.

What MuseScore 4 itself does with it cannot be told by this.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from clamp3_bridges.installing import Place, install
from clamp3_bridges.musescore.host import MuseScoreHost
from clamp3_plugin.config import Home
from tests.bridges.musescore.recorder import Recorder

STUB = Path(__file__).with_name("stub")
TOOLS = f"/usr/lib/qt6/bin{os.pathsep}{os.environ.get('PATH', '')}"


def tool(name: str) -> str:
    found = shutil.which(name, path=TOOLS)
    if found is None:
        pytest.skip(
            f"{name} of Qt 6 is not installed (apt-get install qml-qt6 qt6-declarative-dev-tools)"
        )
    return found


@pytest.fixture
def panel(tmp_path: Path, library: Home) -> Path:
    install(MuseScoreHost(), Place("MuseScore 4", tmp_path, is_present=True), library)
    return tmp_path / "clamp3" / "clamp3.qml"


def test_the_panel_asks_with_notes_where_musescore_cannot_export(
    panel: Path, library: Home, tmp_path: Path
):
    qml = tool("qml")
    place = panel.with_name("clamp3_place.js")
    with Recorder(library, tmp_path / "daemon.json") as recorder:
        text = place.read_text()
        place.write_text(text.replace(str(library.run_file), str(recorder.run_file)))
        done = subprocess.run(
            [qml, "-I", str(STUB), str(STUB / "drive.qml"), "--", str(panel)],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "QML_XHR_ALLOW_FILE_READ": "1"},
            capture_output=True,
            timeout=180,
            check=False,
        )
        log = (done.stdout + done.stderr).decode()
        uploads = [(path, body) for _, path, body in recorder.asked if "/v1/upload" in path]
        questions = recorder.bodies("/v1/find")

    told = json.loads(
        next(line for line in log.splitlines() if "TOLD " in line).partition("TOLD ")[2]
    )
    notes = json.loads(uploads[0][1])
    assert told["phase"] == "answers", told
    assert uploads[0][0] == "/v1/upload?name=score.notes"
    assert questions[0]["bars"] == [3, 5]
    assert questions[0]["staves"] == [1, 2]
    assert notes["bars"][0]["events"][0]["a"] == ["700"]  # the stub names no symbols
    assert told["written"] == [[3, told["tags"][0]], ["clamp3Tags", ", ".join(told["tags"])]]
    assert told["exported"] == 1
    assert "TypeError" not in log
    assert "ReferenceError" not in log


def test_qmllint_finds_no_error(panel: Path):
    lint = tool("qmllint")

    done = subprocess.run(
        [lint, "-I", str(STUB), str(panel)], capture_output=True, timeout=120, check=False
    )

    report = (done.stdout + done.stderr).decode()
    errors = [line for line in report.splitlines() if line.startswith("Error")]
    assert not errors
    assert "Failed to import" not in report  # warnings are about types that 6.4 cannot know
