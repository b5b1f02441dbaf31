"""Put files into the library: unchanged ones are not opened, moved ones not encoded again.

Files are read one by one and encoded and committed in batches. A batch that does not end, because
the run is cancelled or dies, leaves the library without its files, and the next run takes them up.
What the model in use does not read is noted without being opened, and looked at again by every run.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from clamp3_plugin.encoding import Encoder
from clamp3_plugin.errors import Clamp3Error, EncoderMismatchError, MissingFileError, UnheardError
from clamp3_plugin.indexing.embedding import Batch, Embedding, Pending
from clamp3_plugin.indexing.events import EventStatus, FileEvent, Summary
from clamp3_plugin.indexing.formats import Formats
from clamp3_plugin.indexing.preparation import CancelledError, KnownMusic
from clamp3_plugin.indexing.survey import survey
from clamp3_plugin.indexing.triage import Action, Decision, Triage, content_hash
from clamp3_plugin.library.entries import FileRecord, FileStatus, Stamp
from clamp3_plugin.library.library import Library


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
        self._formats = indexer.formats
        encoder, formats, known = indexer.encoder, indexer.formats, KnownMusic(indexer.library)
        self._triage = Triage(indexer.library, encoder.require, formats, retry=retry)
        self._embedding = Embedding(encoder, formats, known, cancelled)
        self._batch = indexer.batch
        self._on_event = on_event
        self._cancelled = cancelled
        self._counts: Counter[EventStatus] = Counter()
        self._passages = self._total = self._unheard = 0
        self._gone: frozenset[str] = frozenset()
        self._pending: list[Pending] = []
        self._restamped: list[FileRecord] = []
        self._moves: dict[str, FileRecord] = {}

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
        decision = self._triage.by_stamp(path, stamp)
        if decision is None:
            try:
                sha256 = content_hash(path, stamp, self._formats)
            except MissingFileError as error:
                self._tell_error(path, error)
                return
            decision = self._triage.by_content(path, stamp, sha256)
        self._do(decision)
        if self._is_full():
            self._commit()

    def _do(self, decision: Decision) -> None:
        record = decision.record
        match decision.action:
            case Action.KEEP:
                self._tell_known(record)
            case Action.LEAVE_OUT:
                self._pending.append(Pending(record))
            case Action.RESTAMP:
                self._restamped.append(record)
                self._tell_known(record)
            case Action.MOVE:
                self._moves[decision.former] = record
                self._total -= decision.former in self._gone
            case Action.READ:
                try:
                    self._pending.append(self._embedding.read(record))
                except MissingFileError as error:
                    self._tell_error(record.path, error)

    def _is_full(self) -> bool:
        rows = sum(pending.record.rows for pending in self._pending)
        return (
            len(self._pending) + len(self._moves) >= self._batch.files or rows >= self._batch.rows
        )

    def _commit(self) -> None:
        """Encode and write what waits."""
        entries = self._embedding.encode(self._pending)
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
