"""What is answered by OSC: a dataclass a message, its encoding beside its decoding.

Every message is shorter than 1000 bytes, because hosts cut longer ones; long titles and paths end in
an ellipsis.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

from clamp3_bridges.osc.arguments import Id
from clamp3_bridges.osc.packets import Packet, build, cut, single
from clamp3_plugin.errors import (
    Clamp3Error,
    DaemonBusyError,
    EmptyContentError,
    InputRefusedError,
    LibraryBusyError,
    MissingFileError,
    NoLibraryError,
    UsageError,
)
from clamp3_plugin.query import Hit, TagHit

API = 1
_ROOM = 760  # bytes for strings beside numbers, padding and an id of 128
_TITLE = 240

BAD_ARGUMENTS, NOT_FOUND, UNSUPPORTED, EMPTY, LIBRARY_EMPTY, BUSY, NOT_READY = range(1, 8)
_CODES: tuple[tuple[type[Clamp3Error], int], ...] = (
    (EmptyContentError, EMPTY),
    (InputRefusedError, UNSUPPORTED),
    (MissingFileError, NOT_FOUND),
    (NoLibraryError, LIBRARY_EMPTY),
    (DaemonBusyError, BUSY),
    (LibraryBusyError, BUSY),
    (UsageError, BAD_ARGUMENTS),
)


class _Decoded:
    """An answer whose arguments are its fields, in order."""

    __slots__ = ()

    @classmethod
    def from_osc(cls, packet: Packet) -> Self:
        """Read a message that ``to_osc`` wrote."""
        make: Callable[..., Self] = cls
        return make(*packet.values)


@dataclass(frozen=True, slots=True)
class Pong(_Decoded):
    """Somebody is there."""

    ADDRESS: ClassVar[str] = "/clamp3/pong"
    id: Id
    version: str
    api: int = API

    def to_osc(self) -> bytes:
        """Write the message."""
        return build(self.ADDRESS, self.id, self.version, self.api)


@dataclass(frozen=True, slots=True)
class Begin(_Decoded):
    """A list of ``n`` follows; it takes the place of one that came before under this id."""

    ADDRESS: ClassVar[str] = "/clamp3/result/begin"
    id: Id
    n: int

    def to_osc(self) -> bytes:
        """Write the message."""
        return build(self.ADDRESS, self.id, self.n)


@dataclass(frozen=True, slots=True)
class Result(_Decoded):
    """A hit. Bars are 0 and times -1 where they are unknown or the whole piece is the hit."""

    ADDRESS: ClassVar[str] = "/clamp3/result"
    id: Id
    rank: int
    score: float
    title: str
    path: str
    first_bar: int = 0
    last_bar: int = 0
    start: float = -1.0
    end: float = -1.0

    @classmethod
    def of(cls, id_: Id, rank: int, hit: Hit) -> Self:
        """Make the message of a hit."""
        piece, part = hit.piece, hit.passage
        about = (id_, rank, float(hit.score), piece.metadata.title, piece.path)
        if part is None:
            return cls(*about)
        start, end = (-1.0 if time is None else time for time in (part.start, part.end))
        return cls(*about, part.first_bar or 0, part.last_bar or 0, start, end)

    def to_osc(self) -> bytes:
        """Write the message."""
        title = cut(self.title, _TITLE)
        path = cut(self.path, _ROOM - len(title.encode()))
        bars, times = (self.first_bar, self.last_bar), (single(self.start), single(self.end))
        return build(
            self.ADDRESS, self.id, self.rank, single(self.score), title, path, *bars, *times
        )


@dataclass(frozen=True, slots=True)
class Tag(_Decoded):
    """A tag that fits, as one language calls it."""

    ADDRESS: ClassVar[str] = "/clamp3/tag"
    id: Id
    rank: int
    score: float
    tag: str
    language: str

    @classmethod
    def of(cls, id_: Id, rank: int, hit: TagHit) -> Self:
        """Make the message of a tag, in the language that was asked for."""
        language, label = next(iter(hit.labels.items()), ("en", hit.tag))
        return cls(id_, rank, float(hit.score), label, language)

    def to_osc(self) -> bytes:
        """Write the message."""
        label = cut(self.tag, _TITLE)
        return build(self.ADDRESS, self.id, self.rank, single(self.score), label, self.language)


@dataclass(frozen=True, slots=True)
class End(_Decoded):
    """The query has ended well; ``n`` were given, 0 also where it was cancelled."""

    ADDRESS: ClassVar[str] = "/clamp3/result/end"
    id: Id
    n: int

    def to_osc(self) -> bytes:
        """Write the message."""
        return build(self.ADDRESS, self.id, self.n)


@dataclass(frozen=True, slots=True)
class Progress(_Decoded):
    """The query takes its time; ``fraction`` is how far it came, 0 to 1."""

    ADDRESS: ClassVar[str] = "/clamp3/progress"
    id: Id
    fraction: float
    what: str

    def to_osc(self) -> bytes:
        """Write the message."""
        return build(self.ADDRESS, self.id, single(self.fraction), self.what)


@dataclass(frozen=True, slots=True)
class Failure(_Decoded):
    """The query has ended badly; the message may be shown to the user."""

    ADDRESS: ClassVar[str] = "/clamp3/error"
    id: Id
    code: int
    message: str

    @classmethod
    def of(cls, id_: Id, error: Clamp3Error) -> Self:
        """Make the message of an error."""
        codes = (code for kind, code in _CODES if isinstance(error, kind))
        return cls(id_, next(codes, NOT_READY), str(error))

    def to_osc(self) -> bytes:
        """Write the message."""
        return build(self.ADDRESS, self.id, self.code, cut(self.message, _ROOM))


Answer = Pong | Begin | Result | Tag | End | Progress | Failure

KINDS: dict[str, type[Answer]] = {
    kind.ADDRESS: kind for kind in (Pong, Begin, Result, Tag, End, Progress, Failure)
}


def read_answer(packet: Packet) -> Answer:
    """Read any answer, by its address."""
    return KINDS[packet.address].from_osc(packet)
