"""The LanceDB tables of one space as they are read: passages, and the files that they come from.

A batch is several commits of LanceDB, each of which a process that dies leaves done or not begun. A
reader leaves out files whose rows are not those of their record.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.db import DBConnection
from lancedb.table import Table
from numpy.typing import NDArray

from clamp3_plugin.errors import LibraryDamagedError
from clamp3_plugin.library import arrow
from clamp3_plugin.library.entries import FileRecord, file_id
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
from clamp3_plugin.library.prefix import Folder
from clamp3_plugin.library.schema import require_readable
from clamp3_plugin.library.soundness import (
    rows_by_file,
    sorted_out,
    wrong_files,
    wrong_ids,
    wrong_vectors,
)
from clamp3_plugin.library.tables import among, connect, opened, scan, table_stem, translated

IDS_IN_A_CONDITION = 500

_LARGE_METADATA = 64 << 20
"""Bytes of where the rows of a large table are, which every question asks."""


class ReadStore:
    """Tables of one space, looked on."""

    def __init__(self, folder: Folder, space: str, dim: int, largest_exact: int) -> None:
        self.folder = folder
        self._largest_exact = largest_exact
        self._space = space
        self._dim = dim
        stem = table_stem(space)
        self._tuning = folder / f"{stem}.index.json"
        self.names = (f"{stem}.files", f"{stem}.passages")
        require_readable(folder)
        self._begin()

    def _begin(self) -> None:
        with translated(self.folder):
            self._open()

    def _open(self) -> None:
        database = connect(self.folder)
        self._files = self._opened_files(database)
        self._passages = self._opened_passages(database)

    def _opened_files(self, database: DBConnection) -> Table:
        schema = arrow.FILES.with_metadata({"space": self._space})
        return opened(database, self.names[0], schema, arrow.LATER_FILES)

    def _opened_passages(self, database: DBConnection) -> Table:
        schema = arrow.passages_schema(self._dim).with_metadata({"space": self._space})
        return opened(database, self.names[1], schema, arrow.LATER_PASSAGES)

    def _counted(self) -> Mapping[str, int]:
        return rows_by_file(scan(self._passages, ("file_id", "sha256")))

    @property
    def is_large(self) -> bool:
        """Whether memory is not the place for the vectors."""
        return self._passages.count_rows() * self._dim > self._largest_exact

    @property
    def is_indexed(self) -> bool:
        """Whether the vectors are behind an index."""
        return self.is_large and is_indexed(self._passages)

    @property
    def version(self) -> tuple[int, int]:
        """Changes with every commit that this handle knows of."""
        return (self._files.version, self._passages.version)

    def look_again(self) -> None:
        """See what others have committed: the files first, whose rows are then all there."""
        with translated(self.folder):
            self._files.checkout_latest()  # type: ignore[no-untyped-call]
            self._passages.checkout_latest()  # type: ignore[no-untyped-call]

    def records(self) -> tuple[list[FileRecord], set[str]]:
        """Read the records of files whose rows are complete, and the ids of the others."""
        with translated(self.folder):
            return sorted_out(arrow.read_files(self._files.to_arrow()), self._counted())

    def read(self) -> tuple[list[FileRecord], View]:
        """Read the files whose rows are complete, with their pieces and rows."""
        complete, torn = self.records()
        with translated(self.folder):
            if self.is_large and is_indexed(self._passages):
                return complete, self._read_large(torn)
            table = self._passages.to_arrow()
            if torn:
                known = pa.array([file_id(record.path) for record in complete], pa.string())
                table = table.filter(pc.is_in(table["file_id"], known))
            return complete, arrow.read_passages(table)

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
        handle = connect(self.folder, metadata_cache=_LARGE_METADATA).open_table(self.names[1])
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

    def rows_of(self, files: Collection[str]) -> pa.Table:
        """Read the rows of some files, by their ids."""
        with translated(self.folder):
            ordered = sorted(files)
            parts = [
                self._passages.search()
                .where(among(ordered[first : first + IDS_IN_A_CONDITION]))
                .to_arrow()
                for first in range(0, len(ordered), IDS_IN_A_CONDITION)
            ]
            return pa.concat_tables([self._passages.schema.empty_table(), *parts])

    def join_files(self, keep: timedelta) -> None:
        """Join small files, bring the index up to date, and remove versions older than ``keep``."""
        with translated(self.folder):
            for table in (self._files, self._passages):
                table.optimize(cleanup_older_than=keep)
            if self.is_large and is_stale(self._passages, Tuning.load(self._tuning)):
                build(self._passages).save(self._tuning)

    def problems(self) -> list[str]:
        """Read everything and say what is wrong with it."""
        damaged = [f"the file {name} is damaged" for name in self._damaged()]
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

    def _damaged(self) -> list[str]:
        """Name files that are no longer what was written; an object store sees to that itself."""
        return []
