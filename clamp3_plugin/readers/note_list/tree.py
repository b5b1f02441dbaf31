"""A note list as the tree of a MuseScore file, so that one writer makes the MusicXML of both.

Conventions: as in ``rows``; times in the tree are fractions of a whole note.
"""

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement

from clamp3_plugin.readers.note_list import clefs
from clamp3_plugin.readers.note_list.notes import StaffWriter
from clamp3_plugin.readers.note_list.rows import BarRow, Chord, Note, NoteList, PartRow

_BARLINES = {2: "double", 16: "dashed", 32: "end", 128: "dotted", 256: "reverse-end", 512: "heavy"}


_NORMAL = 1
_FAMILIES = {
    "strings": re.compile(
        r"violin|viola|(?<!violon)cell|contrabass|double bass|bratsche|geige", re.IGNORECASE
    ),
    "voices": re.compile(
        r"sopran|alto?\b|alt\b|tenor|\bbass?\b|basso|cant(o|us)|quintus|voice", re.IGNORECASE
    ),
}
_BRACKET = "0"  # MuseScore's number for it


def mscx_of(rows: NoteList) -> Element:
    """Write the tree of a score in MuseScore 3."""
    root = Element("museScore", version="3.02")
    score = SubElement(root, "Score")
    names = {"workTitle": rows.title, "composer": rows.composer, "lyricist": rows.lyricist}
    for name, text in names.items():
        SubElement(score, "metaTag", name=name).text = text
    first = 0
    staves: list[Element] = []
    for part in rows.parts:
        chords = _by_staff(rows.bars, first, part.staves)
        octaves = clefs.octaves_of(_notes(chords[0])) if chords and not part.has_drums else 0
        score.append(_part(part, first, chords, octaves))
        for number in range(first, first + part.staves):
            staff = Element("Staff", id=str(number + 1))
            writer = StaffWriter(rows, number, octaves, is_first=number == 0)
            staff.extend(_measure(rows, i, writer) for i in range(len(rows.bars)))
            staves.append(staff)
        first += part.staves
    _brackets(score, rows.parts)
    score.extend(staves)
    return root


def _brackets(score: Element, parts: Sequence[PartRow]) -> None:
    """Put a bracket around neighbours of one family, as MuseScore does in a new score.

    Plugins cannot see the brackets of a score.
    """
    families = [_family(part) for part in parts]
    start = 0
    for family, group in groupby(families):
        count = len(list(group))
        first = score.findall("Part")[start].find("Staff")
        if family and count > 1 and first is not None:
            SubElement(first, "bracket", type=_BRACKET, span=str(count))
        start += count


def _family(part: PartRow) -> str:
    if part.staves != 1 or part.has_drums:
        return ""
    name = f"{part.name} {part.instrument}"
    return next((family for family, words in _FAMILIES.items() if words.search(name)), "")


def _by_staff(bars: Sequence[BarRow], first: int, count: int) -> list[list[Chord]]:
    found: list[list[Chord]] = [[] for _ in range(count)]
    for bar in bars:
        for chord in bar.chords:
            if first <= chord.staff < first + count:
                found[chord.staff - first].append(chord)
    return found


def _notes(chords: Iterable[Chord]) -> list[Note]:
    return [note for chord in chords for note in chord.notes]


def _part(part: PartRow, first: int, chords: list[list[Chord]], octaves: int) -> Element:
    element = Element("Part")
    for number in range(first, first + part.staves):
        staff = SubElement(element, "Staff", id=str(number + 1))
        if part.has_drums:
            SubElement(staff, "StaffType", group="percussion")
    SubElement(element, "trackName").text = part.instrument
    instrument = SubElement(element, "Instrument")
    SubElement(instrument, "longName").text = part.name
    if part.short_name:
        SubElement(instrument, "shortName").text = part.short_name
    SubElement(instrument, "trackName").text = part.instrument
    notes = [note for staff in chords for note in _notes(staff)]
    fifths = next((note.written - note.sounding for note in notes), 0)
    if part.has_drums:
        SubElement(instrument, "useDrumset").text = "1"
        for pitch, line in {note.pitch: note.line for note in notes}.items():
            SubElement(SubElement(instrument, "Drum", pitch=str(pitch)), "line").text = str(line)
    elif fifths or octaves:
        chromatic = clefs.chromatic_of(fifths) - 12 * octaves
        SubElement(instrument, "transposeDiatonic").text = str(clefs.diatonic_of(fifths, chromatic))
        SubElement(instrument, "transposeChromatic").text = str(chromatic)
    if part.program >= 0:
        SubElement(SubElement(instrument, "Channel"), "program", value=str(part.program))
    return element


def _measure(rows: NoteList, i: int, writer: StaffWriter) -> Element:
    bar = rows.bars[i]
    measure = Element("Measure")
    length = Fraction(bar.ticks, 4 * rows.division)
    measure.set("len", f"{length.numerator}/{length.denominator}")
    if bar.opens_repeat:
        SubElement(measure, "startRepeat")
    if bar.closes_repeat:
        SubElement(measure, "endRepeat").text = "2"
    if bar.is_irregular:
        SubElement(measure, "irregular").text = "1"
    if bar.offset:
        SubElement(measure, "noOffset").text = str(bar.offset)
    measure.extend(writer.voices(i))
    style = _BARLINES.get(bar.barline)
    if i == len(rows.bars) - 1 and bar.barline == _NORMAL:
        style = "normal"  # said, because a file that says nothing ends with a final one
    if writer.is_first and style:
        for voice in measure.findall("voice")[:1]:
            SubElement(SubElement(voice, "BarLine"), "subtype").text = style
    return measure
