"""A part as read: its measures, and the bars of its voices in them.

Conventions: a measure is what MusicXML calls one, a bar is what one voice has in it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from clamp3_plugin.readers.musicxml.barlines import Barline
from clamp3_plugin.readers.musicxml.events import Event
from clamp3_plugin.readers.musicxml.lengths import quarters
from clamp3_plugin.readers.musicxml.values import Ticks


@dataclass(slots=True)
class Measure:
    """One measure of a part."""

    number: str
    per_quarter: Ticks = 1
    length: Ticks = 0
    barline: Barline = field(default_factory=Barline)
    bars: defaultdict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    """Events by voice, in the order of the file."""

    @property
    def quarters(self) -> Fraction:
        """Length in quarter notes."""
        return quarters(self.length, self.per_quarter)


@dataclass(slots=True)
class Part:
    """A part as read: its measures, and how its voices are presented."""

    staff_of: dict[str, int]
    """Staff of each voice, in order of appearance."""
    measures: list[Measure] = field(default_factory=list)
    repeat_at_start: bool = False
    clefs: dict[int, str] = field(default_factory=dict)
    """What stands after ``V:n`` for each staff."""
    drums: dict[str, dict[str, None]] = field(default_factory=dict)
    verses: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Verses under each voice."""
    has_stemless: bool = False
    sounding: set[str] = field(default_factory=set)
    """Voices that have something to write."""
    has_notes: bool = False
    tempos: list[tuple[int, Fraction, float]] = field(default_factory=list)
    """Measure, quarter notes into it, quarter notes a minute."""
