"""Dynamics, tempo marks, chord symbols and lines as elements of a MuseScore file."""

import re
from xml.etree.ElementTree import (
    XML,
    Element,
    ParseError,
    SubElement,
)  # of tags that are listed here

from clamp3_plugin.readers.note_list.rows import Line, Sign

_SYMBOL = re.compile(r"<sym>\s*(\w{1,60})\s*</sym>")
_TAG = re.compile(r"</?\w[^<>]*>")
_DYNAMICS = {
    "dynamicForte": "f",
    "dynamicPiano": "p",
    "dynamicMezzo": "m",
    "dynamicRinforzando": "r",
    "dynamicSforzando": "s",
    "dynamicZ": "z",
    "dynamicNiente": "n",
}
_PAIRS_3_2 = {
    552: "articAccent",
    554: "articAccentStaccato",
    558: "articMarcato",
    560: "articMarcatoStaccato",
    562: "articMarcatoTenuto",
    572: "articStaccatissimo",
    574: "articStaccatissimoStroke",
    576: "articStaccatissimoWedge",
    578: "articStaccato",
    586: "articTenutoStaccato",
}
"""Above a note; below it is one more."""
_SYMBOLS_3_2 = {
    str(first + more): f"{name}{side}"
    for first, name in _PAIRS_3_2.items()
    for more, side in enumerate(("Above", "Below"))
} | {
    "582": "articTenutoAbove",
    "583": "articTenutoAccentAbove",
    "584": "articTenutoAccentBelow",
    "585": "articTenutoBelow",
    "646": "brassMuteClosed",
    "648": "brassMuteOpen",
    "1867": "ornamentMordent",
    "1868": "ornamentMordentInverted",
    "1916": "ornamentTrill",
    "1917": "ornamentTurn",
    "1918": "ornamentTurnInverted",
    "2213": "pluckedSnapPizzicatoAbove",
    "2338": "stringsDownBow",
    "2352": "stringsThumbPosition",
    "2354": "stringsUpBow",
}
"""MuseScore 3.2 gives its plugins numbers of symbols and no names."""
_CHORD = re.compile(r"([A-G])([b#♭♯]{0,2})([^/]{0,40})(?:/([A-G])([b#♭♯]{0,2}))?")
_FIFTHS = {"F": 13, "C": 14, "G": 15, "D": 16, "A": 17, "E": 18, "B": 19}
_SHARPS = {"#": 7, "♯": 7, "b": -7, "♭": -7}
_WORDS = {"StaffText", "SystemText", "Expression", "PlayTechAnnotation", "RehearsalMark"}
_OTTAVAS = ("8va", "8vb", "15ma", "15mb", "22ma", "22mb")


def sign_element(sign: Sign) -> Element | None:
    """Write a sign; None for one that says nothing here."""
    if sign.kind == "Dynamic":
        return _dynamic(sign)
    if sign.kind == "Tempo":
        element = Element("Tempo")
        SubElement(element, "tempo").text = f"{sign.tempo:.6g}"
        element.append(_text(sign.text))
        if sign.is_hidden:
            SubElement(element, "visible").text = "0"
        return element
    if sign.kind == "Harmony":
        return _harmony(sign)
    if sign.kind == "Fermata":
        element = Element("Fermata")
        SubElement(element, "subtype").text = "fermataAbove"
        return element
    if sign.kind in _WORDS:
        element = Element(sign.kind)
        if sign.is_below:
            SubElement(element, "placement").text = "below"
        element.append(_text(sign.text))
        return element
    return Element("Breath") if sign.kind == "breath" else None


def symbol(mark: str) -> str:
    """Name the symbol of a mark, by name or by its number in MuseScore 3.2.

    Examples
    --------
    >>> symbol("articTenutoBelow"), symbol("585"), symbol("579")
    ('articTenutoBelow', 'articTenutoBelow', 'articStaccatoBelow')
    """
    return _SYMBOLS_3_2.get(mark, mark)


def line_ends(line: Line) -> tuple[Element, Element] | None:
    """Write both ends of a hairpin, octave line or ending; None for what is no such line."""
    subtype = ""
    if line.kind == "HairPin":
        subtype = str(line.subtype)
    elif line.kind == "Ottava" and line.subtype < len(_OTTAVAS):
        subtype = _OTTAVAS[line.subtype]
    elif line.kind != "Volta":
        return None
    begin, end = Element("Spanner", type=line.kind), Element("Spanner", type=line.kind)
    inner = SubElement(begin, line.kind)
    if line.kind == "Volta":
        SubElement(inner, "endings").text = line.text
    else:
        SubElement(inner, "subtype").text = subtype
    SubElement(begin, "next")
    SubElement(end, "prev")
    return begin, end


def _dynamic(sign: Sign) -> Element | None:
    letters = "".join(_DYNAMICS.get(name, "") for name in _SYMBOL.findall(sign.text))
    element = Element("Dynamic")
    SubElement(element, "subtype").text = letters or _TAG.sub("", sign.text)
    return element


def _harmony(sign: Sign) -> Element | None:
    found = _CHORD.match(_TAG.sub("", sign.text).strip())
    if found is None:
        return None
    element = Element("Harmony")
    SubElement(element, "root").text = str(_spelling(found[1], found[2]))
    if found[3]:
        SubElement(element, "name").text = found[3]
    if found[4]:
        SubElement(element, "base").text = str(_spelling(found[4], found[5]))
    return element


def _spelling(letter: str, accidentals: str) -> int:
    return _FIFTHS[letter] + sum(_SHARPS[one] for one in accidentals)


def with_text(tag: str, text: str) -> Element:
    """Write an element that holds a text.

    Examples
    --------
    >>> with_text("Fingering", "<b>3</b>").findtext("text")
    '3'
    """
    element = Element(tag)
    element.append(_text(text))
    return element


def _text(text: str) -> Element:
    """Write a text with its symbols, other formatting left out."""
    element = Element("text")
    plain = _SYMBOL.sub("\0\\1\0", text)
    plain = _TAG.sub("", plain)
    try:
        plain = XML(f"<t>{plain.replace(chr(0), chr(0xE000))}</t>").text or ""
    except ParseError:
        plain = plain.replace("\0", "\ue000")
    first, *rest = plain.split("\ue000")
    element.text = first
    for i in range(0, len(rest) - 1, 2):
        symbol = SubElement(element, "sym")
        symbol.text, symbol.tail = rest[i], rest[i + 1]
    return element
