"""Signs between notes as MusicXML directions: words, dynamics, tempo, lines, jumps, chord symbols.

Conventions: what comes out has no ``staff`` yet; the writer of the measure knows it.
"""

import re
from xml.etree.ElementTree import Element, SubElement

from clamp3_plugin.readers.musescore.names import BEATS, KINDS, chord_kind, ottava, written_pitch
from clamp3_plugin.readers.musescore.parts import text_of
from clamp3_plugin.readers.musescore.timeline import Item
from clamp3_plugin.readers.musicxml.values import number, whole

_TEXTS = {"StaffText", "SystemText", "Expression", "PlayTechAnnotation", "InstrumentChange"}
_DYNAMICS = re.compile(r"[mpfsrzn]{1,6}")
_PER_MINUTE = re.compile(r"=\s*(?:ca?\.\s*)?(\d{1,4}(?:\.\d{1,4})?)")
_DOTS = {"\U0001d16d", "\uecb7", "\ue1e7"}
_DOT_SYMBOLS = {"metAugmentationDot", "unicodeAugmentationDot"}
_JUMPS = {"start": "dacapo"}
_NO_SPELLING = 99


def direction(item: Item) -> Element | None:
    """Write a sign as MusicXML; None for those that have no place in it."""
    element = item.element
    match item.tag:
        case "Harmony":
            return _harmony(element)
        case "Tempo":
            return _tempo(element)
        case "Dynamic":
            return _dynamic(element)
        case "RehearsalMark":
            return _words("rehearsal", text_of(element.find("text")))
        case "Marker":
            return _marker(element)
        case "Jump":
            return _jump(element)
        case tag if tag in _TEXTS:
            written = _words("words", text_of(element.find("text")))
            if written is not None and (element.findtext("placement") or "").strip() == "below":
                written.set("placement", "below")
            return written
        case _:
            return _line(item)


def _direction() -> tuple[Element, Element]:
    whole_direction = Element("direction")
    return whole_direction, SubElement(whole_direction, "direction-type")


def _words(tag: str, text: str) -> Element | None:
    if not text:
        return None
    written, kind = _direction()
    SubElement(kind, tag).text = text
    return written


def _dynamic(element: Element) -> Element | None:
    mark = (element.findtext("subtype") or "").strip()
    if not _DYNAMICS.fullmatch(mark):
        return _words("words", text_of(element.find("text")))
    written, kind = _direction()
    SubElement(SubElement(kind, "dynamics"), mark)
    return written


def _tempo(element: Element) -> Element:
    """Write a tempo: its words, the metronome mark if it has one, and what is played."""
    text = element.find("text")
    symbols = [(sign.text or "").strip() for sign in text.iter("sym")] if text is not None else []
    shown = text_of(text)
    beat, words = _beat(symbols, shown)
    figure = _PER_MINUTE.search(shown)
    written = Element("direction")
    if (element.findtext("visible") or "").strip() == "0":
        beat = words = ""
    if words:
        SubElement(SubElement(written, "direction-type"), "words").text = words
    if beat and figure:
        metronome = SubElement(SubElement(written, "direction-type"), "metronome")
        SubElement(metronome, "beat-unit").text = beat
        if _DOT_SYMBOLS.intersection(symbols) or _DOTS.intersection(shown):
            SubElement(metronome, "beat-unit-dot")
        SubElement(metronome, "per-minute").text = figure[1]
    a_second = number((element.findtext("tempo") or "").strip()[:12])
    if a_second:
        SubElement(written, "sound", tempo=f"{float(a_second) * 60:.6g}")
    return written


def _beat(symbols: list[str], shown: str) -> tuple[str, str]:
    """Find the note of a metronome mark, a symbol or a character, and the words before it."""
    for name in symbols:
        if name in BEATS:
            return BEATS[name], shown.partition(name)[0].strip(" (")
    for letter in shown:
        if letter in BEATS:
            return BEATS[letter], shown.partition(letter)[0].strip(" (")
    return "", shown


def _marker(element: Element) -> Element | None:
    label = (element.findtext("label") or "").strip()
    written, kind = _direction()
    if label in {"segno", "varsegno"}:
        SubElement(kind, "segno")
    elif label in {"codab", "varcoda"}:
        SubElement(kind, "coda")
    elif label in {"fine", "coda", "toCoda", "tocoda"}:
        name = "fine" if label == "fine" else "tocoda"
        SubElement(kind, "words").text = text_of(element.find("text")) or label
        SubElement(written, "sound", {name: "yes"})
    else:
        return None
    return written


def _jump(element: Element) -> Element:
    target = (element.findtext("jumpTo") or "").strip()
    written, kind = _direction()
    SubElement(kind, "words").text = text_of(element.find("text")) or "D.C."
    SubElement(written, "sound", {_JUMPS.get(target, "dalsegno"): "yes"})
    return written


def _line(item: Item) -> Element | None:
    """Write an end of a hairpin, octave line or pedal."""
    written, kind = _direction()
    subtype = (item.element.findtext("subtype") or "").strip()
    starts = item.edge == "start"
    if item.tag == "HairPin":
        if starts and subtype not in {"0", "1"}:
            return _words("words", text_of(item.element.find("beginText")))
        wedge = "crescendo" if subtype == "0" else "diminuendo"
        SubElement(kind, "wedge", type=wedge if starts else "stop")
    elif item.tag == "Ottava":
        octaves = ottava(subtype)
        ends = {"type": ("down" if octaves > 0 else "up") if starts else "stop"}
        SubElement(kind, "octave-shift", ends | {"size": str(7 * abs(octaves) + 1)})
    elif item.tag == "Pedal":
        SubElement(kind, "pedal", type="start" if starts else "stop")
    elif item.tag == "Symbol" and "keyboardPedal" in (item.element.findtext("name") or ""):
        SubElement(
            kind, "pedal", type="stop" if "Up" in item.element.findtext("name", "") else "start"
        )
    else:
        return None
    return written


def _harmony(element: Element) -> Element | None:
    root = _spelt(element.find(".//root"))
    name = chord_kind(text_of(element.find(".//name")))
    if root is None:
        return None
    harmony = Element("harmony")
    _degree(harmony, "root", root)
    kind = SubElement(harmony, "kind", text=name)
    kind.text = KINDS.get(name, "other")
    bass = element.find(".//base")
    if (low := _spelt(bass if bass is not None else element.find(".//bass"))) is not None:
        _degree(harmony, "bass", low)
    return harmony


def _spelt(element: Element | None) -> tuple[str, int] | None:
    tpc = whole(element.text, _NO_SPELLING, -99, 99) if element is not None else _NO_SPELLING
    if not -1 <= tpc <= 33:
        return None
    step, alter, _ = written_pitch(60, tpc)
    return step, alter


def _degree(harmony: Element, role: str, spelt: tuple[str, int]) -> None:
    degree = SubElement(harmony, role)
    SubElement(degree, f"{role}-step").text = spelt[0]
    if spelt[1]:
        SubElement(degree, f"{role}-alter").text = str(spelt[1])
