"""The LanceDB tables of one space as they are written: passages, and the files that they come from.

When the commits of a batch are all on the disk the journal says so; a batch that was not finished is
undone when the next writer opens.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from clamp3_plugin.errors import LibraryDamagedError
from clamp3_plugin.library import arrow
from clamp3_plugin.library.entries import FileEntry, FileRecord, file_id
from clamp3_plugin.library.journal import Journal
from clamp3_plugin.library.read_store import IDS_IN_A_CONDITION, ReadStore
from clamp3_plugin.library.recovery import UnsoundTableError, recover
from clamp3_plugin.library.schema import mark
from clamp3_plugin.library.soundness import (
    are_flipped,
    rows_by_file,
    sorted_out,
)
from clamp3_plugin.library.tables import (
    FAILURES,
    ForeignColumnsError,
    age_of_most,
    among,
    connect,
    scan,
    table_stem,
    translated,
)

COMMITS_BEFORE_COMPACTION = 128
"""Every commit adds a file and a manifest that names all files: 600 of them cost 25x the search."""

MOST_COMMITS = 1024
_SHARE = 8
"""Joining may write a table anew: one that grows is joined each time an eighth has come to it."""

_FOR_EVER = timedelta(days=36_500)


class Store(ReadStore):
    """Tables of one space in a folder; the caller holds the writer's lock where it writes."""

    def __init__(
        self, folder: Path, space: str, dim: int, largest_exact: int, *, writing: bool
    ) -> None:
        self.notice = ""
        """What the user must be told once: something was lost that had been acknowledged."""
        self.place = folder
        self._writing = writing
        self._commits = self._added = 0
        stem = table_stem(space)
        names = (f"{stem}.files", f"{stem}.passages")
        self._journal = Journal(folder, folder / f"{stem}.commit.json", names)
        super().__init__(folder, space, dim, largest_exact)

    def _begin(self) -> None:
        if self._writing:
            self._recover()
            mark(self.place)
        else:
            super()._begin()

    def _recover(self) -> None:
        """Open the newest sound state, remove what is incomplete, add columns that came later."""
        try:
            self.notice = recover(self._attempt, self._journal, self.place)
        except UnsoundTableError as error:
            with translated(self.folder):
                raise error.cause or error from error
        if self._journal.last and self._journal.last.versions == self.version:
            self._journal.set_aside_rest()  # of a batch whose death left files and no version
        self._widen()
        self._mend()
        self._keep()

    def _attempt(self, strict: bool) -> None:  # noqa: FBT001 - recover's one question
        """Open the tables and read them whole."""
        tables = [self.place / f"{name}.lance" for name in self.names]
        place = tables[0]
        try:
            database = connect(self.folder)
            self._files = self._opened_files(database)
            records = arrow.read_files(self._files.to_arrow())
            place = tables[1]
            self._passages = self._opened_passages(database)
            there, is_flipped = self._read_through()
        except ForeignColumnsError as error:
            raise LibraryDamagedError(
                f"The library {self.folder} cannot be read or written: {error}.",
                "Use the version of clamp3 that made it, or move the folder away and index again.",
            ) from error
        except FAILURES as error:
            raise UnsoundTableError(place, error) from error
        last = self._journal.last
        is_wrong = is_flipped or sorted_out(records, there)[1]
        if strict and last and self.version != last.versions and is_wrong:
            raise UnsoundTableError(place)

    def _read_through(self) -> tuple[Mapping[str, int], bool]:
        """Count the rows of each file, and tell whether a vector is flipped.

        A large table that is as the journal says, down to the sizes of its files, is not read whole.
        """
        if self.is_large and self._journal.agrees(self.version):
            return self._counted(), False
        is_flipped = False

        def looked_at() -> Iterator[pa.RecordBatch]:
            nonlocal is_flipped
            for batch in scan(self._passages, self._passages.schema.names):
                is_flipped |= bool(np.any(are_flipped(batch)))
                yield batch

        return rows_by_file(looked_at()), is_flipped

    def _keep(self) -> None:
        """Let the disk have everything, then say so."""
        with translated(self.folder):
            self._journal.keep(
                self.version, (self._files.count_rows(), self._passages.count_rows())
            )

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Put on the disk what is done inside; where it fails, the tables are as they were."""
        try:
            with translated(self.folder):
                yield
            self._keep()
        except BaseException:
            self._journal.set_aside_rest()
            with translated(self.folder):
                self._open()
            raise

    @contextmanager
    def _batch(self) -> Iterator[None]:
        """Count what is done inside as a batch; many batches make compacting worth its while."""
        with self._all_or_nothing():
            yield
        self._commits += 1

    @property
    def is_untidy(self) -> bool:
        """Whether so much was written that joining is worth its while."""
        if self._commits < COMMITS_BEFORE_COMPACTION:
            return False
        grown = self._added * _SHARE >= self._passages.count_rows()
        heavy = self._added * self._dim >= self._largest_exact
        return grown or heavy or self._commits >= MOST_COMMITS

    def _widen(self) -> None:
        """Give tables that an earlier version made the columns that have been added since."""
        with translated(self.folder):
            for table, later in (
                (self._passages, arrow.LATER_PASSAGES),
                (self._files, arrow.LATER_FILES),
            ):
                names = table.schema.names
                if missing := [field for field in later if field.name not in names]:
                    table.add_columns(missing)

    def _mend(self) -> None:
        """Remove files whose rows are not complete, so that the next run indexes them again.

        A write that did not end leaves such files in libraries made before there was a journal.
        """
        with translated(self.folder):
            torn = sorted_out(arrow.read_files(self._files.to_arrow()), self._counted())[1]
            self._delete(torn)

    def write(self, entries: Sequence[FileEntry], known: Collection[str]) -> None:
        """Put files in the place of what is stored under the same path.

        Parameters
        ----------
        entries
            Files with their pieces, each path once.
        known
            The paths among them that are stored already.
        """
        with self._batch():
            if known:
                self._passages.delete(among(map(file_id, known)))
            table = arrow.passages_table(entries, self._dim)
            if table.num_rows:
                self._passages.add(table)
                self._added += table.num_rows
            self._put([entry.record for entry in entries], known)

    def write_records(self, records: Sequence[FileRecord], known: Collection[str]) -> None:
        """Put records in the place of those of the same path; their rows stay."""
        with self._batch():
            self._put(records, known)

    def _put(self, records: Sequence[FileRecord], known: Collection[str]) -> None:
        table = arrow.files_table(records)
        if known:
            merge = self._files.merge_insert("file_id")
            merge.when_matched_update_all().when_not_matched_insert_all().execute(table)
        else:
            self._files.add(table)

    def forget(self, paths: Collection[str]) -> None:
        """Remove files and their rows."""
        with self._batch():
            self._delete({file_id(path) for path in paths})

    def _delete(self, ids: Collection[str]) -> None:
        ordered = sorted(ids)
        for start in range(0, len(ordered), IDS_IN_A_CONDITION):
            condition = among(ordered[start : start + IDS_IN_A_CONDITION])
            self._files.delete(condition)
            self._passages.delete(condition)

    def join(self) -> None:
        """Join small files and bring the index up to date; nothing is removed yet."""
        self._commits = self._added = 0
        with self._all_or_nothing():
            self.join_files(_FOR_EVER)

    def clean(self, keep: timedelta) -> None:
        """Remove versions older than ``keep``, and younger ones where they are many.

        What they were joined to is on the disk.
        """
        with translated(self.folder):
            for name, table in zip(self.names, (self._files, self._passages), strict=True):
                versions = self.place / f"{name}.lance" / "_versions"
                table.optimize(cleanup_older_than=min(keep, age_of_most(versions)))
        self._keep()
        self._journal.prune()

    def _damaged(self) -> list[str]:
        return self._journal.damaged()
