"""The LanceDB tables of one space: passages, and the files that they come from.

A file is written rows first, its record last, and forgotten in the other order; each step is one
commit of LanceDB, which a process that dies leaves done or not begun. Rows whose number is not
the one in their file's record belong to a write that did not end: ``read`` leaves them out, and
``mend`` removes them, so that the next run indexes the file again.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.errors import LibraryDamagedError, NoLibraryError
from clamp3_plugin.library import arrow
from clamp3_plugin.library.entries import NORM_TOLERANCE, FileEntry, FileRecord, file_id
from clamp3_plugin.library.exact import Rows
from clamp3_plugin.music import Piece

# Lance reads this when it is loaded; at its own level it talks to stderr
os.environ.setdefault("LANCE_LOG", "error")

import lancedb
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.db import DBConnection
from lancedb.table import Table

KEEP_VERSIONS = timedelta(hours=1)
"""A reader that holds an older version loses its files when they are cleaned up under it."""

COMMITS_BEFORE_COMPACTION = 128
"""Every commit adds a file and a manifest that names all files: 600 of them cost 25x the search."""


IDS_IN_A_CONDITION = 500


def table_stem(space: str) -> str:
    """Name the tables of a space: readable, safe for every file system, different for each.

    Examples
    --------
    >>> table_stem("mini 1f/fp32")
    'mini-1f-fp32-31df0e1d50'
    """
    readable = re.sub(r"[^a-z0-9]+", "-", space.lower()).strip("-")[:32].rstrip("-")
    return f"{readable or 'space'}-{hashlib.sha256(space.encode()).hexdigest()[:10]}"


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Say which library is damaged: what LanceDB raises names a manifest or a fragment."""
    try:
        yield
    except (RuntimeError, OSError, ValueError, pa.ArrowException) as error:
        first_line = str(error).partition("\n")[0][:300]
        raise LibraryDamagedError(
            f"The library {folder} cannot be read or written: {first_line}",
            "See clamp3 library check; restore a backup, or move the folder away and index again.",
        ) from error


class Store:
    """Tables of one space in a folder; the caller holds the writer's lock where it writes."""

    def __init__(self, folder: Path, space: str, dim: int) -> None:
        self.folder = folder
        self._dim = dim
        self._commits = 0
        stem = table_stem(space)
        with _translated(folder):
            database = lancedb.connect(folder)
            about = {"space": space}
            self._passages = _opened(
                database,
                f"{stem}.passages",
                arrow.passages_schema(dim).with_metadata(about),
                arrow.LATER_PASSAGES,
            )
            self._files = _opened(
                database, f"{stem}.files", arrow.FILES.with_metadata(about), arrow.LATER_FILES
            )

    @property
    def version(self) -> tuple[int, int]:
        """Changes with every commit that this handle knows of."""
        return (self._files.version, self._passages.version)

    def look_again(self) -> None:
        """See what others have committed: the files first, whose rows are then all there."""
        with _translated(self.folder):
            self._files.checkout_latest()  # type: ignore[no-untyped-call]
            self._passages.checkout_latest()  # type: ignore[no-untyped-call]

    def read(self) -> tuple[list[FileRecord], list[Piece], Rows]:
        """Read the files whose rows are complete, with their pieces and rows."""
        with _translated(self.folder):
            records = arrow.read_files(self._files.to_arrow())
            table = self._passages.to_arrow()
            complete, torn = _sorted_out(records, table)
            if torn:
                known = pa.array([file_id(record.path) for record in complete], pa.string())
                table = table.filter(pc.is_in(table["file_id"], known))
            return (complete, *arrow.read_passages(table))

    def widen(self) -> None:
        """Give tables that an earlier version made the columns that have been added since."""
        with _translated(self.folder):
            for table, later in (
                (self._passages, arrow.LATER_PASSAGES),
                (self._files, arrow.LATER_FILES),
            ):
                names = table.schema.names
                if missing := [field for field in later if field.name not in names]:
                    table.add_columns(missing)

    def mend(self) -> int:
        """Remove what a write that did not end left behind.

        Returns
        -------
        int
            Number of files concerned; they are indexed again by the next run.
        """
        with _translated(self.folder):
            table = self._passages.search().select(["file_id"]).to_arrow()
            torn = _sorted_out(arrow.read_files(self._files.to_arrow()), table)[1]
        self._delete(torn)
        return len(torn)

    def write(self, entries: Sequence[FileEntry], known: Collection[str]) -> None:
        """Put files in the place of what is stored under the same path.

        Parameters
        ----------
        entries
            Files with their pieces, each path once.
        known
            The paths among them that are stored already.
        """
        with _translated(self.folder):
            if known:
                self._passages.delete(_among(map(file_id, known)))
            table = arrow.passages_table(entries, self._dim)
            if table.num_rows:
                self._passages.add(table)
        self.write_records([entry.record for entry in entries], known)
        self._count_commit()

    def write_records(self, records: Sequence[FileRecord], known: Collection[str]) -> None:
        """Put records in the place of those of the same path; their rows stay."""
        table = arrow.files_table(records)
        with _translated(self.folder):
            if known:
                merge = self._files.merge_insert("file_id")
                merge.when_matched_update_all().when_not_matched_insert_all().execute(table)
            else:
                self._files.add(table)

    def forget(self, paths: Collection[str]) -> None:
        """Remove files and their rows."""
        self._delete({file_id(path) for path in paths})
        self._count_commit()

    def _delete(self, ids: Collection[str]) -> None:
        with _translated(self.folder):
            ordered = sorted(ids)
            for start in range(0, len(ordered), IDS_IN_A_CONDITION):
                condition = _among(ordered[start : start + IDS_IN_A_CONDITION])
                self._files.delete(condition)
                self._passages.delete(condition)

    def _count_commit(self) -> None:
        self._commits += 1
        if self._commits >= COMMITS_BEFORE_COMPACTION:
            self.compact()

    def compact(self, keep: timedelta = KEEP_VERSIONS) -> None:
        """Join small files and remove versions older than ``keep``."""
        self._commits = 0
        with _translated(self.folder):
            for table in (self._files, self._passages):
                table.optimize(cleanup_older_than=keep)

    def problems(self) -> list[str]:
        """Read everything and say what is wrong with it."""
        with _translated(self.folder):
            records = arrow.read_files(self._files.to_arrow())
            table = self._passages.to_arrow()
            vectors = arrow.read_vectors(table)
        torn = _sorted_out(records, table)[1]
        paths = {file_id(record.path): record.path for record in records}
        found = [f"{paths.get(name, name)!r}: its rows are not complete" for name in sorted(torn)]
        repeated = [name for name, times in Counter(table["id"].to_pylist()).items() if times > 1]
        found += [f"row {name} is there more than once" for name in repeated]
        stored = np.asarray(table["crc32"], np.int64)
        flipped = stored != np.array(arrow.checksums(vectors), np.int64)
        norms = np.linalg.norm(vectors.astype(np.float32), axis=1)
        wrong = flipped | ~(np.abs(norms - 1) <= 2 * NORM_TOLERANCE)
        return found + [
            f"{arrow.unescape(path)!r}: the vector of row {name} is damaged"
            for name, path in _names(table, wrong)
        ]


