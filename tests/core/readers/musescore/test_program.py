"""MuseScore as a reader: a stand-in that misbehaves, and the real program where it is installed."""

import os
import sys
import time
from pathlib import Path

import pytest

from clamp3_plugin.readers.musescore.read import read_musescore_with
from clamp3_plugin.readers.musescore_program import export_musicxml, find_program

GOLDEN = Path(__file__).resolve().parents[3] / "golden" / "musescore"
LEAD_SHEET = (GOLDEN / "x01_lead_sheet.mscx").read_bytes()


@pytest.fixture
def stand_in(tmp_path: Path):
    """Make a program of a few lines of Python; its arguments are those of MuseScore."""
    if sys.platform == "win32":
        pytest.skip("a script with a first line that names its interpreter needs Unix")

    def make(lines: str) -> Path:
        path = tmp_path / "mscore"
        path.write_text(
            f"#!{sys.executable}\nimport sys, time, os\ntarget = sys.argv[2]\n{lines}\n"
        )
        path.chmod(0o755)
        return path

    return make


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param("sys.exit(1)", id="failure"),
        pytest.param("pass", id="nothing written"),
        pytest.param("open(target, 'w').write('<score-partwise/>')", id="an empty score"),
        pytest.param("open(target, 'w').write('<pitch>'); sys.exit(3)", id="failure after writing"),
    ],
)
def test_our_own_reader_steps_in_where_the_program_fails(stand_in, lines):
    program = stand_in(lines)

    by_program = read_musescore_with(LEAD_SHEET, program)

    assert export_musicxml(LEAD_SHEET, program) is None
    assert by_program[0].standard_abc == read_musescore_with(LEAD_SHEET, None)[0].standard_abc


def test_a_program_that_hangs_is_ended_with_what_it_has_started(stand_in, tmp_path):
    late = tmp_path / "late"
    program = stand_in(
        f"child = os.fork()\nif not child:\n    time.sleep(2); open({str(late)!r}, 'w').close()\n"
        "time.sleep(60)"
    )

    exported = export_musicxml(LEAD_SHEET, program, timeout=0.5)

    time.sleep(2.5)
    assert exported is None
    assert not late.exists()


def test_a_program_that_is_not_there_is_no_trouble(tmp_path):
    assert export_musicxml(LEAD_SHEET, tmp_path / "mscore") is None


def test_the_switch_turns_the_program_off_or_names_it(stand_in):
    program = stand_in("pass")

    assert find_program({"CLAMP3_MUSESCORE": "off", "PATH": str(program.parent)}) is None
    assert find_program({"CLAMP3_MUSESCORE": str(program)}) == program
    assert find_program({"PATH": str(program.parent)}) == program


def test_the_real_program_and_our_reader_agree():
    program = find_program({"PATH": os.environ.get("PATH", "")})
    if program is None:
        pytest.skip("MuseScore is not installed")

    exported = export_musicxml(LEAD_SHEET, program)
    (by_program,) = read_musescore_with(LEAD_SHEET, program)
    (by_us,) = read_musescore_with(LEAD_SHEET, None)

    assert exported is not None
    assert by_program.standard_abc.partition("V:1")[2] == by_us.standard_abc.partition("V:1")[2]
    assert by_program.metadata == by_us.metadata


def test_the_real_program_makes_nothing_of_junk():
    program = find_program({"PATH": os.environ.get("PATH", "")})
    if program is None:
        pytest.skip("MuseScore is not installed")

    assert export_musicxml(b"<museScore version='3.02'><Score/></museScore>", program) is None
