"""Parts of a file, as HTTP asks for them: players jump in a recording without all of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from clamp3_plugin.daemon.refusals import RefusedError

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes ``first`` to ``last``, both in it, of ``size``."""

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self.last - self.first + 1


def part_of(asked: str | None, size: int) -> Part | None:
    """Read the field Range of a request for ``size`` bytes; None where all are meant.

    What is no single range of bytes is passed over, as RFC 9110 (14.2) has it: all is given.

    Raises
    ------
    RefusedError
        The range begins behind the end.

    Examples
    --------
    >>> part_of("bytes=2-", 10)
    Part(first=2, last=9, size=10)
    >>> part_of("bytes=-3", 10)
    Part(first=7, last=9, size=10)
    >>> part_of("bytes=0-1,4-5", 10)
    """
    match = _RANGE.fullmatch(asked.strip()) if asked else None
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        begin, end = max(0, size - int(last)), size - 1
    else:
        begin, end = int(first), min(int(last) if last else size - 1, size - 1)
        if last and int(last) < begin:
            return None
    if begin >= size:
        raise RefusedError("out_of_range", f"There are {size} bytes.", "Ask for less.")
    return Part(begin, end, size)


def whole_or_part(data: bytes, part: Part | None, media: str, more: Mapping[str, str]) -> Response:
    """Answer with all of a file, or with the part of it that ``data`` is."""
    headers = {**more, "Accept-Ranges": "bytes"}
    if part is None:
        return Response(data, media_type=media, headers=headers)
    # of a long part only the beginning may be given; the client asks on
    last = part.first + len(data) - 1
    headers["Content-Range"] = f"bytes {part.first}-{last}/{part.size}"
    return Response(data, 206, media_type=media, headers=headers)
