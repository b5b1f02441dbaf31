"""The real SuperCollider asks a running bridge by the installed class, and hears one end a question."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clamp3_bridges.installing import Place, install
from clamp3_bridges.osc.queries import TakeNote
from clamp3_bridges.osc.takes import midi_file
from clamp3_bridges.supercollider.host import SuperColliderHost
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from tests.bridges.apart import apart
from tests.bridges.osc.peer import free_port
from tests.cli.conftest import HASH_DAEMON, JIG, WALTZ, end

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
    """Serve a library of two tunes, and let SuperCollider ask; gives what it printed."""
    home = Home.locate(str(folder / "home"))
    music = folder / "music"
    music.mkdir()
    (music / "jig.abc").write_text(JIG)
    (music / "waltz.abc").write_text(WALTZ)
    (folder / "take.mid").write_bytes(
        midi_file([TakeNote("t", 60 + i % 12, 80, i * 0.25, 0.25) for i in range(100)])
    )
    extensions = folder / "share" / "SuperCollider" / "Extensions"
    install(SuperColliderHost(), Place("SuperCollider", extensions, is_present=True), home)
    port = free_port()
    questions = QUESTIONS.replace("%PORT%", str(port)).replace("%FOLDER%", str(folder))
    (folder / "ask.scd").write_text(questions)
    command = [sys.executable, "-m", "clamp3_cli", "--home", str(home.run.parent), "bridge", "osc"]
    try:
        with ensure_daemon(home, command=HASH_DAEMON, timeout_s=60) as client:
            list(client.index([str(music)]))
        with subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE) as bridge:
            try:
                assert bridge.stdout is not None
                assert str(port).encode() in bridge.stdout.readline()
                return _run(sclang, folder)
            finally:
                bridge.send_signal(signal.SIGINT)
                bridge.wait(20)
    finally:
        end(home)


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
