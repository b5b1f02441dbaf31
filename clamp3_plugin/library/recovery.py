"""Open tables whatever happened to them: take the newest state that can be read and holds together.

First the state of the disk as it is; where a batch is half there, the last commit of the journal;
where the disk has lost what it had kept, version by version back. Nothing is deleted: what cannot be
used goes into the library's quarantine.
"""

from collections.abc import Callable
from pathlib import Path

from clamp3_plugin.library.journal import Journal

_LAST = 2**64 - 1  # manifests are numbered downwards from here, so that the newest comes first


class UnsoundTableError(Exception):
    """A table that cannot be read, or that lacks rows."""

    def __init__(self, table: Path, cause: Exception | None = None) -> None:
        super().__init__(table.name)
        self.table = table
        self.cause = cause


def recover(attempt: Callable[[bool], None], journal: Journal, folder: Path) -> str:
    """Attempt to open tables until it succeeds.

    Parameters
    ----------
    attempt
        Opens and reads the tables; raises UnsoundTableError. Asked to be strict, it also refuses what
        is newer than the last commit and incomplete.
    journal
        Of the tables.
    folder
        Of the library.

    Returns
    -------
    str
        What the user must be told; empty where nothing is lost that was acknowledged.

    Raises
    ------
    UnsoundTableError
        No version of a table can be read; everything is where it was.
    """
    try:
        attempt(True)  # noqa: FBT003 - the one argument it has
    except UnsoundTableError:
        pass
    else:
        return ""
    if journal.last is not None:
        journal.set_aside_rest()
    return _step_back(attempt, journal, folder)


def _step_back(attempt: Callable[[bool], None], journal: Journal, folder: Path) -> str:
    moved: list[tuple[Path, Path]] = []
    while True:
        try:
            attempt(False)  # noqa: FBT003 - the one argument it has
        except UnsoundTableError as error:
            place = _newest_of(error.table, may_be_new=journal.last is None)
            if place is None:
                for was, now in reversed(moved):
                    now.rename(was)
                raise
            moved.append((place, journal.set_aside(place)))
        else:
            break
    if not moved or journal.last is None:
        return ""
    return (
        f"Files of the library {folder} were damaged. It is as it was {len(moved)} steps before;"
        " index your folders again to bring back what was put in since."
    )


def _newest_of(table: Path, *, may_be_new: bool) -> Path | None:
    """Name the newest manifest of a table, or the whole table where its making did not end."""
    manifests = sorted(
        (path for path in (table / "_versions").glob("*.manifest") if path.stem.isdecimal()),
        key=_version,
    )
    if len(manifests) > 1:
        return manifests[-1]
    begun = not manifests or _version(manifests[0]) == 1
    return table if may_be_new and begun and table.exists() else None


def _version(manifest: Path) -> int:
    number = int(manifest.stem)
    return _LAST - number if number > _LAST // 2 else number
