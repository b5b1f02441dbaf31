"""The measures of a staff with the time of everything in them.

MuseScore 3 and 4 put each voice into an element of its own and say only where time is skipped;
MuseScore 2 writes all voices in one row and says where each begins, in ticks from the start.

Conventions: times and lengths are fractions of a whole note.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from clamp3_plugin.errors import TooLargeError
from clamp3_plugin.readers.musescore.names import AFTER_GRACES, GRACES, LENGTHS, MAX_DOTS
from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.values import whole

MAX_MEASURES = 20_000
MAX_NESTING = 4
_VOICES = 4
_TICKS = 1920  # of a whole note, in MuseScore 2
_FRACTION = re.compile(r"\s*(-?\d{1,6})\s*/\s*(\d{1,6})\s*")
TIMED = {"Chord", "Rest", "RepeatMeasure", "MeasureRepeat"}
_SPANNERS = {"Slur", "HairPin", "Ottava", "Volta", "Pedal", "Trill", "TextLine", "Tie", "Glissando"}
_MOVABLE = {"Harmony", "Dynamic", "StaffText", "Expression"}
_LINES = {"HairPin", "Ottava", "Pedal", "Volta"}
_NO_LENGTH = Fraction(0)


@dataclass(frozen=True, slots=True, eq=False)
class Tuplet:
    """A tuplet; two of the same ratio are still two."""

    actual: int
    normal: int


@dataclass(slots=True, eq=False)
class Item:
    """A chord, rest or sign: where it stands and how long it lasts."""

    tag: str
    element: Element
    start: Fraction
    """From the start of the measure."""
    voice: int
    length: Fraction = _NO_LENGTH
    tuplets: tuple[Tuplet, ...] = ()
    """Those that it stands in, outermost first."""
    tuplet_starts: tuple[Tuplet, ...] = ()
    tuplet_stops: int = 0
    edge: str = ""
    """``start`` or ``stop`` of a spanner."""
    bar: int = 0

    @property
    def grace(self) -> str:
        """The kind of grace note, empty for others."""
        kinds = (child.tag for child in self.element if child.tag in GRACES | AFTER_GRACES)
        return next(kinds, "") if self.tag == "Chord" else ""

    @property
    def ratio(self) -> Fraction:
        """How much longer it is written than it sounds."""
        ratio = Fraction(1)
        for tuplet in self.tuplets:
            ratio *= Fraction(tuplet.actual, tuplet.normal)
        return ratio


@dataclass(slots=True)
class Measure:
    """A measure of one staff."""

    element: Element
    start: Fraction
    """From the start of the score."""
    length: Fraction
    items: list[Item] = field(default_factory=list)


def fraction(text: str | None) -> Fraction | None:
    """Read a fraction as MuseScore writes it; None for anything else.

    Examples
    --------
    >>> fraction("3/4"), fraction("-1/2"), fraction("1/0"), fraction(None)
    (Fraction(3, 4), Fraction(-1, 2), None, None)
    """
    match = _FRACTION.fullmatch(text or "")
    return Fraction(int(match[1]), int(match[2])) if match and int(match[2]) else None


def measure_lengths(measures: list[Element]) -> list[Fraction]:
    """Give the length of every measure: its own where it says one, else that of the metre."""
    if len(measures) > MAX_MEASURES:
        raise TooLargeError(f"The score has over {MAX_MEASURES} measures.")
    meter = Fraction(1)
    lengths = []
    for measure in measures:
        if (sign := _time_signature(measure)) is not None:
            meter = meter_length(sign) or meter
        own = fraction(measure.get("len"))
        lengths.append(own if own is not None and 0 < own <= 256 else meter)
    return lengths


def meter_length(sign: Element) -> Fraction:
    """Give the length of a measure under a time signature."""
    beats = whole(sign.findtext("sigN"), 4, 0, 1024)
    return Fraction(beats, whole(sign.findtext("sigD"), 4, 1, 1024))


def real_measures(staff: Element) -> list[Element]:
    """List the measures, without the multi-bar rests that stand beside the bars they show."""
    return [item for item in staff.iterfind("Measure") if item.find("multiMeasureRest") is None]


def read_staff(measures: list[Element], lengths: list[Fraction]) -> list[Measure]:
    """Read the measures of a staff; those that the score has no length for are left out."""
    reader = _StaffReader()
    start = _NO_LENGTH
    read: list[Measure] = []
    for element, length in zip(measures, lengths, strict=False):
        measure = Measure(element, start, length)
        measure.items = _in_order(reader.read(measure))
        for item in measure.items:
            item.bar = len(read)
        if read:
            _end_lines(read[-1], measure)
            _begin_clefs(read[-1], measure)
        read.append(measure)
        start += length
    return read


def _in_order(items: list[Item]) -> list[Item]:
    """Let lines end before anything begins at that place; signs under a note go before it."""
    ordered: list[Item] = []
    note = place = 0  # of the last note, and of the first sign behind it
    for item in items:
        if item.tag in TIMED:
            note = len(ordered)
            ordered.append(item)
            place = len(ordered)
        elif item.edge == "stop":
            ordered.insert(place, item)
            place += 1
        elif place and _covers(ordered[note], item) and item.tag in _MOVABLE:
            item.start = ordered[note].start
            ordered.insert(note, item)
            note += 1
            place += 1
        else:
            ordered.append(item)
    return ordered


def _covers(note: Item, sign: Item) -> bool:
    same = note.voice == sign.voice
    return same and note.start < sign.start < note.start + note.length


def _end_lines(before: Measure, measure: Measure) -> None:
    """Let lines that end where a measure begins end with the measure before."""
    ended = [item for item in measure.items if _ends_at_start(item)]
    if ended:
        measure.items = [item for item in measure.items if not _ends_at_start(item)]
        for item in ended:
            item.start = before.length
        before.items += ended


def _begin_clefs(before: Measure, measure: Measure) -> None:
    """Let clefs that stand behind the last note hold from the next measure on."""
    moved = [item for item in before.items if item.tag == "Clef" and item.start >= before.length]
    if moved:
        before.items = [item for item in before.items if item not in moved]
        for item in moved:
            item.start = _NO_LENGTH
        measure.items[:0] = moved


def _ends_at_start(item: Item) -> bool:
    return item.edge == "stop" and item.tag in _LINES and not item.start


def _time_signature(measure: Element) -> Element | None:
    sign = measure.find("voice/TimeSig")
    return sign if sign is not None else measure.find("TimeSig")


class _StaffReader:
    """Walks measures; the numbers of spanners in MuseScore 2 hold in the whole staff."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}

    def read(self, measure: Measure) -> list[Item]:
        voices = measure.element.findall("voice")
        if not voices:
            items = list(self._read_row(measure, measure.element, 0))
            _find_brackets(items)
            return items
        element = measure.element
        items = [
            Item("Marker", sign, _NO_LENGTH, 0)
            for sign in element.iterfind("Marker")
            if not _is_at_end(sign)
        ]
        for number, voice in enumerate(voices[:_VOICES]):
            items += self._read_row(measure, voice, number)
        items += [
            Item(sign.tag, sign, measure.length, 0)
            for sign in element
            if sign.tag == "Jump" or (sign.tag == "Marker" and _is_at_end(sign))
        ]
        _find_brackets(items)
        return items

    def _read_row(self, measure: Measure, row: Element, voice: int) -> Iterator[Item]:
        now = _NO_LENGTH
        nested: list[Tuplet] = []
        numbered: dict[str, tuple[Tuplet, ...]] = {}
        for child in row:
            if child.tag == "tick":
                now = _position(child, measure)
            elif child.tag == "location":
                now = max(_NO_LENGTH, now + (fraction(child.findtext("fractions")) or 0))
            elif child.tag == "Tuplet" and "id" in child.attrib:
                around = _numbered(child, numbered)
                numbered[child.get("id", "")] = (*around, _tuplet(child))[-MAX_NESTING:]
            elif child.tag == "Tuplet":
                nested.append(_tuplet(child))
            elif child.tag == "endTuplet":
                del nested[-1:]
            elif child.tag in TIMED:
                item = Item(child.tag, child, now, _voice(child, voice))
                if not item.grace:
                    item.tuplets = tuple(nested[:MAX_NESTING]) or _numbered(child, numbered)
                item.length = length_of(item, measure.length)
                now += item.length
                yield item
            else:
                yield self._sign(child, now, _voice(child, voice))

    def _sign(self, child: Element, now: Fraction, voice: int) -> Item:
        if child.tag == "Spanner":
            edge = "start" if child.find("next") is not None else "stop"
            kind = child.get("type", "")
            inner = child.find(kind) if kind else None
            return Item(kind, child if inner is None else inner, now, voice, edge=edge)
        if child.tag == "endSpanner":
            return Item(self._kinds.get(child.get("id", ""), ""), child, now, voice, edge="stop")
        if child.tag in _SPANNERS and "id" in child.attrib:
            self._kinds[child.get("id", "")] = child.tag
            return Item(child.tag, child, now, voice, edge="start")
        return Item(child.tag, child, now, voice)


