"""A file whose bytes are at the other end of the worker's pipe: it is never opened here.

So the worker needs no path and no descriptor, and a gigabyte is never in its memory.
"""

import io
from typing import BinaryIO

from clamp3_plugin.readers.audio.limits import READ_BYTES
from clamp3_plugin.readers.isolation.child import Ask
from clamp3_plugin.readers.isolation.framing import Message


def far_file(ask: Ask, size: int) -> BinaryIO:
    """Give a file to read and seek in, of which pieces are asked for as they are needed."""
    return io.BufferedReader(_FarFile(ask, size), READ_BYTES)


class _FarFile(io.RawIOBase):
    def __init__(self, ask: Ask, size: int) -> None:
        super().__init__()
        self._ask = ask
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError("before the start of the file")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        size = min(len(buffer), READ_BYTES, max(0, self._size - self._at))
        if not size:
            return 0
        data = self._ask(Message({"read": self._at, "bytes": size})).body
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
