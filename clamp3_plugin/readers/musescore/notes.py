"""Chords and rests as MusicXML notes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import prod
from xml.etree.ElementTree import Element, SubElement

from clamp3_plugin.readers.musescore.names import (
    AFTER_GRACES,
    HEADS,
    TYPES,
    accidental,
    articulation,
    spelling,
    written_pitch,
)
from clamp3_plugin.readers.musescore.parts import Drum, Part, text_of
from clamp3_plugin.readers.musescore.timeline import Item, fraction
from clamp3_plugin.readers.musicxml.values import whole

MAX_LYRICS = 16
_TREMOLOS = {"r8": 1, "r16": 2, "r32": 3, "r64": 4, "c8": 1, "c16": 2, "c32": 3, "c64": 4}
_SIGNS = {"Articulation", "Ornament", "Fermata"}
_NO_SPELLING = -99
_NO_DRUM = Drum("", ("F", 5), "")


@dataclass(slots=True)
class Extras:
    """What stands on a note without being inside its chord."""

    beam: str = ""
    fermata: bool = False
    breath: bool = False
    second_of_tremolo: str = ""


@dataclass(frozen=True, slots=True)
class _Spot:
    """A chord or rest, and where it is written."""

    item: Item
    voice: int
    staff: int
    extras: Extras


@dataclass(slots=True)
class NoteWriter:
    """Writes the notes of one part."""

    part: Part
    divisions: int
    number: int
    """Of the part, counted from one."""
    smufl_1_4: bool
    """Whether ornaments have the names of MuseScore 4."""
    pitches: set[int] = field(default_factory=set)
    """MIDI pitches of drums that the part has played."""
    _slurs: dict[str, list[int]] = field(default_factory=dict)
    _gliding: list[str] = field(default_factory=list)

    def write(
        self, item: Item, staff: int, voice: int, octaves: int, extras: Extras
    ) -> list[Element]:
        """Write a chord, rest or grace note; ``octaves`` is what an octave line adds."""
        element = item.element
        heads = element.findall("Note") if item.tag == "Chord" else []
        if item.tag == "Chord" and not heads:
            return []
        shown = staff + whole(element.findtext("staffMove") or element.findtext("move"), 0, -9, 9)
        shown = max(1, min(len(self.part.staves), shown))
        notations = list(self._notations(item, extras))
        written = []
        for i, head in enumerate(heads or [element]):
            note = Element("note")
            if (head.findtext("visible") or element.findtext("visible") or "").strip() == "0":
                note.set("print-object", "no")
            self._begin(note, item, chord=i > 0)
            if heads:
                self._pitch(note, head, octaves)
            else:
                SubElement(note, "rest")
            self._finish(note, head, _Spot(item, voice, shown, extras), notations if i == 0 else [])
            written.append(note)
        return written

    def _begin(self, note: Element, item: Item, *, chord: bool) -> None:
        if item.grace:
            grace = SubElement(note, "grace")
            if item.grace == "acciaccatura":
                grace.set("slash", "yes")
        if chord:
            SubElement(note, "chord")

    def _pitch(self, note: Element, head: Element, octaves: int) -> None:
        midi = whole(head.findtext("pitch"), 60, 0, 127)
        if self.part.drums is not None:
            step, octave = self.part.drums.get(midi, _NO_DRUM).place
            place = SubElement(note, "unpitched")
            SubElement(place, "display-step").text = step
            SubElement(place, "display-octave").text = str(octave)
            self.pitches.add(midi)
            return
        turn = self.part.transposition
        tpc = whole(head.findtext("tpc"), _NO_SPELLING, -9, 40)
        if tpc == _NO_SPELLING:
            tpc = spelling(midi)
        written = whole(head.findtext("tpc2"), tpc + turn.fifths, -9, 40)
        step, alter, octave = written_pitch(midi - turn.chromatic + 12 * octaves, written)
        pitch = SubElement(note, "pitch")
        SubElement(pitch, "step").text = step
        if alter:
            SubElement(pitch, "alter").text = str(alter)
        SubElement(pitch, "octave").text = str(octave)

    def _finish(
        self, note: Element, head: Element, spot: "_Spot", notations: list[Element]
    ) -> None:
        """Write what MusicXML has behind the pitch, in its order."""
        item = spot.item
        ties = _ties(head)
        if not item.grace:
            SubElement(note, "duration").text = str(round(item.length * 4 * self.divisions))
        for kind in ties:
            SubElement(note, "tie", type=kind)
        if self.part.drums is not None and head.tag == "Note":
            midi = whole(head.findtext("pitch"), 60, 0, 127)
            SubElement(note, "instrument", id=f"P{self.number}-I{midi + 1}")
        SubElement(note, "voice").text = str(spot.voice)
        _look(note, item, head)
        self._notehead(note, head)
        if len(self.part.staves) > 1:
            SubElement(note, "staff").text = str(spot.staff)
        if spot.extras.beam and head.tag == "Note":
            SubElement(note, "beam", number="1").text = spot.extras.beam
        notations = [*(Element("tied", type=kind) for kind in ties), *notations]
        notations += [*_fingerings(head), *self._glides(head)]
        if notations:
            SubElement(note, "notations").extend(notations)
        if note.find("chord") is None:
            _lyrics(note, item.element)

    def _notehead(self, note: Element, head: Element) -> None:
        name = HEADS.get((head.findtext("head") or "").strip(), "")
        if not name and self.part.drums is not None and head.tag == "Note":
            name = self.part.drums.get(whole(head.findtext("pitch"), 60, 0, 127), _NO_DRUM).head
        if name:
            SubElement(note, "notehead").text = name

    def _notations(self, item: Item, extras: Extras) -> Iterator[Element]:
        element = item.element
        for _ in item.tuplet_starts:
            yield Element("tuplet", type="start")
        for _ in range(item.tuplet_stops):
            yield Element("tuplet", type="stop")
        yield from self._slur_ends(item)
        if extras.fermata:
            yield Element("fermata")
        if extras.breath:
            yield _nested("articulations/breath-mark")
        for sign in element:
            if sign.tag in _SIGNS:
                name = (sign.findtext("subtype") or "").strip()
                yield from map(_nested, articulation(name, smufl_1_4=self.smufl_1_4))
        if element.find("Arpeggio") is not None:
            yield Element("arpeggiate")
        yield from _tremolo(element, extras)

    def _glides(self, head: Element) -> Iterator[Element]:
        """Write glissandi; only where one begins does the file say of which kind it is."""
        lines = [line for line in head.iterfind("Spanner") if line.get("type") == "Glissando"]
        for line in lines:
            if line.find("prev") is not None and self._gliding:
                yield Element(self._gliding.pop(0), type="stop")
        for line in lines:
            if line.find("next") is not None:
                wavy = (line.findtext("Glissando/subtype") or "").strip() == "1"
                self._gliding.append("glissando" if wavy else "slide")
                yield Element(self._gliding[-1], type="start")

    def _slur_ends(self, item: Item) -> Iterator[Element]:
        """Pair the ends of slurs, by their number in MuseScore 2, else by where they stand."""
        starts: list[str] = []
        stops: list[str] = []
        for child in item.element:
            if child.tag == "Spanner" and child.get("type") == "Slur":
                here, there = f"{item.bar}:{item.start}", _other_end(child, item)
                if child.find("next") is not None:
                    starts.append(f"{here}-{there}")
                else:
                    stops.append(f"{there}-{here}")
            elif child.tag == "Slur" and "id" in child.attrib:
                (starts if child.get("type") == "start" else stops).append(child.get("id", ""))
        for key in stops:
            if self._slurs.get(key):
                yield Element("slur", type="stop", number=str(self._slurs[key].pop(0)))
        for key in starts:
            used = {one for group in self._slurs.values() for one in group}
            free = next(i for i in range(1, len(used) + 2) if i not in used)
            self._slurs.setdefault(key, []).append(free)
            yield Element("slur", type="start", number=str(free))


def _other_end(spanner: Element, item: Item) -> str:
    """Say where the other end of a spanner stands: bar and time in it."""
    bars = whole(spanner.findtext("*/location/measures"), 0, -100_000, 100_000)
    time = fraction(spanner.findtext("*/location/fractions")) or 0
    return f"{item.bar + bars}:{item.start + time}"


def _look(note: Element, item: Item, head: Element) -> None:
    """Write what kind of note is printed."""
    kind = (item.element.findtext("durationType") or "").strip()
    if kind not in {"measure", ""}:
        SubElement(note, "type").text = TYPES.get(kind, kind)
    for _ in range(whole(item.element.findtext("dots"), 0, 0, 4)):
        SubElement(note, "dot")
    _accidental(note, head)
    if item.tuplets:
        _time_modification(note, item)
    if (item.element.findtext("noStem") or "").strip() == "1" and head.tag == "Note":
        SubElement(note, "stem").text = "none"


def _ties(head: Element) -> list[str]:
    """Tell whether a tie ends and begins at a note."""
    begins = ends = False
    for child in head:
        if child.tag == "Spanner" and child.get("type") == "Tie":
            begins = begins or child.find("next") is not None
            ends = ends or child.find("prev") is not None
        elif child.tag == "Tie":
            begins = True
        elif child.tag == "endSpanner":
            ends = True
    return ["stop"] * ends + ["start"] * begins


def _accidental(note: Element, head: Element) -> None:
    sign = head.find("Accidental")
    if sign is None or (sign.findtext("visible") or "").strip() == "0":
        return
    mark = SubElement(note, "accidental")
    mark.text = accidental((sign.findtext("subtype") or "").strip())
    if (sign.findtext("bracket") or sign.findtext("hasBracket") or "0").strip() != "0":
        mark.set("parentheses", "yes")


def _time_modification(note: Element, item: Item) -> None:
    change = SubElement(note, "time-modification")
    actual = prod(tuplet.actual for tuplet in item.tuplets)
    SubElement(change, "actual-notes").text = str(actual)
    SubElement(change, "normal-notes").text = str(prod(one.normal for one in item.tuplets))


def _nested(path: str) -> Element:
    outer, _, inner = path.partition("/")
    element = Element(outer)
    if inner:
        SubElement(element, inner)
    return element


def _tremolo(element: Element, extras: Extras) -> Iterator[Element]:
    subtype = (element.findtext(".//Tremolo/subtype") or "").strip()
    kind = "start" if subtype.startswith("c") else "single"
    if extras.second_of_tremolo:
        subtype, kind = extras.second_of_tremolo, "stop"
    if strokes := _TREMOLOS.get(subtype, 0):
        ornaments = Element("ornaments")
        SubElement(ornaments, "tremolo", type=kind).text = str(strokes)
        yield ornaments


def _fingerings(head: Element) -> Iterator[Element]:
    for finger in head.iterfind("Fingering"):
        technical = Element("technical")
        SubElement(technical, "fingering").text = text_of(finger.find("text"))
        yield technical


def _lyrics(note: Element, chord: Element) -> None:
    for line in chord.findall("Lyrics")[:MAX_LYRICS]:
        verse = whole(line.findtext("no"), 0, 0, 99) + 1
        lyric = SubElement(note, "lyric", number=str(verse))
        SubElement(lyric, "syllabic").text = (line.findtext("syllabic") or "single").strip()
        SubElement(lyric, "text").text = text_of(line.find("text"))
        if (line.findtext("ticks") or "0").strip() not in {"0", ""}:
            SubElement(lyric, "extend")


def split_after_graces(items: Iterable[Item]) -> Iterator[Item]:
    """Put grace notes that are played after their note behind it; the file has all before it."""
    waiting: list[Item] = []
    for item in items:
        if item.grace in AFTER_GRACES:
            waiting.append(item)
            continue
        yield item
        if waiting and item.tag == "Chord" and not item.grace:
            for grace in reversed(waiting):
                grace.start = item.start + item.length
                yield grace
            waiting = []
