"""A bar of one voice laid out: sorted in time, gaps filled, tuplets and broken rhythm written.

Conventions: lengths are eighth notes.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from clamp3_plugin.readers.musicxml.events import Event, Grace, Mark, Note
from clamp3_plugin.readers.musicxml.heads import MAX_HEADS
from clamp3_plugin.readers.musicxml.lengths import length, mean
from clamp3_plugin.readers.musicxml.values import Ticks

MAX_NESTING = 4  # tuplets within tuplets
_DOTTED = {Fraction(3): ">", Fraction(1, 3): "<"}


def fill_time(events: list[Event], end: Ticks, per_quarter: Ticks) -> list[Event]:
    """Bring the events of a bar into one line of time: no gaps, no overlaps."""
    if events and _is_filled(events, end):
        return events
    line = _Timeline(per_quarter)
    for event in sorted(events, key=lambda event: event.time):
        line.add(event)
    line.fill_to(end)
    return [event for event in line.events if not _is_nothing(event)]


def _is_filled(events: list[Event], end: Ticks) -> bool:
    """Tell whether each event begins where the one before ends, as nearly always."""
    now: Ticks = 0
    for event in events:
        if event.time != now:
            return False
        now += event.duration
    return now == end


def _is_nothing(event: Event) -> bool:
    """Tell a rest that later notes have left no room for."""
    return isinstance(event, Note) and not (event.heads or event.duration or event.grace)


class _Timeline:
    """Events one after another; ``now`` is where the last of them ends."""

    def __init__(self, per_quarter: Ticks) -> None:
        self.events: list[Event] = []
        self._per_quarter = per_quarter
        self._now: Ticks = 0
        self._last: Note | None = None

    def fill_to(self, time: Ticks) -> None:
        """Let unprinted rests lead up to a time; a 64th note is no gap."""
        gap = time - self._now
        if gap * 16 > self._per_quarter:
            rest = Note(self._now, gap, self._per_quarter, [])
            rest.rest = "x"
            self.events.append(rest)
            self._last = rest
            self._now = time

    def add(self, event: Event) -> None:
        """Add an event that begins no earlier than those before it."""
        self.fill_to(event.time)
        if isinstance(event, Mark) or event.grace:
            self.events.append(event)
        elif (self._now - event.time) * 16 > self._per_quarter:
            self._squeeze(event)
        else:
            self._append(event)

    def _append(self, note: Note) -> None:
        self.events.append(note)
        self._last = note
        self._now = max(self._now, note.time + note.duration)

    def _squeeze(self, note: Note) -> None:
        """Find room for a note that begins before the last one has ended."""
        last = self._last
        end = note.time + note.duration
        if not note.heads:
            if end > self._now:
                note.duration = end - self._now
                note.time = self._now
                self._append(note)
        elif last is not None and not last.heads and last.time <= note.time:
            last.duration = note.time - last.time
            self._now = note.time
            self._append(note)
        elif last is not None and last.time == note.time:
            self._join(last, note)

    def _join(self, last: Note, note: Note) -> None:
        """Make a chord of two notes; what one of them is longer follows by itself."""
        shorter, longer = sorted((last.duration, note.duration))
        rest_of = last if last.duration == longer else note
        left = longer - shorter
        heads = rest_of.heads
        last.heads = last.heads + note.heads if len(last.heads) < MAX_HEADS else last.heads
        last.duration = shorter
        self._now = last.time + shorter
        if left * 16 > self._per_quarter:
            again = [(text, False) for text, _ in heads]
            self._append(Note(self._now, left, self._per_quarter, again))


@dataclass(slots=True)
class _Bracket:
    """A tuplet that has not ended yet."""

    first: Note
    actual: int
    normal: int
    notes: int = 0


@dataclass(slots=True)
class Rhythm:
    """Writes tuplets, lengths and broken rhythms; tuplets may run over a barline."""

    _open: list[_Bracket] = field(default_factory=list)

    def write(self, bar: list[Event]) -> None:
        """Set length, ``before`` and ``after`` of every note of a bar."""
        notes = [event for event in bar if isinstance(event, Note)]
        has_rests = has_beams = False
        for note in notes:
            if (note.tuplet is None and not self._open) or note.grace is not None:
                note.length = length(note.duration, note.per_quarter)
            else:
                self._count(note)
                ratio = note.tuplet.ratio if note.tuplet is not None else 1
                note.length = length(note.duration, note.per_quarter, ratio)
            has_beams = has_beams or note.beamed
            has_rests = has_rests or not note.heads
        if has_beams:
            if has_rests:
                _join_rests(notes)
            _break(notes)

    def end(self) -> None:
        """Close what is still open at the end of the voice."""
        while self._open:
            self._close()

    def _count(self, note: Note) -> None:
        tuplet = note.tuplet
        if tuplet is None:
            self.end()
            return
        for _ in range(min(tuplet.starts, MAX_NESTING - len(self._open))):
            outer = Fraction(1)
            for bracket in self._open:
                outer *= Fraction(bracket.actual, bracket.normal)
            actual, normal = tuplet.actual, tuplet.normal
            if outer != 1:
                ratio = tuplet.ratio / outer
                actual, normal = ratio.numerator, ratio.denominator
            self._open.append(_Bracket(note, actual, normal))
        for bracket in self._open:
            bracket.notes += 1
        for _ in range(min(tuplet.stops, len(self._open))):
            self._close()

    def _close(self) -> None:
        bracket = self._open.pop()
        shape = (bracket.actual, bracket.normal, bracket.notes)
        text = "(3" if shape == (3, 2, 3) else "({}:{}:{}".format(*shape)
        bracket.first.before = text + bracket.first.before


def _break(notes: list[Note]) -> None:
    """Write dotted pairs under one beam with ``>`` or ``<``."""
    paired = False
    for first, second in pairwise(notes):
        if paired or not second.beamed or first.length is second.length:
            paired = False
        elif sign := _dotted(first, second):
            first.length = second.length = mean(first.length, second.length)
            first.after = sign
            paired = True


def _join_rests(notes: list[Note]) -> None:
    """Let rests go with the beam that they stand before, or in."""
    beam_follows = False
    for note in reversed(notes):
        if note.grace:
            continue
        if note.heads:
            beam_follows = note.beamed
        elif beam_follows:
            note.beamed = True


def _dotted(first: Note, second: Note) -> str:
    if first.tuplet or second.tuplet or first.grace or second.grace:
        return ""
    if not (first.length.eighths and second.length.eighths):
        return ""
    return _DOTTED.get(first.length.eighths / second.length.eighths, "")


def bar_text(bar: list[Event]) -> str:
    """Write a bar without its barline."""
    pieces: list[str] = []
    for event in bar:
        if isinstance(event, Mark):
            pieces.append(event.text)
        else:
            if not event.beamed and event.grace is None:
                pieces.append(" ")
            pieces.append(_note_text(event))
    text = "".join(pieces)
    if "!!" in text:
        # an octave shift may end where it begins, and a pedal begin or end twice
        text = text.replace("!8va(!!8va)!", "").replace("!ped!!ped!", "!ped!")
        text = text.replace("!ped-up!!ped-up!", "!ped-up!")
    return text


def _note_text(note: Note) -> str:
    if note.grace is not None:
        return _grace_text(note, note.grace)
    text = _heads(note, note.length.text)
    if note.decorations:
        text = "".join(note.decorations) + text
    if note.slurs_opened or note.slurs_closed or note.before or note.after:
        slurs = "(" * note.slurs_opened
        return note.before + slurs + text + note.after + ")" * note.slurs_closed
    return text


def _grace_text(note: Note, grace: Grace) -> str:
    # a slur from the first grace note stands before the brace
    opening = "(" * note.slurs_opened + grace.opens
    text = "".join(note.decorations) + _heads(note, "")
    return opening + text + ")" * note.slurs_closed + grace.closes


def _heads(note: Note, size: str) -> str:
    heads = note.heads
    if len(heads) == 1:
        text, tied = heads[0]
        return f"{text}{size}-" if tied else text + size
    if not heads:
        return note.rest + size + "-" * note.rest_tied
    if all(tied for _, tied in heads):
        return "[" + "".join(text for text, _ in heads) + "]" + size + "-"
    inner = "".join(text + "-" * tied for text, tied in heads)
    return f"[{inner}]{size}"
