"""What many workers make of a collection is what one process makes of it, whatever happens."""

import os
from dataclasses import astuple
from pathlib import Path

import pytest

from clamp3_plugin.errors import Clamp3Error, LibraryBusyError, NoModelError
from clamp3_plugin.library.bulk import BulkLibrary
from clamp3_plugin.library.entries import FileRecord, Stamp
from clamp3_plugin.library.fragments import commit
from clamp3_plugin.library.prefix import folder_of
from clamp3_plugin.library.staging import Staging
from clamp3_plugin.scale import run
from clamp3_plugin.scale.worker import MOST_TRIES, EmbeddingWorker, Job, Outcome, files_row
from tests.core.test_indexing import tune
from tests.fakes import FakeFormats, HashEncoder
from tests.scale.comparing import are_same
from tests.scale.conftest import Hall
from tests.scale.encoders import IdleEncoder


def version(hall: Hall) -> tuple[int, int]:
    return hall.far()._store.version


def test_workers_and_one_process_fill_the_same_library(hall: Hall):
    hall.fill(20)
    hall.write("book.score", tune(90, title="One") + "---\n" + tune(91, bars=3, title="Two"))
    hall.write("take.play", tune(92))
    hall.write("broken.score", "BROKEN")
    hall.write("crash.score", "CRASH")
    (hall.music / "link.score").symlink_to("nowhere")

    far, near = hall.by_many(), hall.by_one()

    assert far.indexed == 22
    assert astuple(far)[:-2] == astuple(near)[:-2]
    assert hall.told()["broken.score"] == "refused"
    assert [event.done for event in hall.events] == list(range(1, 25))
    assert are_same(hall)


def test_a_second_run_adds_nothing_and_needs_no_workers(hall: Hall, monkeypatch):
    hall.fill(9)
    hall.by_many()
    before = version(hall)
    monkeypatch.setattr(hall, "cluster", None)

    summary = hall.by_many(IdleEncoder)

    assert (summary.unchanged, summary.indexed) == (9, 0)
    assert version(hall) == before


def test_what_changed_moved_and_vanished_is_as_with_one_process(hall: Hall, monkeypatch):
    monkeypatch.setattr(run, "HASHED_AT_ONCE", 2)
    hall.fill(12)
    hall.write("broken.score", "BROKEN")
    hall.by_many()
    hall.by_one()
    hall.write("0/0.score", tune(77, title="Renewed"))
    hall.write("broken.score", tune(78))
    hall.write("new.score", tune(79))
    (hall.music / "1/1.score").unlink()
    (hall.music / "2/2.score").rename(hall.music / "moved.score")
    os.utime(hall.music / "0/3.score", ns=(1, 1))

    far, near = hall.by_many(), hall.by_one()

    assert astuple(far)[:-2] == astuple(near)[:-2]
    told = {name: status for name, status in hall.told().items() if status != "unchanged"}
    assert told == {
        "0/0.score": "indexed",
        "broken.score": "indexed",
        "new.score": "indexed",
        "1/1.score": "removed",
        "moved.score": "moved",
    }
    assert are_same(hall)


class InterruptedRunError(Exception):
    """The run ends here."""


def interrupted(hall: Hall) -> None:
    """Let a run die when all is embedded and nothing committed."""

    def give_up(event):
        if event.done == event.total:
            raise InterruptedRunError

    hall.events = []
    job = Job(HashEncoder, FakeFormats, hall.place)
    with pytest.raises(InterruptedRunError):
        run.index(job, hall.cluster, [hall.music], give_up)


def test_what_a_run_embedded_before_it_died_is_not_embedded_again(hall: Hall):
    hall.fill(8)
    interrupted(hall)
    hall.by_one()
    assert hall.far().is_empty

    summary = hall.by_many(IdleEncoder)

    assert summary.indexed == 8
    assert are_same(hall)
    assert Staging(folder_of(hall.place), "hash-16").names() == []


def test_what_was_embedded_of_files_that_changed_meanwhile_is_left(hall: Hall):
    hall.fill(8)
    interrupted(hall)
    hall.write("0/0.score", tune(60, title="Another"))
    (hall.music / "1/1.score").unlink()

    hall.by_many()

    hall.by_one()
    assert are_same(hall)


def test_a_death_between_the_two_commits_is_put_right_by_the_next_run(hall: Hall):
    hall.fill(6)
    hall.by_many()
    hall.by_one()
    hall.write("0/0.score", tune(61, title="Renewed"))
    hall.write("7.score", tune(62, title="New"))
    interrupted(hall)
    library = BulkLibrary(folder_of(hall.place), "hash-16", 16)
    staged = [fragment for receipt in library.staged() for fragment in receipt.passages]
    names, versions = library._store.names, library._store.version
    commit(library.folder, names[1], versions[1], set(), staged)
    library.close()
    far = hall.far()
    assert sorted(map(os.path.basename, far.records)) == [f"{n}.score" for n in range(6)]
    assert "New" not in {piece.metadata.title for piece in far.pieces()}

    hall.by_many(IdleEncoder)

    hall.by_one()
    assert are_same(hall)


def test_of_two_runs_at_once_the_later_is_refused(tmp_path: Path, store: str):
    place = folder_of(f"{store}/{tmp_path.name}")
    early, late = (BulkLibrary(place, "hash-16", 16) for _ in range(2))
    (tmp_path / "a.score").write_text(tune(1))
    worker = EmbeddingWorker(Job(HashEncoder, FakeFormats, str(place)))
    record = FileRecord(str(tmp_path / "a.score"), Stamp(1, 1), "00")
    receipt = Outcome.from_row(worker(files_row([record]))).receipt
    early.commit([receipt], [], [])

    with pytest.raises(LibraryBusyError, match="Another run has written to the library s3://"):
        late.commit([receipt], [], [])


def test_files_at_which_workers_die_again_and_again_end_the_run(tmp_path: Path):
    place = tmp_path / "library"
    BulkLibrary(place, "hash-16", 16).close()
    worker = EmbeddingWorker(Job(HashEncoder, FakeFormats, str(place)))
    record = FileRecord(str(tmp_path / "a.score"), Stamp(1, 1), "00")
    row = files_row([record])
    (tmp_path / "a.score").write_text(tune(1))
    for _ in range(MOST_TRIES):
        assert Outcome.from_row(worker(row)).receipt.records

    with pytest.raises(
        Clamp3Error, match=r"3 workers died while they embedded 1 files, from a\.score"
    ):
        Outcome.from_row(worker(row))


def test_what_a_worker_lacks_ends_the_run_and_is_said(hall: Hall):
    hall.fill(4)
    calls = []

    def load() -> HashEncoder:
        calls.append(1)
        if len(calls) > 1:  # the command has the model, another machine has not
            raise NoModelError("There is no model 'hash-16'.", "Pull it.")
        return HashEncoder()

    with pytest.raises(NoModelError, match=r"There is no model 'hash-16'\. Pull it\."):
        hall.by_many(load)

    assert hall.by_many().indexed == 4
