"""The real SuperCollider asks a running bridge by the installed class, and hears one end a question."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from clamp3_bridges.installing import Place, install
from clamp3_bridges.osc.queries import TakeNote
from clamp3_bridges.osc.takes import midi_file
from clamp3_bridges.supercollider.host import SuperColliderHost
from tests.bridges.apart import apart
from tests.bridges.serving import serving

QUESTIONS = """
var asker = Clamp3.new(%PORT%), left = 5, file, bytes, id;
var heard = { |name|
	{ |found, error|
		["heard", name, found.size, error ? "", found.first[\\title] ? ""].join("\\t").postln;
		left = left - 1;
		if (left == 0) { asker.free; 0.exit }
	}
};
asker.findText("a lively jig", heard.("text"), 2);
asker.findFile("%FOLDER%/music/jig.abc", heard.("file"), n: 2);
asker.tagText("a jig", heard.("tags"), "ko");
file = File("%FOLDER%/take.mid", "rb");
bytes = Int8Array.newClear(file.length);
file.read(bytes);
file.close;
asker.findMidi(bytes, heard.("midi"), 2);
id = asker.takeBegin(heard.("take"));
[60, 64, 67, 72].do { |pitch, i| asker.takeNote(id, pitch, 90, i * 0.5, 0.4) };
asker.takeEnd(id, 1);
"""


@pytest.fixture
def sclang() -> str:
    if shutil.which("sclang") is None:
        pytest.skip("sclang is not installed (package supercollider-language, 183 MB)")
    return "sclang"


def test_the_class_asks_and_hears_one_end_a_question(sclang, tmp_path):
    with apart() as network:
        said = network.submit(_ask, sclang, tmp_path).result()

    heard = [line.split("\t")[1:] for line in said.splitlines() if line.startswith("heard\t")]
    assert sorted(words[:3] for words in heard) == [
        ["file", "2", ""],
        ["midi", "2", ""],
        ["tags", "10", ""],
        ["take", "1", ""],
        ["text", "2", ""],
    ]
    assert ["file", "2", "", "The Tripping Jig"] in heard


def _ask(sclang: str, folder: Path) -> str:
    """Let SuperCollider ask; gives what it printed."""
    (folder / "take.mid").write_bytes(
        midi_file([TakeNote("t", 60 + i % 12, 80, i * 0.25, 0.25) for i in range(100)])
    )
    extensions = folder / "share" / "SuperCollider" / "Extensions"
    with serving(folder) as served:
        place = Place("SuperCollider", extensions, is_present=True)
        install(SuperColliderHost(), place, served.home)
        questions = QUESTIONS.replace("%PORT%", str(served.port)).replace("%FOLDER%", str(folder))
        (folder / "ask.scd").write_text(questions)
        return _run(sclang, folder)


def _run(sclang: str, folder: Path) -> str:
    environment = dict(
        os.environ,
        QTWEBENGINE_DISABLE_SANDBOX="1",
        QT_QPA_PLATFORM="offscreen",
        XDG_DATA_HOME=str(folder / "share"),
        XDG_RUNTIME_DIR=str(folder),
    )
    done = subprocess.run(
        [sclang, "-i", "none", str(folder / "ask.scd")],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
