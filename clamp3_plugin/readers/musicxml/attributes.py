"""The signatures at the front of a staff: key, time, clef, transposition."""

from dataclasses import dataclass

from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.pitch import key_name, short_mode
from clamp3_plugin.readers.musicxml.values import number, whole

_CLEFS = {
    ("G", "2"): "treble",
    ("F", "4"): "bass",
    ("F", "3"): "bass3",
    ("C", "1"): "alto1",
    ("C", "2"): "alto2",
    ("C", "3"): "alto",
    ("C", "4"): "tenor",
}
_SIGNS = {"TAB": "tab", "percussion": "perc"}
_OCTAVES = {-2: "-15", -1: "-8", 0: "", 1: "+8", 2: "+15"}


@dataclass(frozen=True, slots=True)
class Key:
    """A key signature; ``mode`` is empty where the file gives none."""

    fifths: int
    mode: str

    @property
    def name(self) -> str:
        """Its name in ABC, which takes a key without a mode for major."""
        return key_name(self.fifths, self.mode)

    @property
    def title(self) -> str:
        """Its name where the file says whether it is major or minor, e.g. ``Em``; else nothing."""
        return self.name.removesuffix("in") if self.mode else ""


@dataclass(frozen=True, slots=True)
class Clef:
    """A clef of one staff; ``octaves`` is how far it sounds above what it shows."""

    staff: int
    name: str
    octaves: int


def read_key(attributes: Element) -> Key | None:
    """Read the key signature; one that names no fifths (steps of its own) is taken for none."""
    key = attributes.find("key")
    if key is None or key.find("fifths") is None:
        return None
    fifths = whole(key.findtext("fifths"), 0, -7, 7)
    return Key(fifths, short_mode(key.findtext("mode") or ""))


def read_meter(attributes: Element) -> str:
    """Read the time signature, e.g. ``6/8``; ``3+2/8`` becomes ``5/8``. Empty where there is none.

    Examples
    --------
    >>> from xml.etree.ElementTree import XML
    >>> read_meter(XML("<a><time><beats>3+2</beats><beat-type>8</beat-type></time></a>"))
    '5/8'
    """
    beats = attributes.findtext("time/beats")
    unit = whole(attributes.findtext("time/beat-type"), 4, 0, 1024)
    if beats is None or unit < 1:
        return ""
    counts = [number(count) for count in beats.split("+")[:16]]
    total = sum(round(count) for count in counts if count is not None)
    return f"{total}/{unit}" if 1 <= total <= 256 else ""


def read_clefs(attributes: Element) -> list[Clef]:
    """Read the clefs, each with its staff and what else the staff says of itself."""
    return [_clef(clef, attributes) for clef in attributes.iterfind("clef")]


def _clef(clef: Element, attributes: Element) -> Clef:
    sign = (clef.findtext("sign") or "").strip()
    line = (clef.findtext("line") or "").strip()
    staff = whole(clef.get("number"), 1, 1, 99)
    octaves = whole(clef.findtext("clef-octave-change"), 0, -2, 2)
    name = _SIGNS.get(sign) or _CLEFS.get((sign, line), "")
    return Clef(staff, name + _OCTAVES[octaves] + _staff_details(attributes, staff), octaves)


def _staff_details(attributes: Element, staff: int) -> str:
    """Tell the lines of the staff; the reference looks at the first staff that has them told."""
    details = attributes.find("staff-details")
    if details is None or whole(details.get("number"), 1, 1, 99) != staff:
        return ""
    lines = whole(details.findtext("staff-lines"), 0, 0, 20)
    return f" stafflines={lines}" if lines else ""


def read_transposition(attributes: Element) -> int | None:
    """Read how many semitones higher the instrument sounds; None where it is not said."""
    transpose = attributes.find("transpose")
    if transpose is None:
        return None
    chromatic = whole(transpose.findtext("chromatic"), 0, -36, 36)
    return chromatic + 12 * whole(transpose.findtext("octave-change"), 0, -3, 3)
