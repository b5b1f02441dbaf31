"""What a watched folder gives, with a clock that the test sets."""

import os

import pytest

from clamp3_bridges.watch import folder
from clamp3_bridges.watch.folder import Folder
from clamp3_plugin.errors import MissingFileError, TooLargeError
from tests.bridges.watch.test_complete import MIDI, WAVE


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watched(tmp_path, clock):
    (tmp_path / "old.mid").write_bytes(MIDI)
    return Folder(tmp_path, clock)


def rested(watched, clock, seconds=1.1):
    """Look, wait, look again."""
    before = watched.poll()
    clock.now += seconds
    return [path.name for path in [*before, *watched.poll()]]


def test_what_was_there_at_the_start_is_old(watched, clock):
    assert rested(watched, clock, 60) == []


def test_a_new_file_is_given_once_it_has_rested(watched, clock, tmp_path):
    (tmp_path / "new.mid").write_bytes(MIDI)

    assert watched.poll() == []
    assert rested(watched, clock) == ["new.mid"]
    assert rested(watched, clock, 60) == []


def test_a_file_that_grows_is_waited_for(watched, clock, tmp_path):
    path = tmp_path / "new.abc"
    path.write_bytes(b"X:1\n")
    watched.poll()
    clock.now += 0.9
    path.write_bytes(b"X:1\nK:C\n")

    assert rested(watched, clock, 0.9) == []
    clock.now += 0.2
    assert [path.name for path in watched.poll()] == ["new.abc"]


def test_a_file_that_rests_unfinished_is_waited_for_and_then_given(watched, clock, tmp_path):
    (tmp_path / "new.wav").write_bytes(WAVE[:-1])

    assert rested(watched, clock, 9) == []
    clock.now += 2
    assert [path.name for path in watched.poll()] == ["new.wav"]


def test_a_file_that_is_finished_under_another_name_is_given_once(watched, clock, tmp_path):
    (tmp_path / "bounce.wav").write_bytes(WAVE)
    assert rested(watched, clock) == ["bounce.wav"]

    (tmp_path / "bounce.wav").rename(tmp_path / "final.wav")

    assert rested(watched, clock, 60) == []


def test_a_file_that_gets_a_name_of_music_at_its_end_is_given(watched, clock, tmp_path):
    (tmp_path / "bounce.wav.part").write_bytes(WAVE)
    assert rested(watched, clock) == []

    (tmp_path / "bounce.wav.part").rename(tmp_path / "bounce.wav")

    assert rested(watched, clock) == ["bounce.wav"]


def test_a_file_that_is_written_anew_is_new(watched, clock, tmp_path):
    (tmp_path / "old.mid").write_bytes(MIDI + bytes(3))

    assert rested(watched, clock) == ["old.mid"]


def test_files_come_in_the_order_in_which_they_were_written(watched, clock, tmp_path):
    for number, name in enumerate(("b.mid", "c.mid", "a.mid")):
        (tmp_path / name).write_bytes(MIDI)
        os.utime(tmp_path / name, (1000 + number, 1000 + number))

    assert rested(watched, clock) == ["b.mid", "c.mid", "a.mid"]


def test_folders_below_are_watched_hidden_things_and_links_are_not(watched, clock, tmp_path):
    for name in ("song/Stems/a.mid", ".hidden/b.mid", ".c.mid", "notes.txt", "clamp3-take.mid"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(MIDI)
    (tmp_path / "link.mid").symlink_to(tmp_path / "old.mid")
    (tmp_path / "again").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.mid")

    assert rested(watched, clock) == ["a.mid"]


def test_a_folder_that_comes_and_goes_is_no_error(clock, tmp_path):
    root = tmp_path / "drive"
    root.mkdir()
    watched = Folder(root, clock)
    root.rename(tmp_path / "away")
    assert rested(watched, clock) == []

    (tmp_path / "away" / "new.mid").write_bytes(MIDI)
    (tmp_path / "away").rename(root)

    assert rested(watched, clock) == ["new.mid"]


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(MissingFileError, match="no such folder"):
        Folder(tmp_path / "absent")


def test_far_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "MAX_ENTRIES", 3)
    for number in range(5):
        (tmp_path / f"{number}.txt").touch()

    with pytest.raises(TooLargeError, match="too many to watch"):
        Folder(tmp_path)
