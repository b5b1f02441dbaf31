"""The LanceDB tables of one space: passages, and the files that they come from.

A batch is several commits of LanceDB, each of which a process that dies leaves done or not begun.
When they are all on the disk the journal says so; a batch that was not finished is undone when the
next writer opens. A reader, who may not undo, leaves out files whose rows are not those of their
record.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.db import DBConnection
from lancedb.table import Table
from numpy.typing import NDArray

from clamp3_plugin.errors import LibraryDamagedError
from clamp3_plugin.library import arrow
from clamp3_plugin.library.entries import FileEntry, FileRecord, file_id
from clamp3_plugin.library.exact import Stored, View
from clamp3_plugin.library.index import (
    Tuning,
    build,
    first_unindexed,
    frozen,
    is_indexed,
    is_stale,
    unindexed,
    vectors_of,
)
from clamp3_plugin.library.journal import Journal
from clamp3_plugin.library.recovery import UnsoundTableError, recover
from clamp3_plugin.library.schema import mark, require_readable
from clamp3_plugin.library.soundness import (
    are_flipped,
    rows_by_file,
    sorted_out,
    wrong_files,
    wrong_ids,
    wrong_vectors,
)
from clamp3_plugin.library.tables import (
    FAILURES,
    ForeignColumnsError,
    age_of_most,
    connect,
    opened,
    scan,
    table_stem,
    translated,
)

COMMITS_BEFORE_COMPACTION = 128
"""Every commit adds a file and a manifest that names all files: 600 of them cost 25x the search."""

MOST_COMMITS = 1024
_SHARE = 8
"""Joining may write a table anew: one that grows is joined each time an eighth has come to it."""

_LARGE_METADATA = 64 << 20
"""Bytes of where the rows of a large table are, which every question asks."""

IDS_IN_A_CONDITION = 500

_FOR_EVER = timedelta(days=36_500)


class Store:
    """Tables of one space in a folder; the caller holds the writer's lock where it writes."""

    def __init__(
        self, folder: Path, space: str, dim: int, largest_exact: int, *, writing: bool
    ) -> None:
        self.folder = folder
        self._largest_exact = largest_exact
        self.notice = ""
        """What the user must be told once: something was lost that had been acknowledged."""
        self._space = space
        self._dim = dim
        self._commits = self._added = 0
        stem = table_stem(space)
        self._tuning = folder / f"{stem}.index.json"
        self._names = (f"{stem}.files", f"{stem}.passages")
        self._journal = Journal(folder, folder / f"{stem}.commit.json", self._names)
        require_readable(folder)
        if writing:
            self._recover()
            mark(folder)
        else:
            with translated(folder):
                self._open()

    def _recover(self) -> None:
        """Open the newest sound state, remove what is incomplete, add columns that came later."""
        try:
            self.notice = recover(self._attempt, self._journal, self.folder)
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
        tables = [self.folder / f"{name}.lance" for name in self._names]
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
        if self._is_large and self._journal.agrees(self.version):
            return self._counted(), False
        is_flipped = False

        def looked_at() -> Iterator[pa.RecordBatch]:
            nonlocal is_flipped
            for batch in scan(self._passages, self._passages.schema.names):
                is_flipped |= bool(np.any(are_flipped(batch)))
                yield batch

        return rows_by_file(looked_at()), is_flipped

    def _counted(self) -> Mapping[str, int]:
        return rows_by_file(scan(self._passages, ("file_id", "sha256")))

    @property
    def _is_large(self) -> bool:
        """Whether memory is not the place for the vectors."""
        return self._passages.count_rows() * self._dim > self._largest_exact

    def _open(self) -> None:
        database = connect(self.folder)
        self._files = self._opened_files(database)
        self._passages = self._opened_passages(database)

    def _opened_files(self, database: DBConnection) -> Table:
        schema = arrow.FILES.with_metadata({"space": self._space})
        return opened(database, self._names[0], schema, arrow.LATER_FILES)

    def _opened_passages(self, database: DBConnection) -> Table:
        schema = arrow.passages_schema(self._dim).with_metadata({"space": self._space})
        return opened(database, self._names[1], schema, arrow.LATER_PASSAGES)

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

    @property
    def is_indexed(self) -> bool:
        """Whether the vectors are behind an index."""
        return self._is_large and is_indexed(self._passages)

    @property
    def version(self) -> tuple[int, int]:
        """Changes with every commit that this handle knows of."""
        return (self._files.version, self._passages.version)

    def look_again(self) -> None:
        """See what others have committed: the files first, whose rows are then all there."""
        with translated(self.folder):
            self._files.checkout_latest()  # type: ignore[no-untyped-call]
            self._passages.checkout_latest()  # type: ignore[no-untyped-call]

    def read(self) -> tuple[list[FileRecord], View]:
        """Read the files whose rows are complete, with their pieces and rows."""
        with translated(self.folder):
            records = arrow.read_files(self._files.to_arrow())
            complete, torn = sorted_out(records, self._counted())
            if self._is_large and is_indexed(self._passages):
                return complete, self._read_large(torn)
            table = self._passages.to_arrow()
            if torn:
                known = pa.array([file_id(record.path) for record in complete], pa.string())
                table = table.filter(pc.is_in(table["file_id"], known))
            pieces, rows, known_by = arrow.read_passages(table)
            return complete, View(pieces, rows, known_by=known_by)

    def _read_large(self, torn: Collection[str]) -> View:
        """Read rows without their vectors, but for those that the index does not know yet."""
        table = self._passages
        first_held = first_unindexed(table)
        small = [name for name in table.schema.names if name not in arrow.LARGE_COLUMNS]
        wholes = (
            table.search().where("whole").select(small).with_row_id(with_row_id=True).to_arrow()
        )
        wholes = wholes.filter(pc.invert(pc.is_in(wholes["file_id"], pa.array(torn, pa.string()))))
        names = [name for name in arrow.LARGE_ROWS if name in small]
        rows = pa.Table.from_batches(scan(table, names))
        pieces, rows, ids = arrow.read_large(wholes, rows, first_held)
        held = int(np.count_nonzero(ids >= first_held))
        handle = connect(self.folder, metadata_cache=_LARGE_METADATA).open_table(self._names[1])
        tuning = Tuning.load(self._tuning) or Tuning(table.count_rows())
        index = frozen(handle, table.version, tuning)
        vectors = self._young(ids[len(ids) - held :])
        view = View(
            pieces, replace(rows, vectors=vectors), Stored(index, ids[: len(ids) - held], {})
        )
        return view.sampled()

    def _young(self, ids: NDArray[np.uint64]) -> NDArray[np.float32]:
        """Read the vectors of rows younger than the index: they are the table's last ones."""
        count = unindexed(self._passages)
        batches = list(scan(self._passages, ["vector"], self._passages.count_rows() - count))
        if not batches:
            return np.zeros((0, self._dim), np.float32)
        table = pa.Table.from_batches(batches)
        given = np.asarray(table["_rowid"], np.uint64)
        order = np.argsort(given)
        places = order[np.searchsorted(given, ids, sorter=order)]
        return vectors_of(table, self._dim)[places]

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
                self._passages.delete(_among(map(file_id, known)))
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
            condition = _among(ordered[start : start + IDS_IN_A_CONDITION])
            self._files.delete(condition)
            self._passages.delete(condition)

    def join(self) -> None:
        """Join small files and bring the index up to date; nothing is removed yet."""
        self._commits = self._added = 0
        with self._all_or_nothing():
            for table in (self._files, self._passages):
                table.optimize(cleanup_older_than=_FOR_EVER)
            if self._is_large and is_stale(self._passages, Tuning.load(self._tuning)):
                build(self._passages).save(self._tuning)

    def clean(self, keep: timedelta) -> None:
        """Remove versions older than ``keep``, and younger ones where they are many.

        What they were joined to is on the disk.
        """
        with translated(self.folder):
            for name, table in zip(self._names, (self._files, self._passages), strict=True):
                versions = self.folder / f"{name}.lance" / "_versions"
                table.optimize(cleanup_older_than=min(keep, age_of_most(versions)))
        self._keep()
        self._journal.prune()

    def problems(self) -> list[str]:
        """Read everything and say what is wrong with it."""
        damaged = [f"the file {name} is damaged" for name in self._journal.damaged()]
        wrong: list[str] = []
        ids: list[pa.Array] = []

        def looked_at() -> Iterator[pa.RecordBatch]:
            for batch in scan(self._passages, self._passages.schema.names):
                ids.append(batch["id"])
                wrong.extend(wrong_vectors(batch))
                yield batch

        try:
            with translated(self.folder):
                records = arrow.read_files(self._files.to_arrow())
                there = rows_by_file(looked_at())
        except LibraryDamagedError as error:
            return [*damaged, str(error)]
        return [*damaged, *wrong_files(records, there), *wrong_ids(ids), *wrong]


def _among(ids: Iterable[str]) -> str:
    """Write the one condition that is ever sent to LanceDB; ids are hexadecimal by construction."""
    return f"file_id IN ({', '.join(repr(name) for name in ids)})"
