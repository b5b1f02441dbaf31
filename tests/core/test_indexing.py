import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from lancedb.table import LanceTable

from clamp3_plugin.errors import EncoderMismatchError, LibraryFullError
from clamp3_plugin.indexing.embedding import Batch
from clamp3_plugin.indexing.events import EventStatus, FileEvent, Summary
from clamp3_plugin.indexing.indexer import Indexer
from clamp3_plugin.indexing.survey import survey
from clamp3_plugin.library.library import Library
from clamp3_plugin.library.store import Store
from tests.fakes import FakeFormats, HashEncoder

WORDS = ["alpha", "beta", "gamma", "jig", "reel", "waltz", "tango", "fugue", "march", "polka"]


def tune(seed: int, bars: int = 12, title: str = "") -> str:
    words = np.random.default_rng(seed).choice(WORDS, (bars, 3))
    return f"title: {title or seed}\n" + "".join(" ".join(bar) + "\n" for bar in words)


class Desk:
    """A folder of music, a library, and what the last run said of each file."""

    def __init__(self, folder: Path, **options):
        self.music = folder / "music"
        self.music.mkdir()
        self.encoder = HashEncoder()
        self.formats = FakeFormats()
        self.library = Library.open(folder / "library", self.encoder.space, self.encoder.dim)
        self.options = options
        self.events: list[FileEvent] = []

    def write(self, name: str, text: str) -> Path:
        path = self.music / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def index(self, *paths: Path, **run) -> Summary:
        self.events = []
        indexer = Indexer(self.library, self.encoder, self.formats, **self.options)
        return indexer.run(paths or [self.music], self.events.append, **run)

    @property
    def told(self) -> dict[str, str]:
        return {
            os.path.relpath(event.path, self.music): event.status.value for event in self.events
        }


@pytest.fixture
def desk(tmp_path: Path):
    desk = Desk(tmp_path)
    yield desk
    desk.library.close()


def test_a_folder_is_indexed_with_the_tunes_of_its_books(desk):
    desk.write("a.score", tune(1))
    desk.write("deep/er/book.score", tune(2, title="Two") + "---\n" + tune(3, bars=4))
    desk.write("b.play", tune(4))
    desk.write("readme.txt", "no music")
    desk.write(".hidden.score", tune(5))
    desk.write(".git/c.score", tune(6))

    summary = desk.index()

    assert desk.told == dict.fromkeys(["a.score", "b.play", "deep/er/book.score"], "indexed")
    assert (summary.indexed, summary.passages) == (3, 6)
    pieces = desk.library.pieces()
    assert [(p.tune, p.metadata.title) for p in pieces if "book" in p.path] == [
        (1, "Two"),
        (2, "3"),
    ]
    assert desk.events[-1].done == desk.events[-1].total == 3
    assert desk.library.check().sound


def test_an_unchanged_folder_is_not_opened_again(desk):
    desk.write("a.score", tune(1))
    desk.write("broken.score", "BROKEN")
    desk.write("crash.score", "CRASH")
    desk.index()
    desk.formats.opened.clear()
    version = desk.library._store.version

    summary = desk.index()

    assert desk.told == {"a.score": "unchanged", "broken.score": "refused", "crash.score": "failed"}
    assert [event.known for event in desk.events] == [False, True, True]
    assert desk.events[1].reason == "broken_file"
    assert "broken.score is broken. Mend it." in desk.events[1].message
    assert (summary.unchanged, summary.refused, summary.failed) == (1, 1, 1)
    assert desk.formats.opened == []
    assert desk.library._store.version == version


def test_refused_files_are_read_again_when_asked_or_changed(desk):
    path = desk.write("a.score", "BROKEN")
    desk.index()

    desk.index(retry=True)
    assert desk.formats.opened == ["a.score", "a.score"]
    path.write_text(tune(1))
    desk.index()

    assert desk.told == {"a.score": "indexed"}
    assert desk.library.errors() == []


