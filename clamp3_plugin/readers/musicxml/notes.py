"""What a note of a file says: what sounds, and how it is written.

Both are read from XML once for all notes that are written alike, so they hold nothing that depends
on where the note stands.
"""

from dataclasses import dataclass
from fractions import Fraction

from clamp3_plugin.readers.musicxml.events import Tuplet
from clamp3_plugin.readers.musicxml.notations import decorations
from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.pitch import SEMITONES, alteration, pitch_text
from clamp3_plugin.readers.musicxml.values import Ticks, duration, whole

NO_PITCH = "e"
_DOUBLE = {"start", "stop"}  # of a tremolo between two notes


@dataclass(frozen=True, slots=True, eq=False)  # compared and hashed by identity, which is fast
class Tone:
    """What sounds: a pitch, an unpitched note or a rest."""

    in_chord: bool
    """Whether it sounds together with the note before."""
    grace: str
    """The brace that opens its group, if it is a grace note."""
    is_rest: bool
    is_hidden: bool
    """Not printed."""
    is_silent: bool
    """Written as a rest."""
    step: str
    """Empty where no pitch is given."""
    octave: int
    alter: int
    name: str
    """In ABC, as it sounds and without accidental; something even where no pitch is given."""
    is_unpitched: bool


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """How it is written: voice, length, and what stands on the note."""

    voice: str
    staff: int
    duration: Ticks
    beamed: bool
    """Joined to the note before by a beam."""
    tie_begins: bool
    tie_ends: bool
    stemless: bool
    accidental: str
    """Name of the accidental that is printed."""
    is_courtesy: bool
    notehead: str
    instrument: str | None
    tuplet: Tuplet | None
    decorations: tuple[str, ...]
    slurs: tuple[tuple[str, str], ...]
    """Type and number of each end of a slur."""


class Children:
    """The children of a note, looked up by name without walking them again and again."""

    def __init__(self, note: Element) -> None:
        self._by_name: dict[str, list[Element]] = {}
        for child in note:
            self._by_name.setdefault(child.tag, []).append(child)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def all(self, name: str) -> list[Element]:
        """Give all children of that name."""
        return self._by_name.get(name, [])

    def first(self, name: str) -> Element | None:
        """Give the first child of that name."""
        found = self._by_name.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str:
        """Give the text of the first child of that name."""
        found = self.first(name)
        return (found.text or "").strip() if found is not None else ""


def read_tone(note: Element) -> Tone:
    """Read what sounds."""
    prefix = ""
    pitch = note.find("pitch")
    if pitch is None:
        pitch = note.find("unpitched")
        prefix = "display-"
    step = (pitch.findtext(prefix + "step") or "").strip().upper() if pitch is not None else ""
    if pitch is None or step not in SEMITONES:
        step, octave, alter = "", 0, 0
    else:
        octave = whole(pitch.findtext(prefix + "octave"), 4, 0, 9)
        alter = 0 if prefix else alteration(pitch.findtext("alter"))
    grace = note.find("grace")
    slashed = grace is not None and grace.get("slash") == "yes"
    is_rest = note.find("rest") is not None
    is_hidden = note.get("print-object") == "no"
    return Tone(
        in_chord=note.find("chord") is not None,
        grace="" if grace is None else "{/" if slashed else "{",
        is_rest=is_rest,
        is_hidden=is_hidden,
        is_silent=is_rest or is_hidden,
        step=step,
        octave=octave,
        alter=alter,
        name=pitch_text(step, octave) if step else NO_PITCH,
        is_unpitched=bool(prefix),
    )


def read_shape(note: Element, *, voice_per_staff: bool) -> Shape:
    """Read how a note is written."""
    kids = Children(note)
    notations = kids.first("notations")
    ties = _ties(kids)
    staff = whole(kids.text("staff"), 1, 1, 99)
    voice = kids.text("voice") or "1"
    if voice_per_staff:
        voice = str(whole(voice, 1, 0, 99) + 100 * staff)
    accidental = kids.first("accidental")
    instrument = kids.first("instrument")
    return Shape(
        voice=voice,
        staff=staff,
        duration=duration(kids.text("duration")),
        beamed=kids.text("beam") in {"continue", "end"},
        tie_begins="start" in ties,
        tie_ends="stop" in ties,
        stemless=kids.text("stem") == "none",
        accidental=kids.text("accidental"),
        is_courtesy=accidental is not None and accidental.get("parentheses") == "yes",
        notehead="-".join(kids.text("notehead").split())[:40] or "normal",
        instrument=instrument.get("id", "") if instrument is not None else None,
        tuplet=_tuplet(kids),
        decorations=tuple(decorations(notations)),
        slurs=tuple(
            (slur.get("type", ""), slur.get("number", "1"))
            for each in kids.all("notations")
            for slur in each.iterfind("slur")
        ),
    )


def _ties(kids: Children) -> set[str | None]:
    notations = kids.first("notations")
    tied = notations.findall("tied") if notations is not None else []
    return {tie.get("type") for tie in kids.all("tie") + tied}


def _tuplet(kids: Children) -> Tuplet | None:
    ratio = kids.first("time-modification")
    if ratio is None:
        return None
    if any(sign.get("type") in _DOUBLE for sign in _tremolos(kids)):
        return None  # here the ratio only tells that two notes share their length
    brackets = [
        bracket.get("type")
        for notations in kids.all("notations")
        for bracket in notations.iterfind("tuplet")
    ]
    actual = whole(ratio.findtext("actual-notes"), 1, 1, 999)
    normal = whole(ratio.findtext("normal-notes"), 1, 1, 999)
    return Tuplet(
        actual,
        normal,
        Fraction(actual, normal),
        starts=brackets.count("start"),
        stops=brackets.count("stop"),
    )


def _tremolos(kids: Children) -> list[Element]:
    notations = kids.first("notations")
    return notations.findall("ornaments/tremolo") if notations is not None else []
