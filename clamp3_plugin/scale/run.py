"""A run on many workers: it brings a library to where ``indexing`` would bring it, with one commit.

Nothing is in the library before the commit at the end. What was embedded before that is kept beside it,
so a run that dies, or is stopped, is taken up where it was.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.indexing.events import FileEvent, Summary
from clamp3_plugin.indexing.survey import Survey, survey
from clamp3_plugin.indexing.telling import Telling
from clamp3_plugin.indexing.triage import Action, Decision, Triage
from clamp3_plugin.library.bulk import BulkLibrary
from clamp3_plugin.library.entries import FileEntry, FileRecord, Stamp
from clamp3_plugin.library.prefix import folder_of
from clamp3_plugin.library.staging import Receipt
from clamp3_plugin.scale.worker import (
    EmbeddingWorker,
    Hashing,
    Job,
    Outcome,
    Row,
    Worker,
    files_row,
    hashes_of,
)

MOST_FILES = 2048
"""Of a batch, which is a fragment: ten million files make 5000, and a dead worker costs one of them."""
_BATCHES_A_WORKER = 4
HASHED_AT_ONCE = 512


class Workers(Protocol):
    """Who does the work; ``cluster.Cluster`` is one."""

    @property
    def workers(self) -> int:
        """How many there are."""

    def each(self, function: Callable[[Row], Row], rows: Sequence[Row], /) -> Iterator[Row]:
        """Call a function with every row; gives what comes of them as it comes."""

    def by_workers(
        self, worker: type[Worker], arguments: Sequence[object], rows: Sequence[Row], /
    ) -> Iterator[Row]:
        """Give every row to one of several workers, each made once; gives what comes of them."""


def index(
    job: Job,
    cluster: Workers,
    paths: Iterable[str | os.PathLike[str]],
    on_event: Callable[[FileEvent], None],
    *,
    retry: bool = False,
) -> Summary:
    """Bring a library up to date with what is at and below some paths.

    Parameters
    ----------
    paths
        Files and folders, which every machine of the cluster sees under the same names.
    on_event
        Told what became of each file; of what was embedded before it is in the library.
    retry
        Read files again that were refused or failed, though they are unchanged.

    Raises
    ------
    LibraryBusyError
        Somebody else writes to it.
    LibraryDamagedError
        It cannot be read or written.
    """
    encoder = job.load()
    library = BulkLibrary(folder_of(job.library), encoder.space, encoder.dim)
    try:
        triage = Triage(library, encoder.require, job.formats(), retry=retry)
        return _Run(job, cluster, library, triage, Telling(on_event)).run(paths)
    finally:
        library.close()


@dataclass(slots=True)
class _Run:
    job: Job
    cluster: Workers
    library: BulkLibrary
    triage: Triage
    tell: Telling
    receipts: list[Receipt] = field(default_factory=list)
    restamped: list[FileRecord] = field(default_factory=list)
    moves: dict[str, FileRecord] = field(default_factory=dict)
    left_out: list[FileRecord] = field(default_factory=list)
    to_read: list[FileRecord] = field(default_factory=list)

    def run(self, paths: Iterable[str | os.PathLike[str]]) -> Summary:
        seen = survey(paths, self.job.formats().is_music, self.library.records)
        self.tell.total = len(seen.files) + len(seen.gone) + len(seen.complaints)
        for path, error in seen.complaints:
            self.tell.error(path, error)
        self._decide(seen)
        self._embed()
        self._commit([path for path in seen.gone if path not in self.moves])
        return self.tell.summary(cancelled=False)

    def _decide(self, seen: Survey) -> None:
        undecided: dict[str, Stamp] = {}
        for path, stamp in seen.files.items():
            if decision := self.triage.by_stamp(path, stamp):
                self._do(decision, seen)
            else:
                undecided[path] = stamp
        self._take_over(undecided)
        for path, sha256 in self._hashes(undecided):
            if isinstance(sha256, Clamp3Error):
                self.tell.error(path, sha256)
            else:
                self._do(self.triage.by_content(path, undecided[path], sha256), seen)

    def _take_over(self, undecided: dict[str, Stamp]) -> None:
        """Take what an earlier run has embedded, where its files are all as they were then."""
        for receipt in self.library.staged():
            if all(undecided.get(record.path) == record.stamp for record in receipt.records):
                self._put(receipt)
                for record in receipt.records:
                    del undecided[record.path]

    def _hashes(self, undecided: dict[str, Stamp]) -> Iterable[tuple[str, str | Clamp3Error]]:
        records = [FileRecord(path, stamp, "") for path, stamp in undecided.items()]
        rows = [files_row(part) for part in _parts(records, HASHED_AT_ONCE)]
        hashing = Hashing(self.job.formats)
        few = len(rows) <= 1  # not worth a cluster
        for row in map(hashing, rows) if few else self.cluster.each(hashing, rows):
            yield from hashes_of(row)

    def _do(self, decision: Decision, seen: Survey) -> None:
        record = decision.record
        match decision.action:
            case Action.KEEP:
                self.tell.known(record)
            case Action.LEAVE_OUT:
                self.left_out.append(record)
            case Action.RESTAMP:
                self.restamped.append(record)
                self.tell.known(record)
            case Action.MOVE:
                self.moves[decision.former] = record
                self.tell.total -= decision.former in seen.gone
            case Action.READ:
                self.to_read.append(record)

    def _embed(self) -> None:
        if not self.to_read:
            return
        records = sorted(self.to_read, key=lambda record: record.path)
        share = -(-len(records) // (_BATCHES_A_WORKER * self.cluster.workers))
        size = max(1, min(MOST_FILES, share))
        rows = [files_row(part) for part in _parts(records, size)]
        for row in self.cluster.by_workers(EmbeddingWorker, [self.job], rows):
            outcome = Outcome.from_row(row)
            for path, error in outcome.unreadable:
                self.tell.error(path, error)
            self._put(outcome.receipt)

    def _put(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)
        for record in receipt.records:
            self.tell.written(record)

    def _commit(self, gone: Sequence[str]) -> None:
        entries = [FileEntry(record) for record in self.left_out]
        if self.moves:
            pieces = self.library.entries(self.moves)
            entries += [FileEntry(record, pieces[old]) for old, record in self.moves.items()]
        own = [self.library.writer().write(entries)] if entries else []
        changed = self.library.commit([*self.receipts, *own], self.restamped, [*gone, *self.moves])
        if changed or self.library.lacks_index:
            self.library.finish()
        for record in self.left_out:
            self.tell.written(record)
        for record in self.moves.values():
            self.tell.moved(record)
        for path in gone:
            self.tell.removed(path)


def _parts(records: Sequence[FileRecord], size: int) -> Iterator[Sequence[FileRecord]]:
    return (records[first : first + size] for first in range(0, len(records), size))
