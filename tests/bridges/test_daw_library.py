"""A DAW's export of what lies in the library is found there, as if it were the same file."""

import json

import pytest

from clamp3_bridges.watch.asking import Asker
from clamp3_plugin.client import ensure_daemon
from tests.bridges.test_daw_midi import FINE, PRIVATE, melody
from tests.cli.conftest import HASH_DAEMON, home, run
from tests.core.readers.midi_bytes import END, meta, midi

__all__ = ["home", "run"]

TEMPO = (0, meta(0x51, (625_000).to_bytes(3)))


@pytest.fixture
def recorded(home, tmp_path):
    """A home whose library holds a melody at 96 quarter notes a minute, and a DAW's export of it."""
    pieces = tmp_path / "pieces"
    pieces.mkdir()
    (pieces / "melody.mid").write_bytes(midi([TEMPO, *melody(480), END], kind=0))
    with ensure_daemon(home, command=HASH_DAEMON, timeout_s=60) as client:
        list(client.index([str(pieces)]))
    exported = tmp_path / "export.mid"
    exported.write_bytes(midi([*melody(19_200, between=(PRIVATE,)), END], kind=0, division=FINE))
    return exported


def test_find_takes_the_tempo_that_the_file_lacks(run, home, recorded):
    done = run(home, "find", str(recorded), "--bpm", "96", "--json")
    without = run(home, "find", str(recorded), "--json")

    assert json.loads(done.stdout)["score"] == pytest.approx(1.0)
    assert json.loads(without.stdout)["score"] < 0.99


def test_the_watch_folder_takes_it_too(home, recorded):
    finding = Asker(lambda: ensure_daemon(home), 1, 96.0).ask(recorded)

    assert finding is not None
    assert finding.hits[0].score == pytest.approx(1.0)


def test_a_tempo_for_anything_else_is_refused(run, home):
    done = run(home, "find", "a jig", "--bpm", "96")

    assert done.exit_code == 2
    assert "--bpm is the tempo of a MIDI file" in done.stderr
