"""What can be asked by OSC: a dataclass a message, its encoding beside its decoding.

The token comes first and is not part of the message; the id comes second. Times are seconds.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

from clamp3_bridges.osc.arguments import DEFAULT_N, Arguments, Id
from clamp3_bridges.osc.packets import build

LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks whether anybody is there."""

    ADDRESS: ClassVar[str] = "/clamp3/ping"
    id: Id
    reply_port: int = 0

    def to_osc(self, token: str) -> bytes:
        """Write the message."""
        return build(self.ADDRESS, token, self.id, self.reply_port)

    @classmethod
    def from_osc(cls, id_: Id, rest: Arguments) -> Self:
        """Read what follows the id."""
        return cls(id_, rest.port())


@dataclass(frozen=True, slots=True)
class FindText:
    """Asks what is like these words."""

    ADDRESS: ClassVar[str] = "/clamp3/find/text"
    id: Id
    text: str
    n: int = DEFAULT_N
    reply_port: int = 0

    def to_osc(self, token: str) -> bytes:
        """Write the message."""
        return build(self.ADDRESS, token, self.id, self.text, self.n, self.reply_port)

    @classmethod
    def from_osc(cls, id_: Id, rest: Arguments) -> Self:
        """Read what follows the id."""
        return cls(id_, rest.text("The text"), rest.count(), rest.port())


@dataclass(frozen=True, slots=True)
class FindFile:
    """Asks what is like this file, or this part of it; a length of 0 runs to its end."""

    ADDRESS: ClassVar[str] = "/clamp3/find/file"
    id: Id
    path: str
    start: float = 0.0
    length: float = 0.0
    n: int = DEFAULT_N
    reply_port: int = 0
    bpm: float = 0.0
    """Tempo of a MIDI file that names none; 0 is unknown."""

    def to_osc(self, token: str) -> bytes:
        """Write the message."""
        part, bpm = (float(self.start), float(self.length)), float(self.bpm)
        return build(self.ADDRESS, token, self.id, self.path, *part, self.n, self.reply_port, bpm)

    @classmethod
    def from_osc(cls, id_: Id, rest: Arguments) -> Self:
        """Read what follows the id."""
        path = rest.text("The path")
        start, length = rest.number("start_s", 0.0), rest.number("length_s", 0.0)
        return cls(id_, path, start, length, rest.count(), rest.port(), rest.tempo())


@dataclass(frozen=True, slots=True)
class FindMidi:
    """Asks what is like this MIDI file, whose bytes come along."""

    ADDRESS: ClassVar[str] = "/clamp3/find/midi"
    id: Id
    data: bytes
    n: int = DEFAULT_N
    reply_port: int = 0
    bpm: float = 0.0
    """Tempo of a file that names none; 0 is unknown."""
    is_take: bool = False
    """It is what a hand played, to the millisecond."""

    def to_osc(self, token: str) -> bytes:
        """Write the message."""
        rest = (self.data, self.n, self.reply_port, float(self.bpm))
        return build(self.ADDRESS, token, self.id, *rest)

    @classmethod
    def from_osc(cls, id_: Id, rest: Arguments) -> Self:
        """Read what follows the id."""
        data = rest.blob("The MIDI file")
        return cls(id_, data, rest.count(), rest.port(), rest.tempo())


@dataclass(frozen=True, slots=True)
class TagFile:
    """Asks which tags fit this file."""

    ADDRESS: ClassVar[str] = "/clamp3/tag/file"
    id: Id
    path: str
    language: str = LANGUAGE
    reply_port: int = 0

    def to_osc(self, token: str) -> bytes:
        """Write the message."""
        return build(self.ADDRESS, token, self.id, self.path, self.language, self.reply_port)

    @classmethod
    def from_osc(cls, id_: Id, rest: Arguments) -> Self:
        """Read what follows the id."""
        return cls(id_, rest.text("The path"), rest.word("lang", LANGUAGE), rest.port())


