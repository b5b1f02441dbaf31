"""ABC as MusicXML, for what engraves and for notation programs, which read no ABC or little of it.

The ABC is that of ``Score.standard_abc``: voice by voice, lengths in eighths. What a page of a tune book
has comes through (notes, tuplets, ties, slurs, graces, beams, chord symbols, repeats, changes of key,
metre and clef); of the signs over notes the common ones do.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, count
from xml.etree.ElementTree import Element, SubElement

from clamp3_plugin.daemon.preview.abc_signs import barline, clef, direction, fifths_of, notations
from clamp3_plugin.readers.abc_fields import clef_of, voice_name_of
from clamp3_plugin.readers.abc_notes import Barline, Item, Mark, Sound, VoiceScanner
from clamp3_plugin.readers.note_list.timing import written

DIVISIONS = 10_080
"""Of a quarter note: every tuplet up to ten comes out whole."""
_PITCH = re.compile(r"(\^{1,2}|_{1,2}|=)?([A-Ga-g])([,']*)(-?)")
_ALTER = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_SIGNS = {1: "sharp", 2: "double-sharp", -1: "flat", -2: "flat-flat", 0: "natural"}
_SHARPS = "FCGDAEB"
_FIELD = re.compile(r"\[([KMQ]):([^\]]*)\]")
_SHORT = Fraction(2)  # a quarter note, which has no beam
_NO_NAME = re.compile(r"Part \d+")  # what readers call a voice without one
_KINDS = {"measure": "whole"}


def musicxml_of_abc(abc: str, numbers: Sequence[str] = ()) -> Element:
    """Write a tune in standard ABC as a partwise score.

    Parameters
    ----------
    abc
        The tune.
    numbers
        Printed numbers of its bars; where there are none, they are counted.
    """
    lines = abc.splitlines()
    opening = {line[0]: line[2:].strip() for line in lines if line[:2] in {"K:", "M:", "Q:"}}
    names = {
        line[2:].split()[0]: line[2:] for line in lines if line.startswith("V:") and " " in line
    }
    score = Element("score-partwise", version="4.0")
    listed = SubElement(score, "part-list")
    for number, (voice, music) in enumerate(_voices(lines).items(), 1):
        about = names.get(voice, "")
        entry = SubElement(listed, "score-part", id=f"P{number}")
        name = voice_name_of(about)
        SubElement(entry, "part-name").text = "" if _NO_NAME.fullmatch(name) else name
        writer = _VoiceWriter(opening, clef_of(about), shows_tempo=number == 1)
        scanner = VoiceScanner(opening.get("M", "4/4"), Fraction(1, 8))
        for line in music:
            scanner.read_line(line)
        part = SubElement(score, "part", id=f"P{number}")
        part.extend(writer.write(scanner.finish(), numbers))
    return score


def _voices(lines: Sequence[str]) -> dict[str, list[str]]:
    """Give the music of each voice; what stands between the header and the first is left out."""
    voices: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        if line.startswith("V:"):
            name = "" if " " in line else line[2:].strip()
        elif name and line:
            voices.setdefault(name, []).append(line)
    return voices


@dataclass(slots=True)
class _VoiceWriter:
    """Writes the measures of one voice."""

    opening: dict[str, str]
    clef: str
    shows_tempo: bool
    fifths: int = 0
    altered: dict[tuple[str, int], int] = field(default_factory=dict)
    """By accidentals of this bar."""
    tied: set[tuple[str, int]] = field(default_factory=set)
    tuplet: int = 0
    """Notes that the tuplet still has."""
    ending: str = ""

    def write(self, items: Sequence[Item], numbers: Sequence[str]) -> Iterator[Element]:
        """Give the measures."""
        names = chain(numbers, map(str, count(len(numbers) + 1)))
        measure = Element("measure", number=next(names))
        self._open(measure)
        beams = _beams(items)
        for i, item in enumerate(items):
            if isinstance(item, Mark):
                self._mark(measure, item.text)
            elif isinstance(item, Sound):
                measure.extend(self._sound(item, beams.get(i, "")))
            elif measure.find("note") is None:
                self._begin(measure, item)
            else:
                opened = self._end(measure, item)
                yield measure
                measure = Element("measure", number=next(names))
                measure.extend(opened)
                self.altered.clear()
        if measure.find("note") is not None:
            yield measure

    def _open(self, measure: Element) -> None:
        attributes = SubElement(measure, "attributes")
        SubElement(attributes, "divisions").text = str(DIVISIONS)
        self._key(attributes, self.opening.get("K", "C"))
        _metre(attributes, self.opening.get("M", "4/4"))
        attributes.append(clef(self.clef or "treble"))
        if self.shows_tempo and (tempo := self.opening.get("Q")):
            measure.extend(direction(f"[Q:{tempo}]"))

    def _key(self, attributes: Element, name: str) -> None:
        self.fifths = fifths_of(name)
        SubElement(SubElement(attributes, "key"), "fifths").text = str(self.fifths)

    def _mark(self, measure: Element, text: str) -> None:
        found = _FIELD.fullmatch(text)
        if found is None or found[1] == "Q":
            measure.extend(direction(text))
            return
        attributes = SubElement(measure, "attributes")
        if found[1] == "M":
            _metre(attributes, found[2])
        elif name := clef_of(found[2]):
            attributes.append(clef(name))
        else:
            self._key(attributes, found[2])

    def _begin(self, measure: Element, line: Barline) -> None:
        """Take a barline in front of the first note."""
        if line.text in {"|:", "::"}:
            measure.insert(0, barline("left", repeat="forward"))
        if line.ending:
            measure.insert(0, barline("left", ending=("start", line.ending)))
            self.ending = line.ending

    def _end(self, measure: Element, line: Barline) -> list[Element]:
        """End a measure; gives what the next begins with."""
        stops = self.ending if line.text in {":|", "::", "|]", "||"} or line.ending else ""
        repeat = "backward" if line.text in {":|", "::"} else ""
        style = {"|]": "light-heavy", "||": "light-light"}.get(line.text, "")
        if repeat or style or stops:
            ending = ("stop", stops) if stops else None
            measure.append(barline("right", style=style, repeat=repeat, ending=ending))
        self.ending = line.ending or ("" if stops else self.ending)
        opened = []
        if line.text in {"|:", "::"} or line.ending:
            forward = "forward" if line.text in {"|:", "::"} else ""
            ending = ("start", line.ending) if line.ending else None
            opened.append(barline("left", repeat=forward, ending=ending))
        return opened

    def _sound(self, sound: Sound, beam: str) -> Iterator[Element]:
        for ornament in _PITCH.finditer(sound.grace):
            yield self._grace(ornament, has_slash="/" in sound.grace)
        if sound.tuplet:
            self.tuplet = int(sound.tuplet.rpartition(":")[2].strip("("))
        stops = False
        if sound.ratio is not None:
            self.tuplet -= 1
            stops = self.tuplet == 0
        tied: set[tuple[str, int]] = set()
        pitches = [] if sound.is_rest else list(_PITCH.finditer(sound.text))
        for i, step in enumerate(pitches or [None]):
            note = Element("note")
            if sound.text == "x":
                note.set("print-object", "no")
            if i:
                SubElement(note, "chord")
            ties, accidental = self._pitch(note, step, sound, tied)
            _length(note, sound, accidental)
            if i == 0 and beam:
                SubElement(note, "beam", number="1").text = beam
            signs = notations(sound, ties, stops_tuplet=stops, is_first=i == 0)
            if len(signs):
                note.append(signs)
            yield note
        self.tied = tied

    def _pitch(
        self,
        note: Element,
        step: "re.Match[str] | None",
        sound: Sound,
        tied: set[tuple[str, int]],
    ) -> tuple[list[str], int | None]:
        """Write pitch, duration and ties; give the kinds of the ties, and the accidental."""
        ties: list[str] = []
        sign = None
        if step is None:
            SubElement(note, "rest")
        else:
            place, sign = self._spell(note, step)
            if place in self.tied:
                ties.append("stop")
            if sound.tie or step[4]:
                ties.append("start")
                tied.add(place)
        length = sound.length * (sound.ratio or 1)
        SubElement(note, "duration").text = str(round(length * DIVISIONS / 2))
        for kind in ties:
            SubElement(note, "tie", type=kind)
        SubElement(note, "voice").text = "1"
        return ties, sign

    def _spell(self, note: Element, step: "re.Match[str]") -> tuple[tuple[str, int], int | None]:
        accidental, letter, marks, _ = step.groups()
        name = letter.upper()
        octave = (4 if letter.isupper() else 5) + marks.count("'") - marks.count(",")
        place = (name, octave)
        sign = _ALTER.get(accidental or "")
        if sign is not None:
            self.altered[place] = sign
        alter = self.altered.get(place, self._in_key(name))
        pitch = SubElement(note, "pitch")
        SubElement(pitch, "step").text = name
        if alter:
            SubElement(pitch, "alter").text = str(alter)
        SubElement(pitch, "octave").text = str(octave)
        return place, sign

    def _in_key(self, name: str) -> int:
        if self.fifths >= 0:
            return int(name in _SHARPS[: self.fifths])
        return -int(name in _SHARPS[self.fifths :])

    def _grace(self, step: "re.Match[str]", *, has_slash: bool) -> Element:
        note = Element("note")
        grace = SubElement(note, "grace")
        if has_slash:
            grace.set("slash", "yes")
        _, sign = self._spell(note, step)
        SubElement(note, "voice").text = "1"
        SubElement(note, "type").text = "eighth"
        if sign is not None:
            SubElement(note, "accidental").text = _SIGNS[sign]
        return note


def _length(note: Element, sound: Sound, accidental: int | None) -> None:
    kind, dots = written(sound.length / 8)
    if kind:
        SubElement(note, "type").text = _KINDS.get(kind, kind)
    for _ in range(dots):
        SubElement(note, "dot")
    if accidental is not None:
        SubElement(note, "accidental").text = _SIGNS[accidental]
    if sound.ratio is not None:
        ratio = SubElement(note, "time-modification")
        SubElement(ratio, "actual-notes").text = str(sound.ratio.denominator)
        SubElement(ratio, "normal-notes").text = str(sound.ratio.numerator)


def _metre(attributes: Element, metre: str) -> None:
    time = SubElement(attributes, "time")
    beats, slash, unit = metre.partition("/")
    if not slash:
        SubElement(time, "senza-misura")
        return
    SubElement(time, "beats").text, SubElement(time, "beat-type").text = beats, unit


def _beams(items: Sequence[Item]) -> dict[int, str]:
    """Give the beams of the short notes that stand close together, by their place in the row."""
    beams: dict[int, str] = {}
    before: int | None = None
    for i, item in enumerate(items):
        if isinstance(item, Barline):
            before = None
        elif isinstance(item, Sound):
            if item.joined and before is not None and item.length < _SHORT:
                beams[before] = "continue" if before in beams else "begin"
                beams[i] = "end"
            before = i
    return beams
