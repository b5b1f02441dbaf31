"""What the store promises of its files: batches whole, rot found, the last good state taken.

Negative controls, 2026-11-30: with ``Journal.set_aside_rest`` leaving everything where it is the failed
batch left a row twice; without the sums of the journal none of 50 flips was named; without the ``fsync``
in ``durable.sync_files`` the files of a batch were not on the disk.
"""

import json
import os
import random
from pathlib import Path

import numpy as np
import pytest

from clamp3_plugin.errors import LibraryFullError, LibraryNewerError
from clamp3_plugin.library import journal
from clamp3_plugin.library.entries import FileEntry, FileRecord, PieceEntry, Stamp
from clamp3_plugin.library.journal import QUARANTINE, Commit
from clamp3_plugin.library.library import Library
from clamp3_plugin.library.store import Store
from clamp3_plugin.music import Metadata, Modality

DIM = 8


def entry(path: str, axis: int) -> FileEntry:
    """A file with one piece, whose vector points along an axis."""
    piece = PieceEntry(Modality.SCORE, Metadata(), (), np.eye(DIM, dtype=np.float32)[[axis]])
    return FileEntry(FileRecord(path, Stamp(axis, axis), f"{axis:02x}", pieces=1), (piece,))


def axes(library: Library) -> dict[str, int]:
    vectors = {piece.path: library.entry(piece.id).vectors for piece in library.pieces()}
    return {path: int(np.argmax(vector[0])) for path, vector in vectors.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


def opened(folder: Path) -> Library:
    return Library.open(folder, "s", DIM)


def test_a_batch_that_meets_a_full_disk_leaves_everything_as_it_was(folder, monkeypatch):
    put = Store._put

    def full(self, records, known):
        raise RuntimeError("lance error: No space left on device (os error 28)")

    with opened(folder) as library:
        library.add([entry("/a", 1), entry("/b", 2)])
        monkeypatch.setattr(Store, "_put", full)
        with pytest.raises(LibraryFullError, match="Make room"):
            library.add([entry("/a", 3), entry("/c", 4)])
        monkeypatch.setattr(Store, "_put", put)
        assert axes(library) == {"/a": 1, "/b": 2}

        library.add([entry("/c", 5)])
        assert library.check().problems == ()

    with opened(folder) as again:
        assert axes(again) == {"/a": 1, "/b": 2, "/c": 5}
        assert again.check().problems == ()


def test_every_flipped_byte_is_found(folder):
    chance = random.Random(8)  # noqa: S311 - a plan, no secret
    with opened(folder) as library:
        for axis in range(4):
            library.add([entry(f"/{axis}", axis)])
        library.add([entry("/1", 5)])
        files = [
            path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.parent != folder and path.suffix != ".json"
        ]
        missed = []
        for _ in range(50):
            path = chance.choice(files)
            content = path.read_bytes()
            flipped = bytearray(content)
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
            path.write_bytes(flipped)
            name = path.relative_to(folder).as_posix()
            if not any(name in problem for problem in library.check().problems):
                missed.append(name)
            path.write_bytes(content)

        assert missed == []
        assert library.check().problems == ()


@pytest.mark.parametrize("at", range(0, 160, 20))
def test_a_damaged_journal_is_done_without(folder, at):
    with opened(folder) as library:
        library.add([entry("/a", 1)])
    [path] = folder.glob("*.commit.json")
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)

    assert Commit.from_json(bytes(content)) is None
    with opened(folder) as again:
        assert axes(again) == {"/a": 1}
        assert again.check().problems == ()


@pytest.mark.parametrize("content", [b"", b"half"], ids=["empty", "cut"])
def test_a_manifest_that_rots_costs_one_step_and_is_told(folder, content):
    with opened(folder) as library:
        library.add([entry("/a", 1)])
        library.add([entry("/b", 2)])
    newest = min(folder.glob("*.files.lance/_versions/*.manifest"))
    newest.write_bytes(content)

    with opened(folder) as again:
        assert axes(again) == {"/a": 1}
        assert "index your folders again" in again.check().problems[0]
        again.add([entry("/b", 3)])
    with opened(folder) as later:
        assert axes(later) == {"/a": 1, "/b": 3}
        assert later.check().problems == ()
    assert [path.name for path in (folder / QUARANTINE).rglob("*.manifest")] == [newest.name]


def test_what_was_set_aside_goes_after_two_weeks(folder, monkeypatch):
    with opened(folder) as library:
        library.add([entry("/a", 1)])
        [table] = folder.glob("*.files.lance")
        (table / "data" / "stray.lance").write_bytes(b"of a writer that died")
        (table / "data" / ".tmp-1").write_bytes(b"half")
    with opened(folder) as library:
        aside = list((folder / QUARANTINE).rglob("stray.lance"))
        library.compact()
        kept = [path.exists() for path in aside]
        monkeypatch.setattr(journal, "_ASIDE_S", -1.0)
        monkeypatch.setattr(journal, "_TEMPORARY_S", -1.0)
        library.compact()

        assert kept == [True]
        assert not any(path.exists() for path in aside)
        assert not (table / "data" / ".tmp-1").exists()
        assert axes(library) == {"/a": 1}


def test_a_library_of_a_later_version_is_refused_and_left_alone(folder):
    with opened(folder) as library:
        library.add([entry("/a", 1)])
    about = {"schema": 9, "min_reader": 9, "version": "7.1"}
    (folder / "schema.json").write_text(json.dumps(about))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    for read_only in (False, True):
        with pytest.raises(LibraryNewerError, match=r"Install clamp3-plugin 7\.1"):
            Library.open(folder, "s", DIM, read_only=read_only)

    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_every_batch_is_on_the_disk_before_it_is_acknowledged(folder, monkeypatch):
    sync, synced = os.fsync, set()

    def noting(descriptor: int) -> None:
        sync(descriptor)
        synced.add(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr(os, "fsync", noting)
    with opened(folder) as library:
        for axis in range(3):
            library.add([entry(f"/{axis}", axis)])
            there = {path for path in folder.rglob("*") if path.is_file()}
            unsafe = {path.name for path in there - synced}
            assert {name for name in unsafe if not name.endswith((".json", ".lock"))} == set()
            assert folder in synced
