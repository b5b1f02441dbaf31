"""Files that may be named by OSC: those in the folders of the library, and in the inbox.

A folder is one of the library's where a piece of it lies. Bounces and exports that are not indexed can
be put below such a folder, or into the inbox.
"""

import os
import stat
import threading
import time
from pathlib import Path
from typing import Protocol

from clamp3_plugin.errors import MissingFileError, TooLargeError
from clamp3_plugin.music import Piece
from clamp3_plugin.query import Filter
from clamp3_plugin.readers.resolved import open_resolved
from clamp3_plugin.wire import MAX_UPLOAD

MAX_PATH = 4096
_PAGE = 1000
_FRESH_S = 5.0


class Pieces(Protocol):
    """What can list the library: the client."""

    def pieces(self, where: Filter | None = None, offset: int = 0, limit: int = 100) -> list[Piece]:
        """List pieces in a fixed order."""


class LibraryFiles:
    """Opens files of the library's folders; may be asked from several threads."""

    def __init__(self, inbox: Path) -> None:
        self._inbox = os.path.realpath(inbox)
        self._folders: frozenset[str] = frozenset()
        self._looked = -_FRESH_S
        self._lock = threading.Lock()

    def read(self, library: Pieces, path: str) -> bytes:
        """Read a file.

        Raises
        ------
        MissingFileError
            It is not there, or outside the library: both in the same words.
        TooLargeError
            It is over the limit.
        """
        missing = MissingFileError(
            "There is no such file in the library's folders.",
            f"Index its folder with clamp3 index, or put it into {self._inbox}.",
        )
        if "\0" in path or len(os.fsencode(path)) > MAX_PATH or not _is_local(path):
            raise missing
        real = os.path.realpath(path)
        if not self._holds(library, real):
            raise missing
        try:
            data = _read(real)
        except OSError as error:
            raise missing from error
        if data is None:
            raise missing
        return data

    def _holds(self, library: Pieces, real: str) -> bool:
        """Tell whether a path without links lies below one of the folders."""
        above = {str(folder) for folder in Path(real).parents}
        with self._lock:
            known = self._folders | {self._inbox}
            if above.isdisjoint(known) and time.monotonic() - self._looked >= _FRESH_S:
                self._folders = _folders(library)
                self._looked = time.monotonic()
                known = self._folders | {self._inbox}
        return not above.isdisjoint(known)


def _is_local(path: str) -> bool:
    """Tell whether it is an absolute path, and of no other machine."""
    return os.path.isabs(path) and not path.startswith(("//", "\\\\"))  # noqa: PTH117 - as a text


def _folders(library: Pieces) -> frozenset[str]:
    """Collect the folders that hold a piece, save those that hold much more: a home, the root."""
    named: set[str] = set()
    offset = 0
    while page := library.pieces(offset=offset, limit=_PAGE):
        named.update(os.path.dirname(piece.path) for piece in page)  # noqa: PTH120 - bytes of any kind
        offset += len(page)
    home = Path.home().resolve()
    broad = {str(home), *(str(folder) for folder in home.parents)}
    return frozenset(os.path.realpath(folder) for folder in named) - broad


def _read(real: str) -> bytes | None:
    """Read a regular file whose path has no links left; None where it is something else."""
    before = os.lstat(real)  # before open: opening a device may do something
    if not stat.S_ISREG(before.st_mode):
        return None
    with os.fdopen(open_resolved(real), "rb") as file:
        about = os.fstat(file.fileno())
        if not os.path.samestat(before, about):
            return None
        if about.st_size > MAX_UPLOAD:
            limit = MAX_UPLOAD >> 20
            raise TooLargeError(f"The file has {about.st_size:,} bytes, over {limit} MiB.")
        return file.read(MAX_UPLOAD)
