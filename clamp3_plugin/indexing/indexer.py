"""Put files into the library: unchanged ones are not opened, moved ones not encoded again.

Files are read one by one and encoded and committed in batches: while one batch is encoded and written, the
files of the next are read, and no more than that. A batch that does not end, because the run is cancelled or
dies, leaves the library without its files, and the next run takes them up.
What the model in use does not read is noted without being opened, and looked at again by every run.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from clamp3_plugin.encoding import Encoder
from clamp3_plugin.errors import EncoderMismatchError, MissingFileError
from clamp3_plugin.indexing.embedding import Batch, Embedding, Pending
from clamp3_plugin.indexing.events import FileEvent, Summary
from clamp3_plugin.indexing.formats import Formats
from clamp3_plugin.indexing.preparation import CancelledError, KnownMusic
from clamp3_plugin.indexing.survey import survey
from clamp3_plugin.indexing.telling import Telling
from clamp3_plugin.indexing.triage import Action, Decision, Triage, content_hash
from clamp3_plugin.library.entries import FileRecord, Stamp
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


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is written together."""

    pending: list[Pending] = field(default_factory=list)
    restamped: list[FileRecord] = field(default_factory=list)
    moves: dict[str, FileRecord] = field(default_factory=dict)
    """New records by the former path."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What became of a batch."""

    added: Sequence[FileRecord]
    moved: Sequence[FileRecord]


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
        self._tell = Telling(on_event)
        self._cancelled = cancelled
        self._gone: frozenset[str] = frozenset()
        self._reading = _Batch()
        self._writer = ThreadPoolExecutor(1, "index-writer")
        self._writing: Future[_Written] | None = None

    def run(self, paths: Iterable[str | os.PathLike[str]]) -> Summary:
        seen = survey(paths, self._formats.is_music, self._library.records)
        self._gone = frozenset(seen.gone)
        self._tell.total = len(seen.files) + len(seen.gone) + len(seen.complaints)
        for path, error in seen.complaints:
            self._tell.error(path, error)
        with self._writer:  # whatever happens, what is being written is waited for
            cancelled = self._take_all(seen.files)
            if not cancelled:
                self._commit()
            self._written()
        if not cancelled:
            self._remove([path for path in seen.gone if path in self._library.records])
        if self._tell.has_news:
            self._library.tidy()
        return self._tell.summary(cancelled=cancelled)

    def _take_all(self, files: Mapping[str, Stamp]) -> bool:
        """Take files until all are taken or the run is cancelled; tells which."""
        for path, stamp in files.items():
            if self._cancelled():
                return True
            try:
                self._take(path, stamp)
            except CancelledError:
                return True
        return False

    def _take(self, path: str, stamp: Stamp) -> None:
        decision = self._triage.by_stamp(path, stamp)
        if decision is None:
            try:
                sha256 = content_hash(path, stamp, self._formats)
            except MissingFileError as error:
                self._tell.error(path, error)
                return
            decision = self._triage.by_content(path, stamp, sha256)
        self._do(decision)
        if self._is_full():
            self._commit()

    def _do(self, decision: Decision) -> None:
        record = decision.record
        match decision.action:
            case Action.KEEP:
                self._tell.known(record)
            case Action.LEAVE_OUT:
                self._reading.pending.append(Pending(record))
            case Action.RESTAMP:
                self._reading.restamped.append(record)
                self._tell.known(record)
            case Action.MOVE:
                self._reading.moves[decision.former] = record
                self._tell.total -= decision.former in self._gone
            case Action.READ:
                try:
                    self._reading.pending.append(self._embedding.read(record))
                except MissingFileError as error:
                    self._tell.error(record.path, error)

    def _is_full(self) -> bool:
        waiting = [pending.record for pending in self._reading.pending]
        return self._batch.is_filled_by(waiting, len(self._reading.moves))

    def _commit(self) -> None:
        """Have what was read encoded and written, once the batch before it is."""
        self._written()
        batch, self._reading = self._reading, _Batch()
        self._writing = self._writer.submit(self._write, batch)

    def _write(self, batch: "_Batch") -> "_Written":
        """Encode and write a batch, in the writer's thread."""
        entries = self._embedding.encode(batch.pending)
        self._library.add(entries)
        self._library.move(batch.moves)
        self._library.restamp(batch.restamped)
        return _Written([entry.record for entry in entries], [*batch.moves.values()])

    def _written(self) -> None:
        """Wait for the batch that is being written, and tell of it."""
        if self._writing is None:
            return
        written = self._writing.result()
        self._writing = None
        for record in written.added:
            self._tell.written(record)
        for record in written.moved:
            self._tell.moved(record)

    def _remove(self, paths: Sequence[str]) -> None:
        self._library.forget(paths)
        for path in paths:
            self._tell.removed(path)
