"""Chord symbols: a MusicXML harmony as the name that players read."""

from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.values import whole

_KINDS = {
    "": "",
    "major": "",
    "minor": "m",
    "augmented": "+",
    "diminished": "dim",
    "dominant": "7",
    "half-diminished": "m7b5",
}
_TRIADS = {"major": "maj", "dominant": "", "minor": "m", "augmented": "+", "diminished": "dim", "suspended": "sus"}  # fmt: skip
_EXTENSIONS = {"second": "2", "fourth": "4", "seventh": "7", "sixth": "6", "ninth": "9", "11th": "11", "13th": "13"}  # fmt: skip
_ALTERS = {-1: "b", 1: "#"}
_CONTRACTIONS = {"79": "9", "713": "13", "maj6": "6", "sus47": "7sus4", "sus49": "9sus4"}


def chord_symbol(harmony: Element) -> str:
    """Name the first chord of a harmony.

    Examples
    --------
    >>> from xml.etree.ElementTree import XML
    >>> chord_symbol(XML("<harmony><root><root-step>B</root-step><root-alter>-1</root-alter></root>"
    ...                  "<kind>suspended-fourth</kind></harmony>"))
    'Bbsus4'
    """
    root = _degree_name(harmony, "root")
    kind = harmony.find("kind")
    name = root + (_kind(kind) if kind is not None else "")
    name += "".join(_alterations(harmony))
    for long, short in _CONTRACTIONS.items():
        name = name.replace(long, short)
    bass = _degree_name(harmony, "bass")
    return f"{name}/{bass}" if bass else name


def _degree_name(harmony: Element, role: str) -> str:
    step = (harmony.findtext(f"{role}/{role}-step") or "").strip()
    alter = whole(harmony.findtext(f"{role}/{role}-alter"), 0, -2, 2)
    return step + _ALTERS.get(alter, "") if step else ""


def _kind(kind: Element) -> str:
    value = (kind.text or "").strip()
    if value in _KINDS:
        return _KINDS[value]
    triad, _, extension = value.partition("-")
    if triad not in _TRIADS:
        return kind.get("text", "")
    return _TRIADS[triad] + _EXTENSIONS.get(extension, "")


def _alterations(harmony: Element) -> list[str]:
    texts = []
    for degree in harmony.iterfind("degree"):
        value = (degree.findtext("degree-value") or "").strip()
        alter = whole(degree.findtext("degree-alter"), 0, -2, 2)
        kind = (degree.findtext("degree-type") or "").strip()
        prefix = "no" if kind == "subtract" else ""
        texts.append(prefix + _ALTERS.get(alter, "") + value)
    return texts
