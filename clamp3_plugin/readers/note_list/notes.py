"""The voices of a staff as elements of a MuseScore file."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement

from clamp3_plugin.readers.note_list import clefs
from clamp3_plugin.readers.note_list.rows import (
    VOICES,
    BarRow,
    Chord,
    Grace,
    Line,
    Note,
    NoteList,
)
from clamp3_plugin.readers.note_list.signs import line_ends, sign_element, symbol, with_text
from clamp3_plugin.readers.note_list.timing import Timed, timed, written

_ACCIDENTALS = {-2: "Flat2", -1: "Flat", 0: "Natural", 1: "Sharp", 2: "Sharp2"}
_BEAMS = {"BEGIN": "begin", "MID": "mid", "NONE": "no", "BEGIN32": "begin32", "BEGIN16": "begin32"}
_BEAMS |= {"BEGIN64": "begin64", "END": "end"}
_GRACES = {
    "ACCIACCATURA": "acciaccatura",
    "APPOGGIATURA": "appoggiatura",
    "GRACE4": "grace4",
    "GRACE16": "grace16",
    "GRACE32": "grace32",
    "GRACE8_AFTER": "grace8after",
    "GRACE16_AFTER": "grace16after",
    "GRACE32_AFTER": "grace32after",
}
_ALWAYS = 1 << 62


class StaffWriter:
    """Writes one staff, bar by bar."""

    def __init__(self, rows: NoteList, staff: int, octaves: int, *, is_first: bool) -> None:
        self.is_first = is_first
        self._rows = rows
        self._staff = staff
        self._octaves = octaves
        self._starts = [bar.tick for bar in rows.bars]
        self._timed = [self._timings(bar) for bar in rows.bars]
        self._keys = {tick: key for tick, number, key in rows.keys if number == staff}
        self._clefs = self._find_clefs()
        self._tied = self._find_ties()
        self._slurs: dict[tuple[int, int], list[Element]] = defaultdict(list)
        self._edges: dict[tuple[int, int], list[tuple[int, Element]]] = defaultdict(list)
        for line in rows.lines:
            self._place(line)

    def voices(self, i: int) -> Iterator[Element]:
        """Write the voices of a bar."""
        bar = self._rows.bars[i]
        for voice in range(VOICES):
            chords = self._timed[i][voice]
            if voice == 0 or chords:
                yield self._voice(bar, i, voice, chords)

    def _timings(self, bar: BarRow) -> list[list[Timed]]:
        end = bar.tick + bar.ticks
        mine = [chord for chord in bar.chords if chord.staff == self._staff]
        return [
            timed([chord for chord in mine if chord.voice == voice], end, self._rows.division)
            for voice in range(VOICES)
        ]

    def _find_clefs(self) -> dict[int, str]:
        """Give the clefs by tick: each told by the notes up to the next."""
        ticks = sorted(
            {
                sign.tick
                for bar in self._rows.bars
                for sign in bar.signs
                if sign.kind == "clef" and sign.staff == self._staff
            }
            | {0}
        )
        tops: dict[int, list[int]] = defaultdict(list)
        for chord in self._chords():
            start = ticks[bisect_right(ticks, chord.tick) - 1]
            tops[start] += [clefs.top_line(note, self._octaves) for note in chord.notes]
        found: dict[int, str] = {}
        before = ""
        for tick in ticks:
            if not tops[tick]:
                continue
            name = clefs.clef_of(max(tops[tick], key=tops[tick].count))
            if name != before:
                found[tick if before else 0] = name
            before = name
        return found

    def _chords(self) -> Iterator[Chord]:
        for bar in self._timed:
            for voice in bar:
                for item in voice:
                    yield item.chord

    def _find_ties(self) -> set[tuple[int, int, int]]:
        """Give the notes at which a tie ends: voice, tick and pitch."""
        heads = {
            (chord.voice, chord.tick, note.pitch)
            for chord in self._chords()
            for note in chord.notes
        }
        found: set[tuple[int, int, int]] = set()
        for bar in self._timed:
            for item in (item for voice in bar for item in voice):
                end = item.chord.tick + item.ticks
                for note in item.chord.notes:
                    if note.ties:
                        voices = (item.chord.voice, *range(VOICES))
                        ends = ((voice, end, note.pitch) for voice in voices)
                        found.update([one for one in ends if one in heads][:1])
        return found

    def _place(self, line: Line) -> None:
        """Note where a line begins and ends, if it does so here."""
        end = line.tick + line.ticks
        if line.kind == "Slur":
            if line.track // VOICES == self._staff:
                self._slurs[line.tick, line.track % VOICES].append(self._slur(line, "next"))
            if line.last_track // VOICES == self._staff:
                self._slurs[end, line.last_track % VOICES].append(self._slur(line, "prev"))
            return
        if line.track // VOICES != self._staff:
            return
        ends = line_ends(line)
        if ends is not None:
            self._edges[line.tick, 0 if line.kind == "Volta" else line.track % VOICES].append(
                (1, ends[0])
            )
            self._edges[end, 0 if line.kind == "Volta" else line.track % VOICES].append(
                (0, ends[1])
            )

    def _slur(self, line: Line, way: str) -> Element:
        here, there = line.tick, line.tick + line.ticks
        if way == "prev":
            here, there = there, here
        (bar, time), (other_bar, other_time) = self._position(here), self._position(there)
        spanner = Element("Spanner", type="Slur")
        location = SubElement(SubElement(spanner, way), "location")
        SubElement(location, "measures").text = str(other_bar - bar)
        SubElement(location, "fractions").text = _fraction(other_time - time)
        return spanner

    def _position(self, tick: int) -> tuple[int, Fraction]:
        bar = max(bisect_right(self._starts, tick) - 1, 0)
        return bar, self._whole(tick - self._starts[bar])

    def _whole(self, ticks: int) -> Fraction:
        return Fraction(ticks, 4 * self._rows.division)

    def _voice(self, bar: BarRow, i: int, voice: int, chords: list[Timed]) -> Element:
        row = Element("voice")
        if voice == 0:
            self._opening(bar, row)
        now = Fraction(0)
        elements = sorted(self._events(bar, i, voice, chords), key=lambda event: event[:2])
        for (tick, _), group in groupby(elements, key=lambda event: event[:2]):
            at = self._whole(tick - bar.tick)
            for _, _, item, element in group:
                if at != now:
                    step = SubElement(SubElement(row, "location"), "fractions")
                    step.text = _fraction(at - now)
                    now = at
                row.append(element)
                if item is not None:
                    now += self._whole(item.ticks)
        return row

    def _opening(self, bar: BarRow, row: Element) -> None:
        if bar.tick in self._clefs:
            row.append(_clef(self._clefs[bar.tick]))
        if bar.tick in self._keys:
            SubElement(SubElement(row, "KeySig"), "accidental").text = str(self._keys[bar.tick])
        if bar.meter is not None:
            sign = SubElement(row, "TimeSig")
            SubElement(sign, "sigN").text, SubElement(sign, "sigD").text = map(str, bar.meter)

    def _events(
        self, bar: BarRow, i: int, voice: int, chords: list[Timed]
    ) -> Iterator[tuple[int, int, Timed | None, Element]]:
        """Give what stands in a voice: tick, order at that tick, chord, element."""
        end = bar.tick + bar.ticks
        last = i == len(self._rows.bars) - 1
        ticks = range(bar.tick, end + last)
        for (tick, number), edges in self._edges.items():
            if number == voice and tick in ticks:
                yield from ((tick, 2 * order, None, element) for order, element in edges)
        for sign in bar.signs:
            if sign.staff == self._staff and sign.voice == voice:
                element = sign_element(sign)
                if element is not None:
                    yield sign.tick, 1, None, element
        if voice == 0:
            yield from (
                (tick, 1, None, _clef(name))
                for tick, name in self._clefs.items()
                if bar.tick < tick < end
            )
        for item in chords:
            yield from self._chord_events(bar, item)

    def _chord_events(
        self, bar: BarRow, item: Timed
    ) -> Iterator[tuple[int, int, Timed | None, Element]]:
        tick = item.chord.tick
        if item.opens is not None:
            tuplet = Element("Tuplet")
            SubElement(tuplet, "normalNotes").text = str(item.opens[1])
            SubElement(tuplet, "actualNotes").text = str(item.opens[0])
            yield tick, 3, None, tuplet
        slurs = self._slurs.get((tick, item.chord.voice), [])
        for k, grace in enumerate(item.chord.graces):
            yield tick, 4, None, self._grace(grace, slurs if k == 0 else [])
        yield tick, 5, item, self._chord(bar, item, slurs)
        if item.closes:
            yield tick, 6, None, Element("endTuplet")

    def _chord(self, bar: BarRow, item: Timed, slurs: list[Element]) -> Element:
        chord = item.chord
        if chord.is_repeat:
            return Element("RepeatMeasure")
        element = self._frame(bar, item)
        element.extend(
            slur
            for slur in slurs
            if not (chord.graces and _is_on_grace(slur) and slur.find("next") is not None)
        )
        for mark in chord.marks:
            if mark == "arpeggio":
                SubElement(element, "Arpeggio")
            else:
                SubElement(SubElement(element, "Articulation"), "subtype").text = symbol(mark)
        for i, note in enumerate(chord.notes):
            head = self._note(note, (chord.voice, chord.tick, note.pitch))
            for text in (text for which, text in chord.fingers if which == i):
                head.append(with_text("Fingering", text))
            element.append(head)
        return element

    def _frame(self, bar: BarRow, item: Timed) -> Element:
        """Write a chord or rest without what stands on it."""
        chord = item.chord
        element = Element("Chord" if chord.notes else "Rest")
        fills = not chord.notes and item.ticks >= bar.ticks
        kind, dots = ("measure", 0) if fills else written(chord.length)
        if dots:
            SubElement(element, "dots").text = str(dots)
        SubElement(element, "durationType").text = kind or "measure"
        if fills or not kind:
            SubElement(element, "duration").text = _fraction(self._whole(item.ticks))
        if chord.has_flag:
            SubElement(element, "BeamMode").text = "no"
        elif chord.beam in _BEAMS:
            SubElement(element, "BeamMode").text = _BEAMS[chord.beam]
        if chord.staff_move:
            SubElement(element, "staffMove").text = str(chord.staff_move)
        if chord.is_stemless:
            SubElement(element, "noStem").text = "1"
        if chord.is_hidden:
            SubElement(element, "visible").text = "0"
        return element

    def _grace(self, grace: Grace, slurs: list[Element]) -> Element:
        element = Element("Chord")
        kind, dots = written(grace.length)
        SubElement(element, "durationType").text = kind or "eighth"
        if dots:
            SubElement(element, "dots").text = str(dots)
        SubElement(element, _GRACES.get(grace.kind, "appoggiatura"))
        element.extend(
            slur for slur in slurs if _is_on_grace(slur) and slur.find("next") is not None
        )
        for note in grace.notes:
            element.append(self._note(note, (0, _ALWAYS, note.pitch)))
        return element

    def _note(self, note: Note, place: tuple[int, int, int]) -> Element:
        element = Element("Note")
        if note.has_accidental:
            name = _ACCIDENTALS.get((note.written + 1) // 7 - 2, "")
            accidental = SubElement(element, "Accidental")
            SubElement(accidental, "subtype").text = f"accidental{name}"
            if note.has_brackets:
                SubElement(accidental, "bracket").text = "1"
        SubElement(element, "pitch").text = str(note.pitch)
        SubElement(element, "tpc").text = str(note.sounding)
        SubElement(element, "tpc2").text = str(note.written)
        if note.ties:
            SubElement(SubElement(element, "Spanner", type="Tie"), "next")
        if place in self._tied:
            SubElement(SubElement(element, "Spanner", type="Tie"), "prev")
        return element


def _is_on_grace(slur: Element) -> bool:
    """Tell whether a slur begins and ends at one moment, as from a grace note to its note."""
    location = slur.find("*/location")
    return location is not None and (
        location.findtext("measures") == "0" and location.findtext("fractions") == "0/1"
    )


def _clef(name: str) -> Element:
    element = Element("Clef")
    SubElement(element, "concertClefType").text = name
    return element


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
