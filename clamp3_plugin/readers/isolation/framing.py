"""Messages between the program and a worker: bytes with a small JSON header, never pickles.

A message is the length of its header (4 bytes, big endian), the header, and as many bytes as the
header's ``size`` says. A worker that has been taken over can send nothing but data.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

MAX_HEADER = 64 * 2**10
MAX_BODY = 64 * 2**20
_LENGTH = 4


class FrameError(ValueError):
    """The other side breaks the protocol, or went away in the middle of a message."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one side says to the other."""

    fields: Mapping[str, object]
    """The header without ``size``; values as JSON knows them."""
    body: bytes = field(default=b"", repr=False)

    def text(self, name: str) -> str:
        """Give a field that is text; empty where it is absent or something else."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""


def send(stream: IO[bytes], message: Message) -> None:
    """Write a message and push it out."""
    header = json.dumps({**message.fields, "size": len(message.body)}).encode()
    stream.write(len(header).to_bytes(_LENGTH, "big") + header)
    stream.write(message.body)
    stream.flush()


def receive(stream: IO[bytes]) -> Message | None:
    """Read a message; None where the other side has closed.

    Raises
    ------
    FrameError
        It is no message, is over a limit, or ends too soon.
    """
    start = stream.read(_LENGTH)
    if not start:
        return None
    length = int.from_bytes(start, "big")
    if len(start) < _LENGTH or not 0 < length <= MAX_HEADER:
        raise FrameError(f"a header of {length} bytes")
    header = _header(_exactly(stream, length))
    size = header.pop("size", None)
    if not isinstance(size, int) or not 0 <= size <= MAX_BODY:
        raise FrameError(f"a body of {size} bytes")
    return Message(header, _exactly(stream, size))


def _header(data: bytes) -> dict[str, object]:
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FrameError("the header is no JSON") from error
    if not isinstance(header, dict):
        raise FrameError("the header is no object")
    return header


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise FrameError(f"{len(data)} of {size} bytes")
    return data
