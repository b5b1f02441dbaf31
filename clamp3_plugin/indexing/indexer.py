"""Put files into the library: unchanged ones are not opened, moved ones not encoded again.

Files are read one by one and encoded and committed in batches. A batch that does not end, because
the run is cancelled or dies, leaves the library without its files, and the next run takes them up.
What the model in use does not read is noted without being opened, and looked at again by every run.
"""

import hashlib
import os
import struct
import time
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from clamp3_plugin.encoding import Embeddings, Encoder, Input, encode
from clamp3_plugin.errors import (
    Clamp3Error,
    EncoderMismatchError,
    MissingFileError,
    NoModelError,
    UnheardError,
)
from clamp3_plugin.indexing.events import EventStatus, FileEvent, Summary
from clamp3_plugin.indexing.preparation import CancelledError, KnownPiece, Piece, Preparation
from clamp3_plugin.indexing.survey import survey
from clamp3_plugin.library.entries import FileEntry, FileRecord, FileStatus, Stamp
from clamp3_plugin.library.library import Library
from clamp3_plugin.music import Modality
from clamp3_plugin.readers.content import Content
from clamp3_plugin.readers.resolved import open_resolved

READER_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What parsers raise on files that nobody foresaw: 17 kinds were seen, and none may end a run."""


class Formats(Protocol):
    """What is read as music; ``clamp3_plugin.readers.registry`` is one."""

    def is_music(self, path: Path, /) -> bool:
        """Tell by its name whether a file is music."""

    def modality_of(self, path: Path, /) -> Modality | None:
        """Tell by its name what a file holds."""

    def most_bytes(self, path: Path, /) -> int:
        """Tell by its name how large a file may be; larger ones are not opened."""

    def read(self, path: Path, /) -> Sequence[Content]:
        """Read the pieces of a file in order."""


@dataclass(frozen=True, slots=True)
class Batch:
    """When a batch is full: the encoder sorts what it gets by length, so more is quicker."""

    files: int = 64
    rows: int = 256


@dataclass(frozen=True, slots=True)
class _Pending:
    """A file that waits for its batch; a refused one has no pieces."""

    record: FileRecord
    pieces: tuple[Piece | KnownPiece, ...] = ()


def _ignore(_event: FileEvent) -> None:
    """Tell nobody."""


def _never() -> bool:
    return False


class Indexer:
    """Brings a library up to date with folders and files."""

    def __init__(
        self, library: Library, encoder: Encoder, formats: Formats, batch: Batch | None = None
    ) -> None:
        if encoder.space != library.space:
            raise EncoderMismatchError(
                f"The model is {encoder.space!r}, the library of {library.space!r}.",
                "Start again with one of the two.",
            )
        self.library = library
        self.encoder = encoder
        self.formats = formats
        self.batch = batch or Batch()

    def run(
        self,
        paths: Iterable[str | os.PathLike[str]],
        on_event: Callable[[FileEvent], None] = _ignore,
        cancelled: Callable[[], bool] = _never,
        *,
        retry: bool = False,
    ) -> Summary:
        """Bring the library up to date with what is at and below some paths.

        Parameters
        ----------
        paths
            Files and folders. Of folders, music files that are gone are removed from the library.
        on_event
            Told what became of each file.
        cancelled
            Asked between files; what was committed stays.
        retry
            Read files again that were refused or failed, though they are unchanged.
        """
        return _Run(self, on_event, cancelled, retry=retry).run(paths)


class _Run:
    """One run: what is counted and what waits to be committed."""

    def __init__(
        self,
        indexer: Indexer,
        on_event: Callable[[FileEvent], None],
        cancelled: Callable[[], bool],
        *,
        retry: bool,
    ) -> None:
        self._library = indexer.library
        self._encoder = indexer.encoder
        self._formats = indexer.formats
        self._preparation = Preparation(
            indexer.library, indexer.encoder, indexer.formats.read, cancelled
        )
        self._deafness: dict[Modality | None, str] = {}
        self._batch = indexer.batch
        self._on_event = on_event
        self._cancelled = cancelled
        self._retry = retry
        self._counts: Counter[EventStatus] = Counter()
        self._passages = self._total = self._unheard = 0
        self._gone: frozenset[str] = frozenset()
        self._pending: list[_Pending] = []
        self._restamped: list[FileRecord] = []
        self._moves: dict[str, FileRecord] = {}
        self._known_by_hash: dict[str, list[FileRecord]] | None = None

    def run(self, paths: Iterable[str | os.PathLike[str]]) -> Summary:
        began = time.monotonic()
        seen = survey(paths, self._formats.is_music, self._library.records)
        self._gone = frozenset(seen.gone)
        self._total = len(seen.files) + len(seen.gone) + len(seen.complaints)
        for path, error in seen.complaints:
            self._tell_error(path, error)
        cancelled = False
        for path, stamp in seen.files.items():
            cancelled = self._cancelled()
            if cancelled:
                break
            try:
                self._take(path, stamp)
            except CancelledError:
                cancelled = True
                break
        if not cancelled:
            self._commit()
            self._remove([path for path in seen.gone if path in self._library.records])
        if self._counts.keys() - {EventStatus.UNCHANGED, EventStatus.REFUSED}:
            self._library.tidy()
        seconds = time.monotonic() - began
        return Summary.of(self._counts, self._unheard, self._passages, seconds, cancelled=cancelled)

    def _take(self, path: str, stamp: Stamp) -> None:
        record = self._library.records.get(path)
        if deafness := self._deaf_to(path):
            self._leave_out(record, FileRecord(path, stamp, ""), deafness)
            return
        if record and record.reason == UnheardError.code:
            record = None  # now there is a model that hears it
        if record and self._retry and record.status is not FileStatus.INDEXED:
            record = None
        if record and record.stamp.agrees(stamp):
            self._tell_known(record)
            return
        try:
            sha256 = self._sha256(path, stamp)
        except OSError as error:
            self._tell_error(path, MissingFileError(f"{path} cannot be read: {error.strerror}."))
            return
        if record and sha256 and record.sha256 == sha256:
            self._restamped.append(replace(record, stamp=stamp))
            self._tell_known(record)
        elif path not in self._library.records and (old := self._former(path, sha256)):
            self._moves[old.path] = replace(old, path=path, stamp=stamp)
            self._total -= old.path in self._gone
        else:
            self._read(FileRecord(path, stamp, sha256))
        if self._is_full():
            self._commit()

    def _sha256(self, path: str, stamp: Stamp) -> str:
        """Hash a file; empty where it will be refused by its size, be it terabytes of nothing."""
        if stamp.size > self._formats.most_bytes(Path(path)):
            return ""
        with os.fdopen(open_resolved(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _deaf_to(self, path: str) -> str:
        """Say why the model does not read what a file holds; empty where it does."""
        modality = self._formats.modality_of(Path(path))
        if modality not in self._deafness:
            self._deafness[modality] = ""
            try:
                if modality is not None:
                    self._encoder.require(modality)
            except NoModelError as error:
                self._deafness[modality] = str(error)
        return self._deafness[modality]

    def _leave_out(self, known: FileRecord | None, record: FileRecord, why: str) -> None:
        """Note a file that waits for a model that hears it; what was heard of it before stays."""
        unchanged = known is not None and known.stamp.agrees(record.stamp)
        if known and unchanged and (known.status is FileStatus.INDEXED or known.message == why):
            self._tell_known(known)
            return
        left = replace(record, status=FileStatus.REFUSED, reason=UnheardError.code, message=why)
        self._pending.append(_Pending(left))
        if self._is_full():
            self._commit()

    def _former(self, path: str, sha256: str) -> FileRecord | None:
        """Find the record of a file that has moved to a path: same content, and gone itself."""
        if self._known_by_hash is None:
            self._known_by_hash = defaultdict(list)
            for record in self._library.records.values():
                if record.sha256 and record.status is FileStatus.INDEXED:
                    self._known_by_hash[record.sha256].append(record)
        for record in self._known_by_hash.get(sha256, []):
            same_kind = Path(record.path).suffix.lower() == Path(path).suffix.lower()
            left = record.path in self._library.records and record.path not in self._moves
            if same_kind and left and not os.path.lexists(record.path):
                return record
        return None

    def _read(self, record: FileRecord) -> None:
        try:
            counted, pieces = self._preparation.pieces(record)
        except MissingFileError as error:
            self._tell_error(record.path, error)  # not remembered: a permission leaves no trace
        except Clamp3Error as error:
            refused = replace(record, status=FileStatus.REFUSED, reason=error.code)
            self._pending.append(_Pending(replace(refused, message=str(error))))
        except READER_FAILURES as error:
            self._pending.append(_Pending(_failed(record, error)))
        else:
            self._pending.append(_Pending(counted, pieces))

    def _is_full(self) -> bool:
        rows = sum(pending.record.rows for pending in self._pending)
        return (
            len(self._pending) + len(self._moves) >= self._batch.files or rows >= self._batch.rows
        )

    def _commit(self) -> None:
        """Encode and write what waits."""
        entries = self._encode(self._pending)
        self._library.add(entries)
        self._library.move(self._moves)
        self._library.restamp(self._restamped)
        self._pending, self._restamped = [], []
        for entry in entries:
            self._tell_written(entry.record)
        moved = list(self._moves.values())
        self._moves.clear()
        for record in moved:
            self._tell(FileEvent(record.path, EventStatus.MOVED, passages=record.passages))

    def _encode(self, pending: Sequence[_Pending]) -> list[FileEntry]:
        """Encode files at once, or one by one where one of them cannot be encoded."""
        try:
            return self._encode_together(pending)
        except (Clamp3Error, ValueError) as error:
            if len(pending) > 1:
                return [entry for one in pending for entry in self._encode([one])]
            return [FileEntry(_failed(pending[0].record, error))]

    def _encode_together(self, pending: Sequence[_Pending]) -> list[FileEntry]:
        pieces = [piece for file in pending for piece in file.pieces]
        vectors: dict[int, Embeddings] = {}
        for modality in {piece.modality for piece in pieces}:
            chosen = [i for i, piece in enumerate(pieces) if piece.modality is modality]
            inputs: list[Input] = [each for i in chosen for each in pieces[i].inputs]
            ends = np.cumsum([len(pieces[i].inputs) for i in chosen])
            parts = np.split(encode(self._encoder, modality, inputs), ends[:-1])
            vectors |= dict(zip(chosen, parts, strict=True))
        entries = (piece.entry(vectors[i]) for i, piece in enumerate(pieces))
        return [
            FileEntry(file.record, tuple(next(entries) for _ in file.pieces)) for file in pending
        ]

    def _remove(self, paths: Sequence[str]) -> None:
        self._library.forget(paths)
        for path in paths:
            self._tell(FileEvent(path, EventStatus.REMOVED))

    def _tell_known(self, record: FileRecord) -> None:
        if record.status is FileStatus.INDEXED:
            passages = record.passages
            self._tell(FileEvent(record.path, EventStatus.UNCHANGED, passages=passages))
        else:
            status = EventStatus(record.status.value)
            self._tell(FileEvent(record.path, status, record.reason, record.message, known=True))

    def _tell_written(self, record: FileRecord) -> None:
        self._passages += record.passages
        status = EventStatus(record.status.value)
        event = FileEvent(record.path, status, record.reason, record.message, record.passages)
        self._tell(event)

    def _tell_error(self, path: str, error: Clamp3Error) -> None:
        self._tell(FileEvent(path, EventStatus.REFUSED, error.code, str(error)))

    def _tell(self, event: FileEvent) -> None:
        self._counts[event.status] += 1
        self._unheard += event.reason == UnheardError.code
        done = self._counts.total()
        self._on_event(replace(event, done=done, total=self._total))


def _failed(record: FileRecord, error: Exception) -> FileRecord:
    kind = type(error).__name__
    message = f"{Path(record.path).name} could not be read ({kind}: {str(error)[:200]})."
    failed = replace(record, status=FileStatus.FAILED, reason="failed", pieces=0, passages=0)
    return replace(failed, message=f"{message} This is a mistake of ours: please report it.")
