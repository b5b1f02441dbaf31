"""Signs of ABC as MusicXML: keys, clefs, barlines, words and what stands at a note."""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from clamp3_plugin.readers.abc_notes import Sound

_TONICS = ("Fb", "Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#",
           "G#", "D#", "A#", "E#", "B#")  # fmt: skip
_MODES = {"": 0, "maj": 0, "ion": 0, "min": -3, "aeo": -3, "dor": -2, "phr": -4, "lyd": 1, "mix": -1,
          "loc": -5}  # fmt: skip
_KEY = re.compile(r"([A-G][#b]?)\s*([a-z]*)")
_MOST_FIFTHS = 7
_CLEFS = {"treble": ("G", "2"), "bass": ("F", "4"), "alto": ("C", "3"), "tenor": ("C", "4"),
          "perc": ("percussion", "2"), "none": ("none", "")}  # fmt: skip
_CLEF = re.compile(r"([a-zA-Z]+)(\d?)([+-]8|[+-]15)?$")
_OCTAVES = {"8": 1, "15": 2}
_TEMPO = re.compile(r"\[Q:(\d+)/(\d+)=(\d+(?:\.\d+)?)\]")
_BEATS = {1: "whole", 2: "half", 4: "quarter", 8: "eighth", 16: "16th"}
_DYNAMIC = re.compile(r"!(p{1,4}|f{1,4}|m[pf]|sfz)!")
_SIGNS = {
    "ornaments": {"T": "trill-mark", "M": "mordent", "P": "inverted-mordent", "!turn!": "turn"},
    "technical": {"u": "up-bow", "v": "down-bow"},
    "articulations": {
        ".": "staccato",
        "!>!": "accent",
        "!tenuto!": "tenuto",
        "!^!": "strong-accent",
    },
}
_DECORATION = re.compile(r"![^!]+!|\S")


def fifths_of(key: str) -> int:
    """Count the sharps of a key signature; flats count below 0.

    Examples
    --------
    >>> fifths_of("D"), fifths_of("Amin"), fifths_of("Bb"), fifths_of("none")
    (2, 0, -2, 0)
    """
    found = _KEY.match(key)
    if found is None or found[1] not in _TONICS:
        return 0
    fifths = _TONICS.index(found[1]) - 8 + _MODES.get(found[2][:3], 0)
    return max(-_MOST_FIFTHS, min(_MOST_FIFTHS, fifths))


def clef(name: str) -> Element:
    """Write a clef such as ``treble-8`` or ``C1``."""
    element = Element("clef")
    found = _CLEF.match(name)
    kind, line, octave = found.groups() if found else ("treble", "", None)
    sign, usual = _CLEFS.get(kind.lower(), (kind.upper(), "2"))
    SubElement(element, "sign").text = sign
    if line or usual:
        SubElement(element, "line").text = line or usual
    if octave:
        shift = _OCTAVES[octave[1:]] * (1 if octave[0] == "+" else -1)
        SubElement(element, "clef-octave-change").text = str(shift)
    return element


def barline(
    location: str, *, style: str = "", repeat: str = "", ending: tuple[str, str] | None = None
) -> Element:
    """Write a barline; ``ending`` is what happens to which ending."""
    element = Element("barline", location=location)
    if style or repeat:
        drawn = style or ("heavy-light" if repeat == "forward" else "light-heavy")
        SubElement(element, "bar-style").text = drawn
    if ending is not None:
        kind, number = ending
        SubElement(element, "ending", number=number, type=kind).text = f"{number}."
    if repeat:
        SubElement(element, "repeat", direction=repeat)
    return element


def direction(text: str) -> list[Element]:
    """Write words, chord symbols, dynamics and tempos; what else stands between notes is left out."""
    if tempo := _TEMPO.fullmatch(text):
        beats, unit, count = int(tempo[1]), int(tempo[2]), tempo[3]
        element, kind = _directed("above")
        metronome = SubElement(kind, "metronome")
        is_dotted = beats == 3 and unit > 1
        SubElement(metronome, "beat-unit").text = _BEATS.get(
            unit // 2 if is_dotted else unit, "quarter"
        )
        if is_dotted:
            SubElement(metronome, "beat-unit-dot")
        SubElement(metronome, "per-minute").text = count
        SubElement(element, "sound", tempo=f"{float(count) * beats * 4 / unit:g}")
        return [element]
    if dynamic := _DYNAMIC.fullmatch(text):
        element, kind = _directed("below")
        SubElement(SubElement(kind, "dynamics"), dynamic[1])
        return [element]
    if text.startswith('"'):
        words = text.strip('"')
        element, kind = _directed("below" if words.startswith("_") else "above")
        SubElement(kind, "words").text = words.lstrip("^_<>@")
        return [element]
    return []


def _directed(placement: str) -> tuple[Element, Element]:
    element = Element("direction", placement=placement)
    return element, SubElement(element, "direction-type")


def notations(sound: Sound, ties: Sequence[str], *, stops_tuplet: bool, is_first: bool) -> Element:
    """Write what stands at a note; of a chord, the first bears all but the ties."""
    written = Element("notations")
    for kind in ties:
        SubElement(written, "tied", type=kind)
    if not is_first:
        return written
    for i in range(len(sound.closing)):
        SubElement(written, "slur", type="stop", number=str(i + 1))
    for i in range(sound.slurs):
        SubElement(written, "slur", type="start", number=str(i + 1))
    if sound.tuplet:
        SubElement(written, "tuplet", type="start")
    if stops_tuplet:
        SubElement(written, "tuplet", type="stop")
    _signs(written, _DECORATION.findall(sound.decorations))
    return written


def _signs(written: Element, signs: Sequence[str]) -> None:
    for group, names in _SIGNS.items():
        found = [names[sign] for sign in signs if sign in names]
        if found:
            parent = SubElement(written, group)
            for name in found:
                SubElement(parent, name)
    if "!fermata!" in signs:
        SubElement(written, "fermata")
