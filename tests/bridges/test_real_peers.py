"""Real programs of others ask a running bridge, in a network of their own, and hear one end a question.

One bridge serves them all; each skips where its program is not installed.
"""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from clamp3_bridges.installing import Place, install
from clamp3_bridges.osc.queries import TakeNote
from clamp3_bridges.osc.takes import midi_file
from clamp3_bridges.puredata.host import PureDataHost
from clamp3_bridges.supercollider.host import SuperColliderHost
from tests.bridges.apart import apart
from tests.bridges.osc.peer import free_port
from tests.bridges.serving import Bridge, serving

PATCH = """#N canvas 0 0 400 300 12;
#X obj 10 10 clamp3;
#X obj 10 200 print hits;
#X obj 200 200 print said;
#X obj 10 40 loadbang;
#X msg 10 70 port {port};
#X msg 100 70 token {token};
#X obj 10 100 delay 500;
#X msg 10 130 text lively\\ jig;
#X msg 150 130 file {file};
#X msg 290 130 tag slow\\ waltz;
#X obj 150 100 delay 900;
#X obj 290 100 delay 1300;
#X connect 0 0 1 0;
#X connect 0 1 2 0;
#X connect 3 0 4 0;
#X connect 3 0 5 0;
#X connect 3 0 6 0;
#X connect 3 0 10 0;
#X connect 3 0 11 0;
#X connect 4 0 0 0;
#X connect 5 0 0 0;
#X connect 6 0 7 0;
#X connect 7 0 0 0;
#X connect 8 0 0 0;
#X connect 9 0 0 0;
#X connect 10 0 8 0;
#X connect 11 0 9 0;
"""
FLAGS = ("-nogui", "-noaudio", "-nomidi", "-stderr")
PD_QUESTIONS = 3
SC_QUESTIONS = """
var asker = Clamp3.new(%PORT%), left = 5, file, bytes, id;
var heard = { |name|
	{ |found, error|
		["heard", name, found.size, error ? "", found.first[\\title] ? ""].join("\\t").postln;
		left = left - 1;
		if (left == 0) { asker.free; 0.exit }
	}
};
asker.findText("a lively jig", heard.("text"), 2);
asker.findFile("%MUSIC%/jig.abc", heard.("file"), n: 2);
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


@pytest.fixture(scope="module")
def network() -> Iterator[ThreadPoolExecutor]:
    with apart() as network:
        yield network


@pytest.fixture(scope="module")
def bridge(network, tmp_path_factory) -> Iterator[Bridge]:
    stack = ExitStack()
    folder = tmp_path_factory.mktemp("served")
    try:
        yield network.submit(stack.enter_context, serving(folder)).result()
    finally:
        network.submit(stack.close).result()


def program(name: str, package: str) -> str:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed (package {package})")
    return name


@pytest.fixture
def liblo() -> None:
    for name in ("oscsend", "oscdump"):
        program(name, "liblo-tools")


@pytest.fixture
def pd() -> str:
    return program("pd", "puredata-core")


@pytest.fixture
def sclang() -> str:
    return program("sclang", "supercollider-language, 183 MB")


@pytest.mark.usefixtures("liblo")
def test_oscsend_asks_and_oscdump_hears_one_end(network, bridge):
    lines = network.submit(_dump, bridge).result()

    words = [line.split()[1:] for line in lines if "/pong" not in line and "/prog" not in line]
    assert words[0] == ["/clamp3/result/begin", "ii", "7", "2"]
    assert [word for word, *_ in words[1:]] == ["/clamp3/result"] * 2 + ["/clamp3/result/end"]


def test_pure_data_asks_by_its_object_and_hears_one_end_a_question(network, bridge, pd, tmp_path):
    lines = network.submit(_patch, pd, bridge, tmp_path).result()

    hits = [line.split() for line in lines if line.startswith("hits:")]
    of_text, of_file = ([hit for hit in hits if hit[1] == id_] for id_ in "12")
    assert [hit[2] for hit in of_text] == ["1", "2"]
    assert of_file[0][2:4] == ["1", "1"]  # the first, of score 1
    assert " ".join(of_file[0]).startswith("hits: 2 1 1 The\\ Tripping\\ Jig")
    assert sum(line.startswith("said: tag 3") for line in lines) == 10
    ends = [line.split()[2] for line in lines if line.startswith("said: end")]
    assert sorted(ends) == ["1", "2", "3"]


def test_the_help_patch_of_pure_data_opens_without_a_complaint(network, bridge, pd, tmp_path):
    folder = tmp_path / "with space, and $1" / "extra"
    install(PureDataHost(), Place("Pure Data", folder, is_present=True), bridge.home)
    help_patch = folder / "clamp3" / "clamp3-help.pd"

    said = network.submit(
        subprocess.run,
        [pd, *FLAGS, "-send", "pd quit", "-open", str(help_patch)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=dict(os.environ, HOME=str(tmp_path)),
    ).result()

    assert "error" not in said.stderr.lower()
    assert "couldn't create" not in said.stderr


def test_supercollider_asks_by_its_class_and_hears_one_end_a_question(
    network, bridge, sclang, tmp_path
):
    said = network.submit(_class, sclang, bridge, tmp_path).result()

    heard = [line.split("\t")[1:] for line in said.splitlines() if line.startswith("heard\t")]
    assert sorted(words[:3] for words in heard) == [
        ["file", "2", ""],
        ["midi", "2", ""],
        ["tags", "10", ""],
        ["take", "1", ""],
        ["text", "2", ""],
    ]
    assert ["file", "2", "", "The Tripping Jig"] in heard


def _dump(bridge: Bridge) -> list[str]:
    """Let oscsend ask; gives what oscdump wrote until shortly after the end."""
    port = free_port()
    send = ["oscsend", f"osc.udp://127.0.0.1:{bridge.port}"]
    with subprocess.Popen(["oscdump", "-L", str(port)], stdout=subprocess.PIPE, text=True) as dump:
        assert dump.stdout is not None
        try:
            until = time.monotonic() + 30
            while not _listens(port):
                assert time.monotonic() < until, "oscdump does not listen"
                time.sleep(0.05)
            ask = ["/clamp3/find/text", "sisii", bridge.token, "7", "지그 jig", "2", str(port)]
            subprocess.run([*send, *ask], check=True)
            lines: list[str] = []
            while not lines or "/clamp3/result/end" not in lines[-1]:
                lines.append(dump.stdout.readline())
                assert lines[-1], "oscdump ended"
            # what would come after the end, were there more: a pong is the last of it
            subprocess.run([*send, "/clamp3/ping", "sii", bridge.token, "8", str(port)], check=True)
            while "/clamp3/pong" not in lines[-1]:
                lines.append(dump.stdout.readline())
                assert lines[-1], "oscdump ended"
        finally:
            dump.kill()
    return lines


def _listens(port: int) -> bool:
    """Tell whether a UDP port is taken in the network of this thread."""
    return f":{port:04X} " in Path("/proc/thread-self/net/udp").read_text()


def _patch(pd: str, bridge: Bridge, folder: Path) -> list[str]:
    """Let Pure Data ask; gives what it printed until the last question had ended."""
    place = Place("Pure Data", folder / "extra", is_present=True)
    install(PureDataHost(), place, bridge.home)
    patch = folder / "ask.pd"
    file = bridge.music / "jig.abc"
    patch.write_text(PATCH.format(port=bridge.port, token=bridge.token_file, file=file))
    command = [pd, *FLAGS, "-path", str(place.folder / "clamp3"), str(patch)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        patience = threading.Timer(90, run.kill)  # ends the reading below
        patience.start()
        lines: list[str] = []
        try:
            while sum(line.startswith("said: end") for line in lines) < PD_QUESTIONS:
                lines.append(run.stderr.readline())
                assert lines[-1], f"pd ended: {lines}"
                assert "said: error" not in lines[-1]
        finally:
            patience.cancel()
            run.kill()
    return lines


def _class(sclang: str, bridge: Bridge, folder: Path) -> str:
    """Let SuperCollider ask; gives what it printed."""
    take = [TakeNote("t", 60 + i % 12, 80, i * 0.25, 0.25) for i in range(100)]
    (folder / "take.mid").write_bytes(midi_file(take))
    extensions = folder / "share" / "SuperCollider" / "Extensions"
    place = Place("SuperCollider", extensions, is_present=True)
    install(SuperColliderHost(), place, bridge.home)
    words = {"%PORT%": str(bridge.port), "%MUSIC%": str(bridge.music), "%FOLDER%": str(folder)}
    questions = SC_QUESTIONS
    for name, value in words.items():
        questions = questions.replace(name, value)
    (folder / "ask.scd").write_text(questions)
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
