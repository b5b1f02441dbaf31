"""Tells whether a file was written to its end, by what its own header says.

Hosts write the header of a bounce first and mend its sizes last; so a size that does not fit yet means
that somebody is still at work. A file without such a header says nothing, and is taken as it is.
"""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_UNKNOWN = 0xFFFFFFFF  # what programs that write into a pipe put where a size should be


def is_complete(path: Path, size: int) -> bool:
    """Tell whether a file of this size holds all that its header promises.

    Raises
    ------
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(12)
        look = _LOOKS.get(head[:4])
        return size > 0 if look is None else look(file, head, size)


def _riff(_: BinaryIO, head: bytes, size: int) -> bool:
    promised = int.from_bytes(head[4:8], "little")
    return promised == _UNKNOWN or 0 < promised <= size - 8


def _form(_: BinaryIO, head: bytes, size: int) -> bool:
    return 0 < int.from_bytes(head[4:8]) <= size - 8


def _midi(file: BinaryIO, head: bytes, size: int) -> bool:
    """Walk from track to track, as many as the header counts."""
    tracks, at = int.from_bytes(head[10:12]), 8 + int.from_bytes(head[4:8])
    for _ in range(tracks):
        file.seek(at)
        chunk = file.read(8)
        at += 8 + int.from_bytes(chunk[4:8])
        if len(chunk) < 8 or at > size:
            return False
    return size >= 14


_LOOKS: dict[bytes, Callable[[BinaryIO, bytes, int], bool]] = {
    b"RIFF": _riff,
    b"FORM": _form,
    b"MThd": _midi,
}
