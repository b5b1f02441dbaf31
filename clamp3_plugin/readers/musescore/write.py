"""A MuseScore score as MusicXML, so that one converter makes the ABC of both.

Conventions: times and lengths are fractions of a whole note; pitches become written ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from math import lcm
from xml.etree.ElementTree import Element, SubElement

from clamp3_plugin.readers.musescore.bars import Bar, bars_of
from clamp3_plugin.readers.musescore.beams import beams
from clamp3_plugin.readers.musescore.heading import part_list, titles
from clamp3_plugin.readers.musescore.names import BARLINES, clef, ottava
from clamp3_plugin.readers.musescore.notes import Extras, NoteWriter, split_after_graces
from clamp3_plugin.readers.musescore.parts import Part, read_parts
from clamp3_plugin.readers.musescore.signs import direction
from clamp3_plugin.readers.musescore.timeline import (
    TIMED,
    Item,
    Measure,
    measure_lengths,
    read_staff,
    real_measures,
)
from clamp3_plugin.readers.musicxml.values import MAX_DIVISIONS, whole

_VOICES = 4
_START = Fraction(0)
MAX_FIFTHS = 7


def musicxml_of(root: Element) -> Element:
    """Write the score of a MuseScore file; one without parts comes out without notes."""
    score = root.find("Score")
    if score is None:
        score = root
    version = whole((root.get("version") or "3").partition(".")[0], 3, 1, 99)
    parts = read_parts(score)
    written = Element("score-partwise", version="4.0")
    titles(score, written)
    staves = [real_measures(staff) for part in parts for staff in part.staves]
    lengths = measure_lengths(staves[0] if staves else [])
    bars = bars_of(staves, lengths, end_drawn=version >= 3)
    writers = [
        _PartWriter(part, number, bars, lengths, smufl_1_4=version >= 4)
        for number, part in enumerate(parts, 1)
    ]
    bodies = [writer.write() for writer in writers]
    written.append(part_list(parts, [writer.notes.pitches for writer in writers]))
    written.extend(bodies)
    return written


@dataclass(slots=True)
class _State:
    """What carries over from measure to measure."""

    meter: tuple[int, int] = (4, 4)
    tremolo: dict[int, str] = field(default_factory=dict)
    """Subtype of a tremolo that waits for its second note, by voice."""


@dataclass(slots=True)
class _Row:
    """A measure that is being written: which staff and voice, and the time that is reached."""

    measure: Element
    now: Fraction = _START
    start: Fraction = _START
    number: int = 1
    voice: int = 0

    def enter(self, staff: Measure, number: int, voice: int) -> None:
        """Go to a voice of a staff."""
        self.start, self.number, self.voice = staff.start, number, voice


class _PartWriter:
    """Writes one part."""

    def __init__(
        self,
        part: Part,
        number: int,
        bars: Sequence[Bar],
        lengths: Sequence[Fraction],
        *,
        smufl_1_4: bool,
    ) -> None:
        self._part = part
        self._bars = bars
        self._staves = [read_staff(real_measures(staff), list(lengths)) for staff in part.staves]
        self._divisions = _divisions(self._staves)
        self._shifts = [_octave_lines(staff) for staff in self._staves]
        self._state = _State()
        self.notes = NoteWriter(part, self._divisions, number, smufl_1_4)

    def write(self) -> Element:
        """Write the part with all its measures."""
        part = Element("part", id=f"P{self.notes.number}")
        for i, bar in enumerate(self._bars):
            measure = SubElement(part, "measure", number=bar.number)
            staves = [staff[i] for staff in self._staves if i < len(staff)]
            self._open(measure, bar, staves, first=i == 0)
            row = _Row(measure)
            for k, staff in enumerate(staves, 1):
                for voice in range(_VOICES):
                    items = [item for item in staff.items if item.voice == voice]
                    row.enter(staff, k, voice)
                    self._voice(row, items)
            self._move(row, bar.length)
            self._close(measure, bar, staves)
        return part

    # --- the ends of a measure

    def _open(self, measure: Element, bar: Bar, staves: list[Measure], *, first: bool) -> None:
        if bar.opens_repeat or bar.ending:
            line = SubElement(measure, "barline", location="left")
            if bar.ending:
                SubElement(line, "ending", number=bar.ending, type="start")
            if bar.opens_repeat:
                SubElement(line, "repeat", direction="forward")
        attributes = Element("attributes")
        if first:
            SubElement(attributes, "divisions").text = str(self._divisions)
        leading = staves[0].items if staves else []
        self._key(attributes, [item for item in leading if item.start == 0], first=first)
        self._time(attributes, leading)
        if first and len(self._part.staves) > 1:
            SubElement(attributes, "staves").text = str(len(self._part.staves))
        for k, staff in enumerate(staves, 1):
            names = [
                _clef_name(item) for item in staff.items if item.tag == "Clef" and item.start == 0
            ]
            default = self._part.clefs[k - 1] if first else ""
            if name := (names[0] if names else default):
                self._clef(attributes, name, k)
        turn = self._part.transposition
        if first and (turn.diatonic or turn.chromatic):
            transpose = SubElement(attributes, "transpose")
            SubElement(transpose, "diatonic").text = str(turn.diatonic)
            SubElement(transpose, "chromatic").text = str(turn.chromatic)
        if len(attributes):
            measure.append(attributes)

    def _key(self, attributes: Element, leading: list[Item], *, first: bool) -> None:
        sign = next((item.element for item in leading if item.tag == "KeySig"), None)
        if sign is None:
            if not first:
                return
            sign = Element("KeySig")  # without sharps and flats, which the file does not say
        fifths = _fifths(sign, self._part.transposition.fifths)
        key = SubElement(attributes, "key")
        SubElement(key, "fifths").text = str(fifths)
        if mode := (sign.findtext("mode") or "").strip():
            SubElement(key, "mode").text = mode

    def _time(self, attributes: Element, leading: list[Item]) -> None:
        sign = next((item.element for item in leading if item.tag == "TimeSig"), None)
        if sign is None:
            return
        self._state.meter = (
            whole(sign.findtext("sigN"), 4, 1, 1024),
            whole(sign.findtext("sigD"), 4, 1, 1024),
        )
        time = SubElement(attributes, "time")
        SubElement(time, "beats").text = str(self._state.meter[0])
        SubElement(time, "beat-type").text = str(self._state.meter[1])

    def _clef(self, attributes: Element, name: str, staff: int) -> None:
        sign, line, octaves = clef(name)
        element = SubElement(attributes, "clef")
        if len(self._part.staves) > 1:
            element.set("number", str(staff))
        SubElement(element, "sign").text = sign
        if line:
            SubElement(element, "line").text = line
        if octaves:
            SubElement(element, "clef-octave-change").text = str(octaves)

    def _close(self, measure: Element, bar: Bar, staves: list[Measure]) -> None:
        style = bar.style
        for staff in staves:
            for item in staff.items:
                if item.tag == "BarLine" and (item.start or not bar.length):
                    style = (item.element.findtext("subtype") or "").strip() or style
        shown = BARLINES.get(style, "")
        if not (shown or bar.closes_repeat or bar.ending_stops):
            return
        line = SubElement(measure, "barline", location="right")
        if bar.closes_repeat:
            shown = "light-heavy"
        if shown:
            SubElement(line, "bar-style").text = shown
        if bar.ending_stops:
            SubElement(line, "ending", number=bar.ending_stops, type="stop")
        if bar.closes_repeat:
            SubElement(line, "repeat", direction="backward")

    # --- what is in it

    def _voice(self, row: "_Row", items: list[Item]) -> None:
        """Write a voice of a staff."""
        beamed = beams((item for item in items if item.tag in TIMED), self._state.meter)
        extras = Extras()
        for item in split_after_graces(items):
            if item.tag == "Fermata":
                extras.fermata = True
            elif item.tag in TIMED:
                extras.beam = beamed.get(id(item), "")
                self._note(row, item, extras)
                if not item.grace:
                    extras = Extras()
            elif item.tag == "Clef" and item.start:
                self._move(row, item.start)
                self._clef(SubElement(row.measure, "attributes"), _clef_name(item), row.number)
            elif item.tag == "Breath":
                _breathe(row.measure)
            elif (sign := direction(item)) is not None:
                self._move(row, item.start)
                if len(self._part.staves) > 1:
                    SubElement(sign, "staff").text = str(row.number)
                row.measure.append(sign)

    def _note(self, row: "_Row", item: Item, extras: Extras) -> None:
        place = (row.number - 1) * _VOICES + row.voice + 1
        extras.second_of_tremolo = "" if item.grace else self._state.tremolo.pop(place, "")
        time = row.start + item.start
        shifts = self._shifts[row.number - 1]
        octaves = sum(by for start, end, by in shifts if start <= time < end)
        notes = self.notes.write(item, row.number, place, octaves, extras)
        subtype = (item.element.findtext(".//Tremolo/subtype") or "").strip()
        if subtype.startswith("c") and not extras.second_of_tremolo:
            self._state.tremolo[place] = subtype
        if notes:
            self._move(row, item.start)
            row.measure.extend(notes)
            row.now += item.length

    def _move(self, row: "_Row", to: Fraction) -> None:
        if row.now != to:
            jump = SubElement(row.measure, "backup" if to < row.now else "forward")
            ticks = round(abs(to - row.now) * 4 * self._divisions)
            SubElement(jump, "duration").text = str(ticks)
        row.now = to


def _fifths(sign: Element, transposed: int) -> int:
    """Give the written key: what the file says of it, else the sounding one and the instrument."""
    for name in ("actualKey", "accidental", "key"):
        if sign.find(name) is not None:
            return whole(sign.findtext(name), 0, -MAX_FIFTHS, MAX_FIFTHS)
    fifths = whole(sign.findtext("concertKey"), 0, -MAX_FIFTHS, MAX_FIFTHS) + transposed
    while abs(fifths) > MAX_FIFTHS:
        fifths += -12 if fifths > 0 else 12
    return fifths


def _clef_name(item: Item) -> str:
    for name in ("transposingClefType", "concertClefType"):
        if text := (item.element.findtext(name) or "").strip():
            return text
    return "G"


def _breathe(measure: Element) -> None:
    """Put a breath mark on the note that has just been written."""
    notes = measure.findall("note")
    if notes:
        SubElement(SubElement(SubElement(notes[-1], "notations"), "articulations"), "breath-mark")


def _octave_lines(staff: list[Measure]) -> list[tuple[Fraction, Fraction, int]]:
    """List where octave lines begin and end, and the octaves that they add."""
    ends = [
        (measure.start + item.start, item)
        for measure in staff
        for item in measure.items
        if item.tag == "Ottava"
    ]
    lines: list[tuple[Fraction, Fraction, int]] = []
    for edge, group in groupby(sorted(ends, key=lambda end: end[0]), key=lambda end: end[1].edge):
        for time, item in group:
            if edge == "start":
                octaves = ottava((item.element.findtext("subtype") or "").strip())
                lines.append((time, Fraction(10**9), octaves))
            elif (
                i := next((i for i, one in enumerate(lines) if one[1] == 10**9), None)
            ) is not None:
                lines[i] = (lines[i][0], time, lines[i][2])
    return lines


def _divisions(staves: Sequence[Sequence[Measure]]) -> int:
    """Find the ticks of a quarter note in which every time is a whole number."""
    found = 1
    for staff in staves:
        for measure in staff:
            for time in (
                measure.length,
                *(t for item in measure.items for t in (item.start, item.length)),
            ):
                wider = lcm(found, (time * 4).denominator)
                found = wider if wider <= MAX_DIVISIONS else found
    return found