def test_one_bad_file_does_not_end_a_run(desk):
    desk.write("a.score", "CRASH")
    desk.write("b.score", "BROKEN")
    desk.write("c.score", tune(1))

    desk.index()

    assert desk.told == {"a.score": "failed", "b.score": "refused", "c.score": "indexed"}
    assert "ZeroDivisionError: in the reader" in desk.events[0].message


def test_a_file_that_cannot_be_encoded_does_not_take_others_with_it(desk):
    class Picky(HashEncoder):
        def _vector(self, content):
            return super()._vector(content) * (np.nan if "poison" in content else 1)

    desk.encoder = Picky()
    desk.write("a.score", tune(1))
    desk.write("b.score", "poison\n")
    desk.write("c.score", tune(2))

    desk.index()

    assert desk.told == {"a.score": "indexed", "b.score": "failed", "c.score": "indexed"}


def test_a_changed_file_is_indexed_again_and_a_touched_one_is_not(desk):
    changed, touched = desk.write("a.score", tune(1)), desk.write("b.score", tune(2))
    desk.index()
    changed.write_text(tune(3, title="New"))
    os.utime(touched, ns=(1, 1))

    desk.index()
    assert desk.told == {"a.score": "indexed", "b.score": "unchanged"}
    desk.formats.opened.clear()
    desk.index()

    assert desk.told == {"a.score": "unchanged", "b.score": "unchanged"}
    assert desk.library.records[str(touched)].stamp.mtime_ns == 1
    assert [p.metadata.title for p in desk.library.pieces() if p.path == str(changed)] == ["New"]
    assert desk.library.check().sound


def test_moved_files_keep_their_vectors_without_being_encoded(desk):
    for i in range(5):
        desk.write(f"old/{i}.score", tune(i))
    desk.index()
    before = {p.metadata.title: desk.library.vector(p.id) for p in desk.library.pieces()}
    encoded = desk.encoder.encoded
    (desk.music / "old").rename(desk.music / "new")

    summary = desk.index()

    assert desk.told == {f"new/{i}.score": "moved" for i in range(5)}
    assert (summary.moved, summary.removed) == (5, 0)
    assert desk.events[-1].done == desk.events[-1].total == 5
    assert desk.encoder.encoded == encoded
    after = {p.metadata.title: desk.library.vector(p.id) for p in desk.library.pieces()}
    assert all(np.array_equal(before[title], after[title]) for title in before)
    assert desk.library.check().sound


def test_a_copy_is_no_move(desk):
    path = desk.write("a.score", tune(1))
    desk.index()
    shutil.copy(path, desk.music / "b.score")

    desk.index()

    assert desk.told == {"a.score": "unchanged", "b.score": "indexed"}
    assert len(desk.library.pieces()) == 2


def test_files_that_are_gone_are_removed_below_the_given_paths_only(desk):
    for name in ("in/a.score", "in/b.score", "out/c.score", "inside/d.score"):
        desk.write(name, tune(len(name), title=name))
    desk.index()
    for name in ("in/a.score", "out/c.score", "inside/d.score"):
        (desk.music / name).unlink()

    desk.index(desk.music / "in")

    assert desk.told == {"in/a.score": "removed", "in/b.score": "unchanged"}
    assert {Path(p.path).name for p in desk.library.pieces()} == {"b.score", "c.score", "d.score"}


