"""Tables of LanceDB by name: connected to, opened or made, and what goes wrong with them said plainly."""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import lancedb
import pyarrow as pa
from lancedb.db import DBConnection
from lancedb.table import Table

from clamp3_plugin.errors import LibraryDamagedError, LibraryFullError, NoLibraryError
from clamp3_plugin.library.prefix import Folder, Prefix

KEEP_VERSIONS = timedelta(hours=1)
"""A reader that holds an older version loses its files when they are cleaned up under it."""

MOST_VERSIONS = 64
"""Of more, those go that are over a minute old: a library that changes without end would keep
thousands, and the time and memory of each batch grow with their files."""

_KEEP_AT_LEAST = timedelta(minutes=1)

INDEX_CACHE, METADATA_CACHE = 512 << 20, 4 << 20
"""Bytes that LanceDB may keep in memory of what it read. Its own limits are 6 GiB and 1 GiB, and it
keeps what belongs to versions that are gone: 0.3 MiB for each run of the indexer."""

_ROWS_AT_ONCE = 32_768

_NEAR_HINT = (
    "The daemon repairs what it can: clamp3 daemon start. Else restore a backup, or move the folder away"
    " and index again."
)
_FAR_HINT = "Is there such a bucket, and do AWS_ENDPOINT_URL and the other AWS_ variables name it?"

FAILURES = (RuntimeError, OSError, ValueError, pa.ArrowException)
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
def translated(folder: Folder) -> Iterator[None]:
    """Say which library is damaged: what LanceDB raises names a manifest or a fragment."""
    try:
        yield
    except FAILURES as error:
        first_line = str(error).partition("\n")[0][:300]
        if "No space left" in str(error):
            raise LibraryFullError(
                f"There is no space left on the disk of the library {folder}.",
                "Make room, then do it again: what is in the library is safe.",
            ) from error
        hint = _FAR_HINT if isinstance(folder, Prefix) else _NEAR_HINT
        raise LibraryDamagedError(
            f"The library {folder} cannot be read or written: {first_line}", hint
        ) from error


class ForeignColumnsError(ValueError):
    """A table of another version of this program, or of another dimension."""


def opened(
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
        raise ForeignColumnsError(f"the columns of {name} are not those of this version ({what})")
    return table


def connect(folder: Folder, metadata_cache: int = 0) -> DBConnection:
    """Connect to the tables of a library, with a memory of its own of what was read."""
    uri = folder if isinstance(folder, Path) else str(folder)
    return lancedb.connect(
        uri, session=lancedb.Session(INDEX_CACHE, metadata_cache or METADATA_CACHE)
    )


def scan(table: Table, columns: Sequence[str], first: int = 0) -> Iterator[pa.RecordBatch]:
    """Read rows in their order with their row ids, some at a time: LanceDB collects what it reads.

    Parameters
    ----------
    columns
        At least one; of none LanceDB reads all.
    first
        How many rows to pass over.
    """
    for start in range(first, table.count_rows(), _ROWS_AT_ONCE):
        query = table.search().select(list(columns)).offset(start).limit(_ROWS_AT_ONCE)
        yield from query.with_row_id(with_row_id=True).to_arrow().to_batches()


def age_of_most(versions: Path) -> timedelta:
    """Give the age of the last version that may stay, of those in a folder of manifests."""
    written = sorted((path.stat().st_mtime for path in versions.iterdir()), reverse=True)
    if len(written) <= MOST_VERSIONS:
        return KEEP_VERSIONS
    return max(timedelta(seconds=time.time() - written[MOST_VERSIONS]), _KEEP_AT_LEAST)


def filled_spaces(folder: Folder) -> list[str]:
    """Name the spaces of which there is something in a library."""
    if not folder.is_dir():
        return []
    with translated(folder):
        database = connect(folder)
        names = database.list_tables(limit=10_000).tables
        tables = [database.open_table(name) for name in names if name.endswith(".passages")]
        return sorted(_space_of(table) for table in tables if table.count_rows())


def _space_of(table: Table) -> str:
    return str((table.schema.metadata or {}).get(b"space", b"").decode())


def require_tables(folder: Folder, space: str) -> None:
    """Refuse to read a library that was never written.

    Raises
    ------
    NoLibraryError
        There are no tables of this space.
    """
    with translated(folder):
        is_there = (folder / f"{table_stem(space)}.files.lance").is_dir()
    if not is_there:
        raise NoLibraryError(
            f"There is no library of {space!r} in {folder}.",
            "Put music into it: clamp3 index FOLDER",
        )


def among(ids: Iterable[str]) -> str:
    """Write the one condition that is ever sent to LanceDB; ids are hexadecimal by construction."""
    return f"file_id IN ({', '.join(repr(name) for name in ids)})"
