"""Watched folders: what changes there is indexed, once it has come to rest."""

import time

import pytest

from clamp3_plugin.daemon.jobs import Jobs
from clamp3_plugin.daemon.watching import Watching


class Runs:
    """Notes what was to be indexed."""

    def __init__(self):
        self.paths: list[list[str]] = []

    def __call__(self, paths, on_event, cancelled, *, retry):
        self.paths.append(list(paths))
        return {}


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def watching(runs, tmp_path):
    watching = Watching(Jobs(runs), tmp_path / "watched.json", every_s=0.0)
    yield watching
    watching.close()


def look(watching: Watching, times: int) -> None:
    """Have it look so many times, to the end."""
    for _ in range(times):
        watching.look()
        while watching._looking is not None and not watching._looking.done():
            time.sleep(0.005)
        watching.look()
        watching._next = 0.0
        while watching._jobs.active:
            time.sleep(0.005)


def test_a_folder_is_indexed_when_it_is_at_rest_and_when_it_changes(watching, runs, tmp_path):
    folder = tmp_path / "bounces"
    folder.mkdir()
    (folder / "a.wav").write_bytes(b"a")
    watching.watch([str(folder)])

    look(watching, 4)
    assert runs.paths == [[str(folder)]]

    (folder / "b.wav").write_bytes(b"b")
    look(watching, 4)
    (folder / "a.wav").unlink()
    look(watching, 4)
    assert runs.paths == [[str(folder)]] * 3


def test_a_file_that_grows_is_waited_for(watching, runs, tmp_path):
    folder = tmp_path / "bounces"
    folder.mkdir()
    watching.watch([str(folder)])
    look(watching, 3)
    begun = len(runs.paths)

    for size in range(1, 5):
        (folder / "a.wav").write_bytes(b"a" * size)
        look(watching, 1)
    assert len(runs.paths) == begun
    look(watching, 2)
    assert len(runs.paths) == begun + 1


def test_folders_are_remembered_and_a_drive_that_is_gone_is_left_alone(watching, runs, tmp_path):
    gone = str(tmp_path / "gone\udcff")
    watching.watch([gone, gone])
    look(watching, 3)

    again = Watching(Jobs(runs), tmp_path / "watched.json")
    assert again.folders == (gone,)
    assert runs.paths == []
    again.watch([])
    assert Watching(Jobs(runs), tmp_path / "watched.json").folders == ()


def test_what_was_stored_may_be_damaged(runs, tmp_path):
    (tmp_path / "watched.json").write_text("{")
    assert Watching(Jobs(runs), tmp_path / "watched.json").folders == ()