def emptied(root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()


@pytest.mark.parametrize("vanish", [shutil.rmtree, emptied])
def test_an_unmounted_disk_does_not_empty_the_library(desk, vanish):
    desk.write("a.score", tune(1))
    desk.index()
    vanish(desk.music)

    desk.index()

    [event] = desk.events
    assert (event.status, event.reason) == (EventStatus.REFUSED, "not_found")
    assert "stays (1 files). Is its disk mounted?" in event.message
    assert len(desk.library.pieces()) == 1


@pytest.mark.skipif(os.name == "nt" or not os.geteuid(), reason="root may read everything")
def test_a_folder_that_may_not_be_read_keeps_its_pieces(desk):
    closed = desk.write("closed/a.score", tune(1)).parent
    desk.index()
    closed.chmod(0)

    desk.index()
    closed.chmod(0o700)

    assert desk.told == {"closed": "refused"}
    assert len(desk.library.pieces()) == 1


def test_a_file_named_by_itself_is_removed_when_gone(desk):
    gone, left = desk.write("a.score", tune(1)), desk.write("b.score", tune(2))
    desk.index()
    gone.unlink()

    desk.index(gone, left)

    assert desk.told == {"a.score": "removed", "b.score": "unchanged"}


def test_what_cannot_be_music_is_refused_where_it_is_named(desk):
    text = desk.write("a.txt", "words")
    pipe = desk.music / "pipe.score"
    os.mkfifo(pipe)

    summary = desk.index(text, pipe, desk.music / "nowhere.score", Path("nul\0.score"))

    assert [event.reason for event in desk.events] == [
        "unsupported_format",
        "unsupported_format",
        "not_found",
        "not_found",
    ]
    assert summary.refused == 4
    assert desk.index().refused == 0


def test_links_are_not_followed_and_a_folder_is_visited_once(desk, tmp_path):
    desk.write("a.score", tune(1))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.score").write_text(tune(2))
    (desk.music / "loop").symlink_to(desk.music)
    (desk.music / "out").symlink_to(outside)
    (desk.music / "file.score").symlink_to(outside / "secret.score")

    desk.index(desk.music, desk.music / "loop", desk.music / "a.score")

    assert desk.told == {"a.score": "indexed"}


def test_overlapping_folders_are_looked_at_once(desk):
    desk.write("in/a.score", tune(1))
    looked: list[Path] = []

    def is_music(path: Path) -> bool:
        looked.append(path)
        return True

    survey([desk.music, desk.music / "in", desk.music], is_music, {})

    assert len(looked) == 1


def test_what_lies_too_deep_is_neither_read_nor_removed(desk):
    deep = desk.write("d/" * 66 + "a.score", tune(1))
    desk.index(deep)
    deep.unlink()

    desk.index()

    [event] = desk.events
    assert "64 folders deep" in event.message
    assert len(desk.library.pieces()) == 1


def test_a_file_that_has_become_unreadable_loses_its_pieces(desk):
    path = desk.write("a.score", tune(1))
    desk.index()
    path.write_text("BROKEN")

    desk.index()

    assert desk.told == {"a.score": "refused"}
    assert desk.library.is_empty
    assert desk.library.check().sound


def test_names_of_any_bytes_are_indexed(desk):
    name = os.fsdecode(b"caf\xe9 ' \" \n.score")
    desk.write(name, tune(1))

    desk.index()
    desk.index()

    assert desk.told == {name: "unchanged"}
    assert Path(desk.library.pieces()[0].path).name == name


def test_a_cancelled_run_keeps_what_was_committed(desk):
    desk.options = {"batch": Batch(files=4)}
    for i in range(10):
        desk.write(f"{i}.score", tune(i))

    summary = desk.index(cancelled=lambda: len(desk.events) >= 4)
    # when the first batch was told of, the second was being written
    assert (summary.cancelled, summary.indexed) == (True, 8)
    assert desk.told == dict.fromkeys(desk.told, "indexed")
    assert desk.index().indexed == 2

    assert len(desk.library.pieces()) == 10


def test_the_next_batch_is_read_while_one_is_encoded_and_no_more(desk):
    desk.options = {"batch": Batch(files=4)}
    for i in range(20):
        desk.write(f"{i:02}.score", tune(i))
    read_before_encoding: list[int] = []

    class Waiting(HashEncoder):
        def encode_score(self, scores):
            wanted = min(8 + 4 * len(read_before_encoding), 20)  # this batch, and the next
            deadline = time.monotonic() + 5
            while len(desk.formats.opened) < wanted and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(0.05)  # time to read on, if anything did
            read_before_encoding.append(len(desk.formats.opened))
            return super().encode_score(scores)

    desk.encoder = Waiting()
    assert desk.index().indexed == 20

    assert read_before_encoding == [8, 12, 16, 20, 20]


def test_what_goes_wrong_while_a_batch_is_written_ends_the_run(desk, monkeypatch):
    desk.options = {"batch": Batch(files=4)}
    for i in range(10):
        desk.write(f"{i}.score", tune(i))

    def full(*_: object) -> None:
        raise LibraryFullError("There is no space left.")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", full)
        with pytest.raises(LibraryFullError):
            desk.index()

    assert desk.library.is_empty
    assert desk.index().indexed == 10


def test_an_encoder_of_another_space_is_refused(desk):
    with pytest.raises(EncoderMismatchError, match="'other'"):
        Indexer(desk.library, HashEncoder(space="other"), desk.formats)


def test_a_second_run_is_fifty_times_quicker(desk):
    text = tune(0, bars=100)
    for i in range(200):
        desk.write(f"{i % 7}/{i}.score", f"title: {i}\n{text}")
    first = desk.index().seconds

    again = [desk.index() for _ in range(3)]

    assert again[0].unchanged == 200
    assert min(summary.seconds for summary in again) < first / 50


def half_old(folder: Path) -> Desk:
    """Twenty files, of which three are in the library: two are changed by now and one is gone."""
    folder.mkdir()
    desk = Desk(folder, batch=Batch(files=5))
    for i in range(20):
        desk.write(f"{i:02}.score", tune(i, title="first"))
    desk.index(*(desk.music / f"0{i}.score" for i in range(3)))
    for i in range(2):
        desk.write(f"0{i}.score", tune(100 + i, bars=12 + 8 * i, title="changed"))
    (desk.music / "02.score").unlink()
    return desk


def rows_after_another_run(desk: Desk) -> dict:
    desk.library.close()
    desk.library = Library.open(desk.library.folder, desk.encoder.space, desk.encoder.dim)
    desk.index()
    report = desk.library.check()
    assert report.sound
    vectors = {
        (Path(piece.path).name, piece.metadata.title, passage): vector.tobytes()
        for piece in desk.library.pieces()
        for passage in (None, *desk.library.passages(piece.id))
        if (vector := desk.library.vector(piece.id, passage)) is not None
    }
    assert len(vectors) == report.rows == 19 * 3 + 2
    return vectors


class Death(BaseException):
    """Stands for SIGKILL: nobody catches it, and no commit comes after it."""


@pytest.mark.parametrize(
    ("owner", "step", "call"),
    [
        (HashEncoder, "encode_score", 3),
        (Store, "write", 1),
        (LanceTable, "add", 1),
        (LanceTable, "add", 5),
        (Store, "_put", 1),
        (LanceTable, "delete", 2),
        (LanceTable, "delete", 3),
        (LanceTable, "optimize", 1),
    ],
)
def test_a_rerun_after_a_death_ends_with_the_rows_of_one_clean_run(
    tmp_path, monkeypatch, owner, step, call
):
    expected = rows_after_another_run(half_old(tmp_path / "clean"))
    desk = half_old(tmp_path / "killed")
    calls = iter(range(1, call))
    method = getattr(owner, step)

    def dying(*arguments, **options):
        if next(calls, None) is None:
            raise Death
        return method(*arguments, **options)

    monkeypatch.setattr(owner, step, dying)
    with pytest.raises(Death):
        desk.index()
    monkeypatch.undo()

    assert rows_after_another_run(desk) == expected


def test_a_killed_process_leaves_a_library_that_the_next_run_completes(tmp_path):
    expected = rows_after_another_run(half_old(tmp_path / "clean"))
    desk = half_old(tmp_path / "killed")
    desk.library.close()

    script = Path(__file__).with_name("killed_run.py")
    killed = subprocess.run([sys.executable, script, tmp_path / "killed"], check=False)

    assert killed.returncode == -signal.SIGKILL
    assert rows_after_another_run(desk) == expected
