"""The real Pure Data asks a running bridge by the installed object, and hears one end a question."""

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from clamp3_bridges.installing import Place, install
from clamp3_bridges.osc.secret import take_token, token_file
from clamp3_bridges.puredata.host import PureDataHost
from clamp3_plugin.config import Home
from tests.bridges.apart import apart
from tests.bridges.serving import serving

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
ENDS = 3


@pytest.fixture
def pd() -> str:
    if shutil.which("pd") is None:
        pytest.skip("pd is not installed (package puredata-core)")
    return "pd"


def test_the_object_asks_and_hears_one_end_a_question(pd, tmp_path):
    with apart() as network:
        lines = network.submit(_ask, pd, tmp_path).result()

    hits = [line.split() for line in lines if line.startswith("hits:")]
    of_text, of_file = ([hit for hit in hits if hit[1] == id_] for id_ in "12")
    assert [hit[2] for hit in of_text] == ["1", "2"]
    assert of_file[0][2:4] == ["1", "1"]  # the first, of score 1
    assert " ".join(of_file[0]).startswith("hits: 2 1 1 The\\ Tripping\\ Jig")
    assert sum(line.startswith("said: tag 3") for line in lines) == 10
    ends = [line.split()[2] for line in lines if line.startswith("said: end")]
    assert sorted(ends) == ["1", "2", "3"]


def test_the_help_patch_opens_without_a_complaint(pd, tmp_path):
    home = Home.locate(str(tmp_path / "home"))
    take_token(home)  # which the patch reads as it opens; the bridge makes it at its first start
    folder = tmp_path / "with space, and $1" / "extra"
    install(PureDataHost(), Place("Pure Data", folder, is_present=True), home)
    help_patch = folder / "clamp3" / "clamp3-help.pd"
    command = [pd, *FLAGS, "-send", "pd quit", "-open", str(help_patch)]
    environment = dict(os.environ, HOME=str(tmp_path))
    with apart() as network:
        run = network.submit(
            subprocess.run,
            command,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment,
        )
        said = run.result().stderr

    assert "error" not in said.lower()
    assert "couldn't create" not in said


def _ask(pd: str, folder: Path) -> list[str]:
    """Let Pure Data ask; gives what it printed until the last question had ended."""
    place = Place("Pure Data", folder / "extra", is_present=True)
    with serving(folder) as served:
        install(PureDataHost(), place, served.home)
        token, file = token_file(served.home), served.music / "jig.abc"
        patch = folder / "ask.pd"
        patch.write_text(PATCH.format(port=served.port, token=token, file=file))
        command = [pd, *FLAGS, "-path", str(place.folder / "clamp3"), str(patch)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
            assert run.stderr is not None
            patience = threading.Timer(90, run.kill)  # ends the reading below
            patience.start()
            lines: list[str] = []
            try:
                while sum(line.startswith("said: end") for line in lines) < ENDS:
                    lines.append(run.stderr.readline())
                    assert lines[-1], f"pd ended: {lines}"
                    assert "said: error" not in lines[-1]
            finally:
                patience.cancel()
                run.kill()
    return lines