@dataclass(frozen=True, slots=True)
class TagText:
    """Asks which tags fit these words."""

    ADDRESS: ClassVar[str] = "/clamp3/tag/text"
    id: Id
    text: str
    language: str = LANGUAGE
    reply_port: int = 0

    def to_osc(self, token: str) -> bytes:
        """Write the message."""
        return build(self.ADDRESS, token, self.id, self.text, self.language, self.reply_port)

    @classmethod
    def from_osc(cls, id_: Id, rest: Arguments) -> Self:
        """Read what follows the id."""
        return cls(id_, rest.text("The text"), rest.word("lang", LANGUAGE), rest.port())


@dataclass(frozen=True, slots=True)
class Cancel:
    """Lets go of the query or take of this id."""

    ADDRESS: ClassVar[str] = "/clamp3/cancel"
    id: Id
    reply_port: ClassVar[int] = 0  # the query that is cancelled said where its end goes

    def to_osc(self, token: str) -> bytes:
        """Write the message."""
        return build(self.ADDRESS, token, self.id)

    @classmethod
    def from_osc(cls, id_: Id, rest: Arguments) -> Self:
        """Read what follows the id, which is nothing."""
        rest.end()
        return cls(id_)


@dataclass(frozen=True, slots=True)
class TakeBegin:
    """Says that somebody begins to play; suggestions go to ``reply_port`` meanwhile."""

    ADDRESS: ClassVar[str] = "/clamp3/take/begin"
    id: Id
    reply_port: int = 0

    def to_osc(self, token: str) -> bytes:
        """Write the message."""
        return build(self.ADDRESS, token, self.id, self.reply_port)

    @classmethod
    def from_osc(cls, id_: Id, rest: Arguments) -> Self:
        """Read what follows the id."""
        return cls(id_, rest.port())


@dataclass(frozen=True, slots=True)
class TakeNote:
    """Says that a note was played; ``start`` counts from the begin of the take."""

    ADDRESS: ClassVar[str] = "/clamp3/take/note"
    reply_port: ClassVar[int] = 0  # the take said where answers go
    id: Id
    pitch: int
    velocity: int
    start: float
    length: float

    def to_osc(self, token: str) -> bytes:
        """Write the message."""
        time = (float(self.start), float(self.length))
        return build(self.ADDRESS, token, self.id, self.pitch, self.velocity, *time)

    @classmethod
    def from_osc(cls, id_: Id, rest: Arguments) -> Self:
        """Read what follows the id."""
        pitch, velocity = rest.whole("pitch", 0, 127), rest.whole("velocity", 0, 127)
        return cls(id_, pitch, velocity, rest.number("start_s"), rest.number("length_s"))


@dataclass(frozen=True, slots=True)
class TakeEnd:
    """Says that the take is over, and asks what is like it."""

    ADDRESS: ClassVar[str] = "/clamp3/take/end"
    id: Id
    n: int = DEFAULT_N
    reply_port: int = 0

    def to_osc(self, token: str) -> bytes:
        """Write the message."""
        return build(self.ADDRESS, token, self.id, self.n, self.reply_port)

    @classmethod
    def from_osc(cls, id_: Id, rest: Arguments) -> Self:
        """Read what follows the id."""
        return cls(id_, rest.count(), rest.port())


Question = FindText | FindFile | FindMidi | TagFile | TagText
"""What the daemon is asked for; the rest the bridge answers by itself."""

Message = Question | Ping | Cancel | TakeBegin | TakeNote | TakeEnd

KINDS: dict[str, type[Message]] = {
    kind.ADDRESS: kind
    for kind in (
        Ping,
        FindText,
        FindFile,
        FindMidi,
        TagFile,
        TagText,
        Cancel,
        TakeBegin,
        TakeNote,
        TakeEnd,
    )
}
"""Every message by its address, which is looked up as it stands."""
