"""A folder that is looked at again and again: Folder, which tells what was newly written to its end.

It looks, rather than being told by the system, because that works alike on every system and on
network drives. What was there at the start is old. A file is new when its name or its content is, and
it is given once it has rested for a moment and holds all that its header promises.
"""

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clamp3_bridges.watch.complete import is_complete
from clamp3_plugin.errors import MissingFileError, TooLargeError

SUFFIXES = frozenset(
    [
        ".abc",
        ".aif",
        ".aiff",
        ".flac",
        ".m4a",
        ".mid",
        ".midi",
        ".mp3",
        ".musicxml",
        ".mxl",
        ".oga",
        ".ogg",
        ".opus",
        ".wav",
    ]
)
OWN = "clamp3-"
"""How the files begin that the scripts for DAWs write: takes that were asked with, hits put into a song."""
MAX_ENTRIES = 50_000
REST_S = 1.0
"""How long a file must not have grown."""
PATIENCE_S = 10.0
"""How long one may rest unfinished, by its header, before it is given nevertheless."""


@dataclass(frozen=True, slots=True)
class _State:
    """What changes when somebody writes: and what stays when a file gets another name."""

    device: int
    inode: int
    size: int
    modified: int


class Folder:
    """A folder, all below it included; hidden things and links are left out.

    Raises
    ------
    MissingFileError
        There is no such folder.
    """

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic) -> None:
        if not root.is_dir():
            raise MissingFileError(
                f"{root}: there is no such folder.", "Make it, or check the path."
            )
        self._root = root
        self._clock = clock
        self._given = set(self._look().values())
        self._resting: dict[Path, tuple[_State, float]] = {}

    def poll(self) -> list[Path]:
        """Give what was finished since, oldest first.

        Raises
        ------
        TooLargeError
            There is far too much in it.
        """
        now = self._clock()
        found = {path: state for path, state in self._look().items() if state not in self._given}
        self._resting = {
            path: self._resting.get(path, (state, now))
            if self._resting.get(path, (None, 0.0))[0] == state
            else (state, now)
            for path, state in found.items()
        }
        ready = [
            (state.modified, path)
            for path, (state, since) in self._resting.items()
            if _is_finished(path, state, now - since)
        ]
        for _, path in ready:
            self._given.add(self._resting.pop(path)[0])
        return [path for _, path in sorted(ready)]

    def _look(self) -> dict[Path, _State]:
        """Give the music that lies there; a folder that went away meanwhile is empty."""
        return dict(_files(self._root))


def _is_finished(path: Path, state: _State, rested: float) -> bool:
    if rested < REST_S:
        return False
    try:
        return rested >= PATIENCE_S or is_complete(path, state.size)
    except OSError:  # its writer holds it, or it went away
        return False


def _files(root: Path) -> Iterator[tuple[Path, _State]]:
    folders, seen = [os.fspath(root)], 0
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    seen += 1
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif _is_music(entry.name) and (state := _state(entry.path)):
                        yield Path(entry.path), state
        except OSError:
            continue
        if seen > MAX_ENTRIES:
            hint = "Watch only the folder that bounces go to."
            raise TooLargeError(f"{root}: over {MAX_ENTRIES:,} files are too many to watch.", hint)


def _is_music(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith(OWN)  # noqa: PTH122 - bytes of any kind


def _state(path: str) -> _State | None:
    """Look at a file; None where it is none, or gone."""
    try:
        about = os.lstat(path)
    except OSError:
        return None
    if not stat.S_ISREG(about.st_mode):
        return None
    return _State(about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)
