"""What a bar of one voice holds before it becomes text: notes and marks.

Conventions: times are ticks from the start of the bar.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from clamp3_plugin.readers.musicxml.values import Ticks


@dataclass(slots=True)
class Head:
    """One pitch of a note or chord: ``text`` with its accidental, and whether a tie leaves it."""

    text: str
    tied: bool = False


@dataclass(slots=True)
class Grace:
    """Marks a note as a grace note; ``opens`` and ``closes`` are the braces of its group."""

    opens: str = ""
    closes: str = ""


@dataclass(slots=True)
class Tuplet:
    """Part of a note in tuplets: its time modification, and the brackets that begin or end at it."""

    actual: int = 1
    normal: int = 1
    starts: int = 0
    stops: int = 0

    @property
    def ratio(self) -> Fraction:
        """How much longer it is written than it sounds."""
        return Fraction(self.actual, self.normal)


@dataclass(slots=True)
class Note:
    """A note, chord or rest."""

    time: Ticks
    duration: Ticks
    per_quarter: Ticks
    heads: list[Head] = field(default_factory=list)
    """Empty for a rest."""
    rest: str = "z"
    """What stands for it when it has no heads: ``z``, or ``x`` when it is not printed."""
    hidden: bool = False
    """Whether it is a note that is not printed, rather than a rest."""
    rest_tied: bool = False
    """Whether a tie leaves a hidden note."""
    decorations: list[str] = field(default_factory=list)
    beamed: bool = False
    """Joined to the note before by a beam."""
    grace: Grace | None = None
    tuplet: Tuplet | None = None
    slurs_opened: int = 0
    slurs_closed: int = 0
    staff: int = 1
    syllables: dict[str, str] = field(default_factory=dict)
    """Words under it, by the number of the verse."""
    before: str = ""
    """Tuplet brackets, set when the bar is laid out."""
    after: str = ""
    """Sign of a broken rhythm, likewise."""
    length: Fraction = Fraction(0)
    """Length in eighth notes, likewise."""


@dataclass(slots=True)
class Mark:
    """Text that stands between notes: dynamics, words, chord symbols, changes of key."""

    time: Ticks
    text: str


Event = Note | Mark
