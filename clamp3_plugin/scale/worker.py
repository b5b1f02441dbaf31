"""What a worker does: hash files; read and encode files, write their rows, leave a receipt.

A worker is told no secrets: the library's object store it reaches with the variables of its own machine.

Conventions: what goes to workers and comes back are dictionaries of bytes, a row each.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from clamp3_plugin.encoding import Encoder
from clamp3_plugin.errors import Clamp3Error, MissingFileError, error_of
from clamp3_plugin.indexing.embedding import Batch, Embedding, Pending
from clamp3_plugin.indexing.formats import Formats
from clamp3_plugin.indexing.triage import content_hash
from clamp3_plugin.library.entries import FileEntry, FileRecord, Stamp
from clamp3_plugin.library.fragments import FragmentWriter
from clamp3_plugin.library.prefix import folder_of
from clamp3_plugin.library.staging import Receipt, Staging

Row = dict[str, bytes]


class Worker(Protocol):
    """Works on one row after the other, in a process of its own."""

    def __call__(self, row: Row, /) -> Row:
        """Work on a row."""


MOST_TRIES = 3
"""A batch at which so many workers have died, for want of memory say, ends the run."""


@dataclass(frozen=True, slots=True)
class Job:
    """What every worker must know; it goes to other machines, and so do the two functions, by name."""

    load: Callable[[], Encoder]
    formats: Callable[[], Formats]
    library: str
    """A folder that all machines see, or a URI."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of a batch."""

    receipt: Receipt
    unreadable: tuple[tuple[str, Clamp3Error], ...]
    """Files that were there before, and now cannot be opened."""

    def to_row(self) -> Row:
        """Write it down."""
        told = [(path, error.code, error.message, error.hint) for path, error in self.unreadable]
        unreadable = json.dumps(told).encode()
        return {"receipt": self.receipt.to_json(), "unreadable": unreadable, "failure": b""}

    @classmethod
    def from_row(cls, row: Row) -> "Outcome":
        """Read it.

        Raises
        ------
        Clamp3Error
            There is none: what the worker said instead.
        """
        if row["failure"]:
            raise error_of(*json.loads(row["failure"]))
        told = json.loads(row["unreadable"])
        unreadable = tuple((path, error_of(*error)) for path, *error in told)
        return cls(Receipt.from_json(row["receipt"]), unreadable)


def files_row(records: Sequence[FileRecord]) -> Row:
    """Write down which files are meant, in which state."""
    return {"files": json.dumps([_fields(record) for record in records]).encode()}


def _fields(record: FileRecord) -> list[object]:
    stamp = record.stamp
    return [record.path, stamp.size, stamp.mtime_ns, stamp.inode, record.sha256]


def _records(row: Row) -> list[FileRecord]:
    return [
        FileRecord(path, Stamp(size, mtime_ns, inode), sha256)
        for path, size, mtime_ns, inode, sha256 in json.loads(row["files"])
    ]


@dataclass(frozen=True, slots=True)
class Hashing:
    """Hashes files."""

    formats: Callable[[], Formats]

    def __call__(self, row: Row) -> Row:
        """Hash the files of a row."""
        formats = self.formats()
        return {"hashes": json.dumps([self._hashed(r, formats) for r in _records(row)]).encode()}

    def _hashed(self, record: FileRecord, formats: Formats) -> list[str]:
        try:
            return [record.path, content_hash(record.path, record.stamp, formats)]
        except MissingFileError as error:
            return [record.path, "", error.code, error.message, error.hint]


def hashes_of(row: Row) -> list[tuple[str, str | Clamp3Error]]:
    """Read what ``Hashing`` gives: paths, each with a hash or with why there is none."""
    told: list[list[Any]] = json.loads(row["hashes"])
    return [(path, error_of(*error) if error else str(sha256)) for path, sha256, *error in told]


def _failure(error: Clamp3Error) -> Row:
    """Write down why a batch has come to nothing: Ray would not hand on our errors as they are."""
    told = json.dumps([error.code, error.message, error.hint]).encode()
    return {"receipt": b"", "unreadable": b"", "failure": told}


class EmbeddingWorker:
    """Embeds one batch of files after the other."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def __call__(self, row: Row) -> Row:
        """Embed the files of a row, and write what comes of them; gives an ``Outcome``."""
        try:
            return self._bench.embed(_records(row)).to_row()
        except Clamp3Error as error:
            return _failure(error)

    @cached_property
    def _bench(self) -> "_Bench":
        return _Bench(self._job)


class _Bench:
    """What a worker keeps from one batch to the next: the model, and the way to the library."""

    def __init__(self, job: Job) -> None:
        encoder = job.load()
        folder = folder_of(job.library)
        self._embedding = Embedding(encoder, job.formats(), lambda _: None, lambda: False)
        self._writer = FragmentWriter(folder, encoder.space, encoder.dim)
        self._staging = Staging(folder, encoder.space)
        self._batch = Batch()

    def embed(self, records: Sequence[FileRecord]) -> Outcome:
        """Embed files, and write what comes of them.

        Raises
        ------
        Clamp3Error
            The library cannot be written, or workers die at these files again and again.
        """
        name = Receipt((), (), tuple(records)).name
        if self._staging.tries(name) >= MOST_TRIES:
            first, last = Path(records[0].path).name, Path(records[-1].path).name
            raise Clamp3Error(
                f"{MOST_TRIES} workers died while they embedded {len(records)} files, from {first}"
                f" to {last}.",
                "Give each more memory, or take fewer of them: --workers.",
            )
        entries: list[FileEntry] = []
        waiting: list[Pending] = []
        unreadable = []
        for record in records:
            try:
                waiting.append(self._embedding.read(record))
            except MissingFileError as error:
                unreadable.append((record.path, error))
            if self._batch.is_filled_by([pending.record for pending in waiting]):
                entries += self._embedding.encode(waiting)
                waiting = []
        entries += self._embedding.encode(waiting)
        receipt = self._writer.write(entries)
        self._staging.put(receipt)
        return Outcome(receipt, tuple(unreadable))
