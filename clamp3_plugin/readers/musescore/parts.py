"""The parts of a MuseScore file: their staves, names, transposition and drums."""

from dataclasses import dataclass, field

from clamp3_plugin.readers.musescore.names import HEADS, fifths_down, staff_place
from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.values import whole

MAX_STAVES = 256
_NOTES = 128


@dataclass(frozen=True, slots=True)
class Drum:
    """An instrument of a drum set, and where it stands on the staff."""

    name: str
    place: tuple[str, int]
    head: str


@dataclass(frozen=True, slots=True)
class Transposition:
    """How far the sounding note lies above the written one, in steps and semitones."""

    diatonic: int = 0
    chromatic: int = 0

    @property
    def fifths(self) -> int:
        """How far the spelling of the written note lies above, in fifths."""
        return fifths_down(self.diatonic, self.chromatic)


@dataclass(slots=True)
class Part:
    """An instrument."""

    name: str
    short_name: str
    instrument: str
    program: int | None
    transposition: Transposition
    drums: dict[int, Drum] | None
    """By MIDI pitch; None for instruments with pitches."""
    staves: list[Element] = field(default_factory=list)
    """The staves with their measures."""
    clefs: list[str] = field(default_factory=list)
    """What each staff begins with unless its first measure says otherwise."""
    brackets: list[tuple[int, int]] = field(default_factory=list)
    """Kind and span in staves of the brackets that begin at its first staff."""


def read_parts(score: Element) -> list[Part]:
    """Read the parts that have a staff with music."""
    filled = {staff.get("id", ""): staff for staff in score.iterfind("Staff")}
    parts = []
    count = 0
    for element in score.iterfind("Part"):
        part = _part(element)
        for staff in element.iterfind("Staff"):
            count += 1
            music = filled.pop(staff.get("id") or str(count), None)
            if music is None or count > MAX_STAVES:
                continue
            if not part.staves:
                part.brackets = _brackets(staff)
            part.staves.append(music)
            part.clefs.append(_clef(staff))
        if part.staves:
            parts.append(part)
    return parts


def text_of(element: Element | None) -> str:
    """Give the text of an element with the text of its formatting, on one line."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def _part(element: Element) -> Part:
    instrument = element.find("Instrument")
    if instrument is None:
        instrument = Element("Instrument")
    program = instrument.find("Channel/program")
    sounds = whole(program.get("value"), 0, 0, _NOTES - 1) if program is not None else None
    return Part(
        name=text_of(instrument.find("longName")) or text_of(element.find("trackName")),
        short_name=text_of(instrument.find("shortName")),
        instrument=text_of(instrument.find("trackName")),
        program=sounds,
        transposition=Transposition(
            whole(instrument.findtext("transposeDiatonic"), 0, -35, 35),
            whole(instrument.findtext("transposeChromatic"), 0, -60, 60),
        ),
        drums=_drums(instrument),
    )


def _drums(instrument: Element) -> dict[int, Drum] | None:
    if whole(instrument.findtext("useDrumset"), 0, 0, 1) == 0:
        return None
    return {
        whole(drum.get("pitch"), 0, 0, _NOTES - 1): Drum(
            name=text_of(drum.find("name")),
            place=staff_place(whole(drum.findtext("line"), 0, -20, 40)),
            head=HEADS.get((drum.findtext("head") or "").strip(), ""),
        )
        for drum in instrument.iterfind("Drum")
    }


def _clef(staff: Element) -> str:
    kind = staff.find("StaffType")
    if kind is not None and kind.get("group") == "percussion":
        return "PERC"
    for name in ("defaultTransposingClef", "defaultClef"):
        if text := (staff.findtext(name) or "").strip():
            return text
    return "G"


def _brackets(staff: Element) -> list[tuple[int, int]]:
    return [
        (whole(bracket.get("type"), 0, -1, 9), whole(bracket.get("span"), 1, 1, MAX_STAVES))
        for bracket in staff.iterfind("bracket")
    ]
