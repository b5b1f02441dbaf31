"""The JSON of a note list as values: parts, bars, chords, signs, lines.

Conventions: staves and voices count from 0 here, as in the JSON; ticks count from the start of the
score, ``division`` of them a quarter note. The format is described in docs/bridges/musescore.md.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from clamp3_plugin.errors import BrokenFileError, TooLargeError

VERSION = 1
MAX_STAVES = 256
MAX_BARS = 20_000
MAX_TICK = 1 << 31
VOICES = 4
_NOTE_MAX = 127

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Note:
    """A note head."""

    pitch: int
    """MIDI, as it sounds."""
    written: int
    """Spelling as written, in fifths (C is 14)."""
    line: int
    """Place on the staff, 0 the top line, growing downwards."""
    ties: bool
    """Whether a tie begins here."""
    sounding: int
    """Spelling as it sounds."""
    has_accidental: bool
    has_brackets: bool = False
    """Around the accidental."""


@dataclass(frozen=True, slots=True)
class Grace:
    """A grace note or chord."""

    kind: str
    """As MuseScore names the element, e.g. ``acciaccatura``."""
    length: Fraction
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord or rest."""

    tick: int
    staff: int
    voice: int
    length: Fraction
    """As written, in whole notes; 0 fills the bar."""
    notes: tuple[Note, ...] = ()
    ratio: tuple[int, int] | None = None
    """Of the tuplet around it, if the program told."""
    marks: tuple[str, ...] = ()
    graces: tuple[Grace, ...] = ()
    beam: str = ""
    staff_move: int = 0
    is_repeat: bool = False
    is_hidden: bool = False
    is_stemless: bool = False
    fingers: tuple[tuple[int, str], ...] = ()
    """Which of the notes, and the text beside it."""
    has_flag: bool = False
    """Whether it is seen to stand under no beam."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What stands above or below a moment: a dynamic, a chord symbol, a clef."""

    kind: str
    tick: int
    staff: int
    voice: int
    text: str = ""
    tempo: float = 0.0
    """Quarter notes a second."""
    is_hidden: bool = False
    is_below: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A slur, hairpin, octave line or ending."""

    kind: str
    tick: int
    ticks: int
    track: int
    last_track: int
    subtype: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class BarRow:
    """A bar of all staves."""

    tick: int
    ticks: int
    chords: tuple[Chord, ...]
    signs: tuple[Sign, ...]
    meter: tuple[int, int] | None = None
    opens_repeat: bool = False
    closes_repeat: bool = False
    barline: int = 1
    is_irregular: bool = False
    offset: int = 0


@dataclass(frozen=True, slots=True)
class PartRow:
    """An instrument."""

    name: str
    short_name: str
    instrument: str
    program: int
    has_drums: bool
    staves: int


@dataclass(frozen=True, slots=True)
class NoteList:
    """A score as a list of notes."""

    division: int
    title: str
    composer: str
    lyricist: str
    parts: tuple[PartRow, ...]
    keys: tuple[tuple[int, int, int], ...]
    """Tick, staff, sharps (flats below 0) as written."""
    lines: tuple[Line, ...] = field(repr=False)
    bars: tuple[BarRow, ...] = field(repr=False)


def read_rows(data: bytes) -> NoteList:
    """Read the JSON.

    Raises
    ------
    BrokenFileError
        It is no note list, or one of another version.
    TooLargeError
        It has more staves or bars than a score has.
    """
    whole = json.loads(data)
    if not isinstance(whole, dict) or whole.get("v") != VERSION:
        raise BrokenFileError(
            f"This is no list of notes of version {VERSION}.",
            "Install the bridge again: clamp3 bridge install musescore",
        )
    parts = tuple(_part(row) for row in _rows(whole, "parts"))
    if sum(part.staves for part in parts) > MAX_STAVES:
        raise TooLargeError(f"The score has over {MAX_STAVES} staves.")
    bars = _rows(whole, "bars")
    if len(bars) > MAX_BARS:
        raise TooLargeError(f"The score has over {MAX_BARS} bars.")
    starts = [_int(row, "at", 0, MAX_TICK) for row in bars] + [_int(whole, "end", 0, MAX_TICK)]
    return NoteList(
        _int(whole, "division", 1, 100_000),
        _text(whole, "title"),
        _text(whole, "composer"),
        _text(whole, "lyricist"),
        parts,
        tuple((int(t), int(s), max(-7, min(7, int(k)))) for t, s, k in _lists(whole, "keys")),
        tuple(_line(row) for row in _rows(whole, "spanners")),
        tuple(
            _bar(row, starts[i], max(starts[i + 1] - starts[i], 0)) for i, row in enumerate(bars)
        ),
    )


def _part(row: Json) -> PartRow:
    return PartRow(
        _text(row, "name"),
        _text(row, "short"),
        _text(row, "instrument"),
        _int(row, "program", -1, _NOTE_MAX, -1),
        bool(row.get("drums")),
        _int(row, "staves", 0, MAX_STAVES, 1),
    )


def _bar(row: Json, tick: int, ticks: int) -> BarRow:
    events = _rows(row, "events")
    meter = row.get("meter")
    return BarRow(
        tick,
        ticks,
        tuple(_chord(event) for event in events if event.get("k") in {None, "repeat"}),
        tuple(_sign(event) for event in events if event.get("k") not in {None, "repeat"}),
        _pair(meter) if isinstance(meter, list) else None,
        opens_repeat=bool(row.get("opens")),
        closes_repeat=bool(row.get("closes")),
        barline=_int(row, "line", 0, 4096, 1),
        is_irregular=bool(row.get("irregular")),
        offset=_int(row, "offset", -10_000, 10_000),
    )


def _chord(row: Json) -> Chord:
    ratio = row.get("u")
    return Chord(
        _int(row, "t", 0, MAX_TICK),
        _int(row, "s", 0, MAX_STAVES),
        _int(row, "o", 0, VOICES - 1),
        _length(row),
        tuple(_note(note) for note in _lists(row, "n")),
        _pair(ratio) if isinstance(ratio, list) else None,
        tuple(str(mark) for mark in _list(row, "a")),
        tuple(
            Grace(str(grace.get("y") or ""), _length(grace), tuple(map(_note, _lists(grace, "n"))))
            for grace in _rows(row, "g")
        ),
        beam=str(row.get("b") or ""),
        staff_move=_int(row, "m", -9, 9),
        is_repeat=row.get("k") == "repeat",
        is_hidden=bool(row.get("hidden")),
        is_stemless=bool(row.get("stemless")),
        fingers=tuple((int(i), str(text)) for i, text in _lists(row, "f")),
        has_flag=bool(row.get("h")),
    )


def _note(row: Sequence[object]) -> Note:
    pitch, written, line, flags, *rest = (int(str(value)) for value in row)
    pitch = max(0, min(_NOTE_MAX, pitch))
    sounding = rest[0] if rest else written
    return Note(pitch, written, line, bool(flags & 1), sounding, bool(flags & 2), bool(flags & 4))


def _sign(row: Json) -> Sign:
    tempo = row.get("q")
    return Sign(
        str(row["k"]),
        _int(row, "t", 0, MAX_TICK),
        _int(row, "s", 0, MAX_STAVES),
        _int(row, "o", 0, VOICES - 1),
        _text(row, "x"),
        float(tempo) if isinstance(tempo, int | float) else 0.0,
        is_hidden=bool(row.get("hidden")),
        is_below=bool(row.get("below")),
    )


def _line(row: Json) -> Line:
    return Line(
        str(row["k"]),
        _int(row, "t", 0, MAX_TICK),
        _int(row, "l", 0, MAX_TICK),
        track := _int(row, "r", 0, MAX_STAVES * VOICES),
        _int(row, "e", 0, MAX_STAVES * VOICES, track),
        _int(row, "y", 0, 99),
        _text(row, "x"),
    )


def _length(row: Json) -> Fraction:
    if (given := row.get("d")) is None:
        return Fraction(0)
    over, under = _pair(given)
    return Fraction(over, under)


def _pair(value: object) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError(f"no pair: {value!r}")
    first, second = int(value[0]), int(value[1])
    if not (0 < first <= 10_000 and 0 < second <= 10_000):
        raise ValueError(f"no fraction: {first}/{second}")
    return first, second


def _int(row: Json, name: str, least: int, most: int, default: int = 0) -> int:
    value = row.get(name)
    if not isinstance(value, int | float):
        return default
    return max(least, min(most, round(value)))


def _text(row: Json, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _list(row: Json, name: str) -> list[object]:
    value = row.get(name)
    return value if isinstance(value, list) else []


def _lists(row: Json, name: str) -> list[list[int]]:
    return [value for value in _list(row, name) if isinstance(value, list)]


def _rows(row: Json, name: str) -> list[Json]:
    return [value for value in _list(row, name) if isinstance(value, dict)]
