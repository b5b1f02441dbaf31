"""What music files there are below the given paths, and which known ones are gone.

Nothing is opened. Links are not followed, hidden names are passed over, a folder is visited once.
A known file counts as gone only where its folder shows that the disk is there: an unmounted disk
must not empty the library.
"""

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clamp3_plugin.errors import Clamp3Error, MissingFileError, UnsupportedFormatError
from clamp3_plugin.library.entries import FileRecord, Stamp

MAX_DEPTH = 64


@dataclass(slots=True)
class Survey:
    """What was seen."""

    files: dict[str, Stamp] = field(default_factory=dict)
    """Music files by their resolved path, in order."""
    gone: list[str] = field(default_factory=list)
    """Files that the library knows below the paths, and that are no longer there."""
    complaints: list[tuple[str, Clamp3Error]] = field(default_factory=list)
    """Paths that could not be looked at, and why."""


def survey(
    paths: Iterable[str | os.PathLike[str]],
    is_music: Callable[[Path], bool],
    records: Mapping[str, FileRecord],
) -> Survey:
    """Look at files and folders.

    Parameters
    ----------
    paths
        Files and folders as the user names them.
    is_music
        Tells by its name whether a file is music.
    records
        What the library knows.
    """
    surveyor = _Surveyor(is_music, records)
    for given in paths:
        surveyor.look(os.fspath(given))
    seen = surveyor.seen
    gone = sorted(set(seen.gone) - seen.files.keys())
    return Survey(dict(sorted(seen.files.items())), gone, seen.complaints)


class _Surveyor:
    """Looks at one path after the other."""

    def __init__(self, is_music: Callable[[Path], bool], records: Mapping[str, FileRecord]) -> None:
        self.seen = Survey()
        self._is_music = is_music
        self._records = records
        self._visited: set[tuple[int, int]] = set()

    def look(self, given: str) -> None:
        """Look at a file or folder."""
        try:
            path = os.path.realpath(given)
            status = Path(path).stat()
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            self._miss(given, error)
            return
        if stat.S_ISDIR(status.st_mode):
            self._look_into(path)
        elif not stat.S_ISREG(status.st_mode):
            self._refuse(given, f"{given} is no regular file.", "Give a music file.")
        elif not self._is_music(Path(path)):
            self._refuse(given, f"{given} is of no kind that is read as music.")
        else:
            self.seen.files[path] = Stamp.of(status)

    def _refuse(self, path: str, message: str, hint: str = "") -> None:
        self.seen.complaints.append((path, UnsupportedFormatError(message, hint)))

    def _miss(self, given: str, error: OSError | ValueError) -> None:
        why = error.strerror if isinstance(error, OSError) else str(error)
        path = os.path.realpath(given.replace("\0", ""))
        known_file = path in self._records and isinstance(error, FileNotFoundError)
        if known_file and _holds_something(Path(path).parent):
            self.seen.gone.append(path)
            return
        known = len(self._known_below(path)) + (path in self._records)
        if known:
            self._keep(given, known, f"{given} is not there ({why})")
        else:
            message = f"{given!r} cannot be opened: {why}."
            self.seen.complaints.append((given, MissingFileError(message, "Is the name right?")))

    def _keep(self, given: str, known: int, what: str) -> None:
        """Say that files stay in the library though they cannot be seen."""
        message = f"{what}; what the library knows of it stays ({known} files)."
        hint = f"Is its disk mounted? If it is gone for good: clamp3 library forget {given}"
        self.seen.complaints.append((given, MissingFileError(message, hint)))

    def _look_into(self, root: str) -> None:
        known = self._known_below(root)
        unreadable = self._walk(root)
        if known and not unreadable and not _holds_something(Path(root)):
            self._keep(root, len(known), f"{root} is empty")
            return
        closed = tuple(folder + os.sep for folder in unreadable)
        self.seen.gone += [
            path
            for path in known
            if path not in self.seen.files
            and not path.startswith(closed)
            and not os.path.lexists(path)
        ]

    def _walk(self, root: str) -> list[str]:
        """Collect the music files below a folder; gives the folders that could not be read."""
        unreadable: list[str] = []
        waiting = [(root, 0)]
        while waiting:
            folder, depth = waiting.pop()
            try:
                below = self._visit(folder)
            except OSError as error:
                why = MissingFileError(f"{folder} cannot be read: {error.strerror}.")
                self.seen.complaints.append((folder, why))
                unreadable.append(folder)
                continue
            if below and depth == MAX_DEPTH:
                self._refuse(folder, f"{folder} is {depth} folders deep; deeper ones are not read.")
                unreadable.append(folder)
            else:
                waiting += [(path, depth + 1) for path in below]
        return unreadable

    def _visit(self, folder: str) -> list[str]:
        """Collect the music files in a folder; gives the folders in it."""
        status = Path(folder).stat()
        identity = (status.st_dev, status.st_ino)
        if identity in self._visited:
            return []
        self._visited.add(identity)
        folders = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file(follow_symlinks=False) and self._is_music(Path(entry.path)):
                    self._see(entry)
        return folders

    def _see(self, entry: os.DirEntry[str]) -> None:
        try:
            self.seen.files[entry.path] = Stamp.of(entry.stat(follow_symlinks=False))
        except FileNotFoundError:
            return  # went away while we looked

    def _known_below(self, root: str) -> list[str]:
        prefix = root.rstrip(os.sep) + os.sep
        return [path for path in self._records if path.startswith(prefix)]


def _holds_something(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False
