"""What a bar of one voice holds before it becomes text: notes and marks.

Conventions: times are ticks from the start of the bar.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar

from clamp3_plugin.readers.musicxml.lengths import NO_LENGTH, Length
from clamp3_plugin.readers.musicxml.values import Ticks

Head = tuple[str, bool]
"""One pitch of a note or chord with its accidental, and whether a tie leaves it."""


@dataclass(slots=True)
class Grace:
    """Marks a note as a grace note; ``opens`` and ``closes`` are the braces of its group."""

    opens: str = ""
    closes: str = ""


@dataclass(frozen=True, slots=True)
class Tuplet:
    """Part of a note in tuplets: its time modification, and the brackets that begin or end at it."""

    actual: int
    normal: int
    ratio: Fraction
    """How much longer it is written than it sounds: ``actual`` over ``normal``."""
    starts: int
    stops: int


@dataclass  # without slots: what most notes do not have costs nothing when one is made
class Note:
    """A note, chord or rest."""

    time: Ticks
    duration: Ticks
    per_quarter: Ticks
    heads: list[Head]
    """Empty for a rest."""
    staff: int = 1
    beamed: bool = False
    """Joined to the note before by a beam."""
    tuplet: Tuplet | None = None
    grace: Grace | None = None
    rest: str = field(default="z", init=False)
    """What stands for it when it has no heads: ``z``, or ``x`` when it is not printed."""
    hidden: bool = field(default=False, init=False)
    """Whether it is a note that is not printed, rather than a rest."""
    rest_tied: bool = field(default=False, init=False)
    """Whether a tie leaves a hidden note."""
    decorations: tuple[str, ...] = field(default=(), init=False)
    slurs_opened: int = field(default=0, init=False)
    slurs_closed: int = field(default=0, init=False)
    syllables: Mapping[str, str] | None = field(default=None, init=False)
    """Words under it, by the number of the verse."""
    before: str = field(default="", init=False)
    """Tuplet brackets, set when the bar is laid out."""
    after: str = field(default="", init=False)
    """Sign of a broken rhythm, likewise."""
    length: Length = field(default=NO_LENGTH, init=False)
    """Likewise."""


@dataclass(slots=True)
class Mark:
    """Text that stands between notes: dynamics, words, chord symbols, changes of key."""

    time: Ticks
    text: str
    duration: ClassVar[Ticks] = 0


Event = Note | Mark