def _opened(
    database: DBConnection, name: str, schema: pa.Schema, later: Sequence[pa.Field]
) -> Table:
    """Open a table, or make it; one that is there may lack columns that came later, and no others."""
    try:
        table = database.open_table(name)
    except ValueError:  # there is none
        return database.create_table(name, schema=schema, exist_ok=True)
    there = {field.name: field.type for field in table.schema}
    wanted = {field.name: field.type for field in schema}
    missing = wanted.keys() - there.keys() - {field.name for field in later}
    other = [column for column in there if there[column] != wanted.get(column)]
    if missing or other:
        what = ", ".join(sorted([*missing, *other]))
        raise ValueError(f"the columns of {name} are not those of this version ({what})")
    return table


def _names(table: pa.Table, rows: NDArray[np.bool_]) -> list[tuple[str, str]]:
    chosen = table.select(["id", "path"]).filter(pa.array(rows))
    return list(zip(chosen["id"].to_pylist(), chosen["path"].to_pylist(), strict=True))


def _sorted_out(
    records: Iterable[FileRecord], table: pa.Table
) -> tuple[list[FileRecord], set[str]]:
    """Tell the records whose rows are all there from the ids of files of which they are not."""
    counted = pc.value_counts(table["file_id"])
    there = {row["values"]: row["counts"] for row in counted.to_pylist()}
    complete, torn = [], set(there)
    for record in records:
        name = file_id(record.path)
        if there.get(name, 0) == record.rows:
            complete.append(record)
            torn.discard(name)
        else:
            torn.add(name)
    return complete, torn


def _among(ids: Iterable[str]) -> str:
    """Write the one condition that is ever sent to LanceDB; ids are hexadecimal by construction."""
    return f"file_id IN ({', '.join(repr(name) for name in ids)})"


def filled_spaces(folder: Path) -> list[str]:
    """Name the spaces of which there is something in a library."""
    if not folder.is_dir():
        return []
    with _translated(folder):
        database = lancedb.connect(folder)
        names = database.list_tables(limit=10_000).tables
        tables = [database.open_table(name) for name in names if name.endswith(".passages")]
        return sorted(_space_of(table) for table in tables if table.count_rows())


def _space_of(table: Table) -> str:
    return str((table.schema.metadata or {}).get(b"space", b"").decode())


def require_tables(folder: Path, space: str) -> None:
    """Refuse to read a library that was never written.

    Raises
    ------
    NoLibraryError
        There are no tables of this space.
    """
    if not (folder / f"{table_stem(space)}.files.lance").is_dir():
        raise NoLibraryError(
            f"There is no library of {space!r} in {folder}.",
            "Put music into it: clamp3 index FOLDER",
        )