def _is_at_end(marker: Element) -> bool:
    return (marker.findtext("label") or "").strip().lower() in {"fine", "coda", "tocoda"}


def _find_brackets(items: list[Item]) -> None:
    """Mark where tuplets begin and end, which is where their members do."""
    last: dict[int, Item] = {}
    for item in items:
        if item.tag not in TIMED or item.grace:
            continue
        before = last.get(item.voice)
        earlier = before.tuplets if before is not None else ()
        item.tuplet_starts = tuple(one for one in item.tuplets if one not in earlier)
        if before is not None:
            before.tuplet_stops = sum(one not in item.tuplets for one in earlier)
        last[item.voice] = item
    for item in last.values():
        item.tuplet_stops = len(item.tuplets)


def _numbered(child: Element, tuplets: Mapping[str, tuple[Tuplet, ...]]) -> tuple[Tuplet, ...]:
    return tuplets.get((child.findtext("Tuplet") or "").strip(), ())


def _tuplet(element: Element) -> Tuplet:
    return Tuplet(
        actual=whole(element.findtext("actualNotes"), 3, 1, 999),
        normal=whole(element.findtext("normalNotes"), 2, 1, 999),
    )


def _position(tick: Element, measure: Measure) -> Fraction:
    ticks = whole(tick.text, 0, 0, 2**31)
    return max(_NO_LENGTH, Fraction(ticks, _TICKS) - measure.start)


def _voice(child: Element, default: int) -> int:
    track = child.findtext("track")
    return whole(track, 0, 0, 10_000) % _VOICES if track is not None else default


def length_of(item: Item, measure: Fraction) -> Fraction:
    """Tell how long a chord or rest lasts."""
    element = item.element
    if item.grace:
        return _NO_LENGTH
    written = (element.findtext("durationType") or "").strip()
    given = element.find("duration")
    own = None
    if given is not None:
        own = fraction(given.text) or fraction(f"{given.get('z')}/{given.get('n')}")
    if written not in LENGTHS:
        return own if own is not None and 0 <= own <= 256 else measure
    dots = whole(element.findtext("dots"), 0, 0, MAX_DOTS)
    length = LENGTHS[written] * (2 - Fraction(1, 2**dots))
    return (own if own is not None and 0 <= own <= 256 else length) / item.ratio
