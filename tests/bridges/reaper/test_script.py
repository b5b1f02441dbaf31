"""The script for REAPER under lua5.4, over a stub of REAPER; REAPER itself was not run."""

import shutil
import subprocess
from pathlib import Path

import pytest

from clamp3_bridges.installing import Place, install
from clamp3_bridges.osc.queries import TakeNote
from clamp3_bridges.osc.takes import midi_file
from clamp3_bridges.reaper.host import ReaperHost
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.readers.midi import parse_midi
from clamp3_plugin.readers.mtf import to_mtf
from tests.cli.conftest import HASH_DAEMON, home, music, served

__all__ = ["home", "music", "served"]

NOTES = "{ {0, 1, 0, 60, 90}, {1, 1.5, 0, 64, 80}, {2, 3, 9, 38, 100}, {2, 3, 0, 67, 70, muted = true} }"
PEDALS = "{ {0.5, 0, 64, 127}, {1.5, 0, 64, 0}, {1.5, 0, 7, 100} }"


class Reaper:
    """The stub, with the installed script."""

    def __init__(self, home, folder: Path):
        self.home = home
        self.folder = folder
        self.kept = folder / "kept"
        place = Place("REAPER", folder / "Scripts", is_present=True)
        (self.script,) = install(ReaperHost(), place, home.create())

    def run(self, **fields: str) -> list[list[str]]:
        """Run the script over a project; gives what it did, a list of words each."""
        fields = {"bpm": "90", "kept": f"[[{self.kept}]]", "chosen": "0", **fields}
        project = self.folder / "project.lua"
        project.write_text(f"return {{ {', '.join(f'{k} = {v}' for k, v in fields.items())} }}")
        stub = Path(__file__).with_name("stub.lua")
        command = ["lua5.4", str(stub), str(self.script), str(project)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert not list(self.home.cache.glob("clamp3-take-*"))
        return [line.split("\t") for line in done.stdout.splitlines()]

    def asked(self) -> list[str]:
        """Give the MTF of what was asked with."""
        return to_mtf(parse_midi(self.kept.read_bytes())).split("\n")


@pytest.fixture
def lua() -> None:
    if shutil.which("lua5.4") is None:
        pytest.skip("lua5.4 is not installed")


@pytest.fixture
def reaper(lua, served, tmp_path) -> Reaper:
    return Reaper(served, tmp_path)


def midi_item(position: float = 0, length: float = 2) -> str:
    place = f"position = {position:.1f}, length = {length:.1f}"
    return f"{{ {place}, notes = {NOTES}, controls = {PEDALS} }}"


def test_the_selected_item_is_asked_with_and_the_hits_are_listed(reaper):
    done = reaper.run(item=midi_item())

    assert reaper.asked() == [
        "ticks_per_beat 480",
        "set_tempo 666667 0",
        "note_on 0 0 60 90",
        "control_change 240 0 64 127",
        "note_off 240 0 60 0",
        "note_on 0 0 64 80",
        "note_off 240 0 64 0",
        "control_change 0 0 64 0",
        "note_on 240 9 38 100",
        "note_off 480 9 38 0",
        "end_of_track 0",
    ]
    menu = [words[1] for words in done if words[0] == "menu"]
    assert [line.split(".")[0] for line in menu] == [str(i + 1) for i in range(len(menu))]
    assert any("The Tripping Jig" in line for line in menu)
    assert done[-1] == ["quit"]


def test_the_part_within_the_time_selection_is_asked_with(reaper):
    reaper.run(item=midi_item(position=4), **{"from": "4.5", "to": "5.5"})  # quarters 0.75 to 2.25

    assert [line for line in reaper.asked() if line.startswith("note")] == [
        "note_on 0 0 64 80",
        "note_off 240 0 64 0",
        "note_on 240 9 38 100",
        "note_off 120 9 38 0",
    ]


def test_a_time_selection_elsewhere_does_not_matter(reaper):
    reaper.run(item=midi_item(), **{"from": "90.0", "to": "95.0"})

    assert sum(line.startswith("note_on") for line in reaper.asked()) == 3


def test_a_hit_that_reaper_opens_is_inserted_on_a_new_track(lua, home, tmp_path):
    piece = tmp_path / "pieces" / "piece.mid"
    piece.parent.mkdir()
    piece.write_bytes(midi_file([TakeNote("t", 60, 90, 0, 1)]))
    with ensure_daemon(home, command=HASH_DAEMON, timeout_s=60) as client:
        list(client.index([str(piece)]))

    done = Reaper(home, tmp_path).run(item=midi_item(), chosen="1")

    assert done[-3:] == [["begin"], ["insert", str(piece), "1"], ["end"]]


def test_a_hit_that_reaper_does_not_open_is_named(reaper):
    done = reaper.run(item=midi_item(), chosen="1")

    assert done[-1][1].startswith("REAPER does not open such files: ")
    assert done[-1][1].endswith(".abc")


def test_audio_is_asked_with_from_its_file_and_its_part(reaper, music):
    item = (
        f"{{ position = 2.0, length = 4.0, rate = 0.5, offset = 1.0, file = [[{music}/jig.abc]] }}"
    )

    done = reaper.run(item=item)

    (line,) = [words[1] for words in done if words[0] == "exec"]
    assert f'"--file" "{music}/jig.abc" "--time" "1.000-3.000"' in line


def test_nothing_selected_and_nothing_played_are_said(reaper):
    assert reaper.run(item="nil") == [["say", "Select an item."]]
    empty = "{ position = 0.0, length = 1.0, notes = {}, controls = {} }"
    assert reaper.run(item=empty) == [["say", "There are no notes in it."]]


def test_an_answer_without_hits_is_said(reaper, tmp_path):
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    item = f"{{ position = 0.0, length = 1.0, rate = 1.0, offset = 0.0, file = [[{tmp_path}/broken.mid]] }}"

    done = reaper.run(item=item)

    assert done[-1][0] == "say"
    assert "clamp3 find" in done[-1][1]
