"""Paths at the door: which may be named to be indexed, and how the file of a piece is handed out."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from clamp3_plugin.daemon.limits import UPLOAD_LIMIT
from clamp3_plugin.errors import MissingFileError, TooLargeError, UsageError
from clamp3_plugin.music import Piece
from clamp3_plugin.readers.resolved import open_resolved

MAX_PATH = 4096  # bytes
MAX_PATHS = 1000


def check_paths(paths: Sequence[str], *, of_page: bool = False) -> list[str]:
    """Check what may be put into the library, or taken out of it.

    Parameters
    ----------
    paths
        Of files and folders.
    of_page
        Whether the page asks, which may not name what is hidden: there programs keep their secrets,
        not people their music.

    Raises
    ------
    UsageError
        A path is not absolute, or holds far more than music: the root, a home folder.
    """
    if not 1 <= len(paths) <= MAX_PATHS:
        raise UsageError(f"{len(paths)} paths were given; between 1 and {MAX_PATHS} can be.")
    for path in paths:
        data = path.encode("utf-8", "surrogatepass")
        if not os.path.isabs(path) or b"\0" in data or len(data) > MAX_PATH:  # noqa: PTH117 - bytes of any kind
            raise UsageError(f"{path[:80]!r} is no absolute path of this system.")
        real = Path(path).resolve()
        if real in Path.home().resolve().parents or real == Path.home().resolve():
            raise UsageError(f"{path} is or holds your home folder.", "Name the music folders.")
        if of_page and any(part.startswith(".") for part in (*Path(path).parts, *real.parts)):
            raise UsageError(f"{path} is hidden.", "From a terminal it can be named: clamp3 index")
    return list(paths)


@contextmanager
def open_piece(piece: Piece) -> Iterator[BinaryIO]:
    """Open the file of a piece: a regular file where it was when it was indexed, by way of no link.

    Raises
    ------
    MissingFileError
        It is gone, or something else took its place.
    """
    try:
        descriptor = open_resolved(piece.path)
    except OSError as error:
        raise MissingFileError("The file of this piece is gone.", "Index its folder.") from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise MissingFileError("The file of this piece is a file no more.", "Index its folder.")
        yield file


def read_piece(piece: Piece) -> bytes:
    """Read the file of a piece.

    Raises
    ------
    MissingFileError
        As ``open_piece`` does.
    TooLargeError
        It grew over what is handed out.
    """
    with open_piece(piece) as file:
        size = os.fstat(file.fileno()).st_size
        if size > UPLOAD_LIMIT:
            raise TooLargeError(f"The file has {size} bytes, over {UPLOAD_LIMIT}.")
        return file.read(UPLOAD_LIMIT)


def attachment(path: str) -> str:
    """Give the Content-Disposition of a file, its name in ASCII and in full.

    Examples
    --------
    >>> print(attachment("/music/Für Elise.mid"))
    attachment; filename="F__r Elise.mid"; filename*=UTF-8''F%C3%BCr%20Elise.mid
    """
    name = os.fsencode(path).rpartition(b"/")[2]
    plain = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\%' else "_" for b in name)
    full = "".join(
        chr(b) if (chr(b).isascii() and chr(b).isalnum()) or b in b".-_" else f"%{b:02X}"
        for b in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"
