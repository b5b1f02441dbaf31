"""The LanceDB tables of one space: passages, and the files that they come from.

A batch is several commits of LanceDB, each of which a process that dies leaves done or not begun.
When they are all on the disk the journal says so; a batch that was not finished is undone when the
next writer opens. A reader, who may not undo, leaves out files whose rows are not those of their
record.
"""

import hashlib
import os
import re
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from clamp3_plugin.errors import LibraryDamagedError, LibraryFullError, NoLibraryError
from clamp3_plugin.library import arrow
from clamp3_plugin.library.entries import FileEntry, FileRecord, file_id
from clamp3_plugin.library.exact import Rows
from clamp3_plugin.library.journal import Journal
from clamp3_plugin.library.recovery import UnsoundTableError, recover
from clamp3_plugin.library.schema import mark, require_readable
from clamp3_plugin.library.soundness import sorted_out, wrong_files, wrong_rows
from clamp3_plugin.music import Piece

# Lance reads these when it is loaded; at its own level it talks to stderr, and reading with eight
# threads, whatever the machine, it keeps up to sixty with their stacks and heaps
os.environ.setdefault("LANCE_LOG", "error")
os.environ.setdefault("LANCE_IO_THREADS", str(max(2, (os.cpu_count() or 2) // 2)))

import lancedb
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.db import DBConnection
from lancedb.table import Table

KEEP_VERSIONS = timedelta(hours=1)
"""A reader that holds an older version loses its files when they are cleaned up under it."""

MOST_VERSIONS = 64
"""Of more, those go that are over a minute old: a library that changes without end would keep
thousands, and the time and memory of each batch grow with their files."""

_KEEP_AT_LEAST = timedelta(minutes=1)

INDEX_CACHE, METADATA_CACHE = 512 << 20, 8 << 20
"""Bytes that LanceDB may keep in memory of what it read. Its own limits are 6 GiB and 1 GiB, and it
keeps what belongs to versions that are gone: 0.3 MiB for each run of the indexer."""

COMMITS_BEFORE_COMPACTION = 128
"""Every commit adds a file and a manifest that names all files: 600 of them cost 25x the search."""


IDS_IN_A_CONDITION = 500

_FOR_EVER = timedelta(days=36_500)

_FAILURES = (RuntimeError, OSError, ValueError, pa.ArrowException)
"""What LanceDB raises where files are damaged or missing, or the disk is full."""


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
    except _FAILURES as error:
        first_line = str(error).partition("\n")[0][:300]
        if "No space left" in str(error):
            raise LibraryFullError(
                f"There is no space left on the disk of the library {folder}.",
                "Make room, then do it again: what is in the library is safe.",
            ) from error
        raise LibraryDamagedError(
            f"The library {folder} cannot be read or written: {first_line}",
            "The daemon repairs what it can: clamp3 daemon start. Else restore a backup, or move the"
            " folder away and index again.",
        ) from error


class Store:
    """Tables of one space in a folder; the caller holds the writer's lock where it writes."""

    def __init__(self, folder: Path, space: str, dim: int, *, writing: bool) -> None:
        self.folder = folder
        self.notice = ""
        """What the user must be told once: something was lost that had been acknowledged."""
        self._space = space
        self._dim = dim
        self._commits = 0
        stem = table_stem(space)
        self._names = (f"{stem}.files", f"{stem}.passages")
        self._journal = Journal(folder, folder / f"{stem}.commit.json", self._names)
        require_readable(folder)
        if writing:
            self._recover()
            mark(folder)
        else:
            with _translated(folder):
                self._open()

    def _recover(self) -> None:
        """Open the newest sound state, remove what is incomplete, add columns that came later."""
        try:
            self.notice = recover(self._attempt, self._journal, self.folder)
        except UnsoundTableError as error:
            with _translated(self.folder):
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
            database = _connect(self.folder)
            self._files = self._opened_files(database)
            records = arrow.read_files(self._files.to_arrow())
            place = tables[1]
            self._passages = self._opened_passages(database)
            table = self._passages.to_arrow()
        except _ForeignColumnsError as error:
            raise LibraryDamagedError(
                f"The library {self.folder} cannot be read or written: {error}.",
                "Use the version of clamp3 that made it, or move the folder away and index again.",
            ) from error
        except _FAILURES as error:
            raise UnsoundTableError(place, error) from error
        last = self._journal.last
        if strict and last and self.version != last.versions:
            flipped = arrow.checksums(arrow.read_vectors(table)) != table["crc32"].to_pylist()
            if flipped or sorted_out(records, table)[1]:
                raise UnsoundTableError(place)

    def _open(self) -> None:
        database = _connect(self.folder)
        self._files = self._opened_files(database)
        self._passages = self._opened_passages(database)

    def _opened_files(self, database: DBConnection) -> Table:
        schema = arrow.FILES.with_metadata({"space": self._space})
        return _opened(database, self._names[0], schema, arrow.LATER_FILES)

    def _opened_passages(self, database: DBConnection) -> Table:
        schema = arrow.passages_schema(self._dim).with_metadata({"space": self._space})
        return _opened(database, self._names[1], schema, arrow.LATER_PASSAGES)

    def _keep(self) -> None:
        """Let the disk have everything, then say so."""
        with _translated(self.folder):
            self._journal.keep(
                self.version, (self._files.count_rows(), self._passages.count_rows())
            )

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Put on the disk what is done inside; where it fails, the tables are as they were."""
        try:
            with _translated(self.folder):
                yield
            self._keep()
        except BaseException:
            self._journal.set_aside_rest()
            with _translated(self.folder):
                self._open()
            raise

    @contextmanager
    def _batch(self) -> Iterator[None]:
        """Count what is done inside as a batch; many batches make compacting worth its while."""
        with self._all_or_nothing():
            yield
        self._commits += 1
        if self._commits >= COMMITS_BEFORE_COMPACTION:
            with suppress(LibraryFullError):  # the batch is safe; the next one meets the full disk
                self.compact()

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
            complete, torn = sorted_out(records, table)
            if torn:
                known = pa.array([file_id(record.path) for record in complete], pa.string())
                table = table.filter(pc.is_in(table["file_id"], known))
            return (complete, *arrow.read_passages(table))

    def _widen(self) -> None:
        """Give tables that an earlier version made the columns that have been added since."""
        with _translated(self.folder):
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
        with _translated(self.folder):
            table = self._passages.search().select(["file_id", "sha256"]).to_arrow()
            torn = sorted_out(arrow.read_files(self._files.to_arrow()), table)[1]
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

    def compact(self, keep: timedelta = KEEP_VERSIONS) -> None:
        """Join small files and remove versions older than ``keep``; younger ones, where they are many.

        What was joined is on the disk before what it was made of is removed.
        """
        self._commits = 0
        with self._all_or_nothing():
            for table in (self._files, self._passages):
                table.optimize(cleanup_older_than=_FOR_EVER)
        with _translated(self.folder):
            for name, table in zip(self._names, (self._files, self._passages), strict=True):
                versions = self.folder / f"{name}.lance" / "_versions"
                table.optimize(cleanup_older_than=min(keep, _age_of_most(versions)))
        self._keep()
        self._journal.prune()

    def problems(self) -> list[str]:
        """Read everything and say what is wrong with it."""
        damaged = [f"the file {name} is damaged" for name in self._journal.damaged()]
        try:
            with _translated(self.folder):
                records = arrow.read_files(self._files.to_arrow())
                table = self._passages.to_arrow()
                vectors = arrow.read_vectors(table)
        except LibraryDamagedError as error:
            return [*damaged, str(error)]
        return [*damaged, *wrong_files(records, table), *wrong_rows(table, vectors)]


class _ForeignColumnsError(ValueError):
    """A table of another version of this program, or of another dimension."""


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
        raise _ForeignColumnsError(f"the columns of {name} are not those of this version ({what})")
    return table


def _connect(folder: Path) -> DBConnection:
    return lancedb.connect(folder, session=lancedb.Session(INDEX_CACHE, METADATA_CACHE))


def _age_of_most(versions: Path) -> timedelta:
    """Give the age of the last version that may stay, of those in a folder of manifests."""
    written = sorted((path.stat().st_mtime for path in versions.iterdir()), reverse=True)
    if len(written) <= MOST_VERSIONS:
        return KEEP_VERSIONS
    return max(timedelta(seconds=time.time() - written[MOST_VERSIONS]), _KEEP_AT_LEAST)


def _among(ids: Iterable[str]) -> str:
    """Write the one condition that is ever sent to LanceDB; ids are hexadecimal by construction."""
    return f"file_id IN ({', '.join(repr(name) for name in ids)})"


def filled_spaces(folder: Path) -> list[str]:
    """Name the spaces of which there is something in a library."""
    if not folder.is_dir():
        return []
    with _translated(folder):
        database = _connect(folder)
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
