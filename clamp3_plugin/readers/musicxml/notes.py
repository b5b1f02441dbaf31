"""A MusicXML note as an event: pitch, accidental, length, and what stands on it."""

from collections import defaultdict
from dataclasses import dataclass, field

from clamp3_plugin.readers.musicxml.events import Grace, Head, Note, Tuplet
from clamp3_plugin.readers.musicxml.notations import decorations
from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.pitch import SEMITONES, Accidentals, alteration, pitch_text
from clamp3_plugin.readers.musicxml.values import Ticks, duration, whole

MAX_HEADS = 64  # notes of a chord; no hands and no orchestra have more on one stem

_NOTEHEADS = {"x": "^", "circle-x": "_", "diamond": "_", "triangle": "_"}
_NO_PITCH = "e"
_DOUBLE = {"start", "stop"}  # of a tremolo between two notes


@dataclass(slots=True)
class Surroundings:
    """What the meaning of a note depends on."""

    per_quarter: Ticks = 1
    accidentals: Accidentals = field(default_factory=Accidentals)
    clef_octaves: dict[int, int] = field(default_factory=dict)
    """Octaves that the clef of each staff sounds above what it shows."""
    midi_pitches: dict[str, int] = field(default_factory=dict)
    drums: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    """Lines of the percussion map, by voice, in order."""


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


def read_note(
    element: Element, kids: Children, voice: str, now: Ticks, around: Surroundings
) -> Note:
    """Read a note, the first of a chord, or a rest."""
    grace = "grace" in kids
    beam = kids.text("beam")
    note = Note(
        time=now,
        duration=0 if grace else duration(kids.text("duration")),
        per_quarter=around.per_quarter,
        beamed=beam in {"continue", "end"},
        grace=Grace() if grace else None,
        tuplet=_tuplet(kids),
        staff=whole(kids.text("staff"), 1, 1, 99),
    )
    hidden = element.get("print-object") == "no"
    if "rest" in kids or hidden:
        note.rest = "x" if hidden else "z"
        note.hidden = "rest" not in kids
    add_head(element, note, kids, voice, around)
    return note


def add_head(
    element: Element, note: Note, kids: Children, voice: str, around: Surroundings
) -> None:
    """Add the pitch of an element, and what stands on it, to a note or chord."""
    if max(len(note.heads), len(note.decorations)) >= MAX_HEADS:
        return
    signs = decorations(kids.first("notations"))
    ties = _ties(kids)
    silent = "rest" in kids or element.get("print-object") == "no"
    if kids.text("stem") == "none" and not silent:
        signs.append("s")
    note.decorations += [sign for sign in signs if sign not in note.decorations]
    if silent:
        note.rest_tied = note.rest_tied or ("start" in ties and not note.heads)
        return
    if note.hidden and not note.heads:
        note.heads.append(Head(note.rest, note.rest_tied))
    mark = kids.first("accidental")
    pitch, alter = _pitch(kids, note.staff, voice, around)
    accidental = ""
    if pitch[0] not in "^_":
        printed = (mark.text or "").strip() if mark is not None else ""
        accidental = around.accidentals.mark(
            pitch, voice, alter, printed=printed, tied="stop" in ties
        )
    courtesy = mark is not None and mark.get("parentheses") == "yes"
    if courtesy:
        accidental = "!courtesy!" + accidental
    note.heads.append(Head(accidental + pitch, tied="start" in ties))


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
    tuplet = Tuplet(
        actual=whole(ratio.findtext("actual-notes"), 1, 1, 999),
        normal=whole(ratio.findtext("normal-notes"), 1, 1, 999),
    )
    for notations in kids.all("notations"):
        for bracket in notations.iterfind("tuplet"):
            tuplet.starts += bracket.get("type") == "start"
            tuplet.stops += bracket.get("type") == "stop"
    return tuplet


def _tremolos(kids: Children) -> list[Element]:
    notations = kids.first("notations")
    return notations.findall("ornaments/tremolo") if notations is not None else []


def _pitch(kids: Children, staff: int, voice: str, around: Surroundings) -> tuple[str, int]:
    """Name the pitch as printed, and its alteration in semitones."""
    pitch = kids.first("pitch")
    prefix = ""
    if pitch is None:
        pitch = kids.first("unpitched")
        prefix = "display-"
    step = (pitch.findtext(prefix + "step") or "").strip().upper() if pitch is not None else ""
    if pitch is None or step not in SEMITONES:
        return _NO_PITCH, 0
    octave = whole(pitch.findtext(prefix + "octave"), 4, 0, 9)
    shown = pitch_text(step, octave - around.clef_octaves.get(staff, 0))
    if prefix:
        return _drum(kids, shown, SEMITONES[step] + 12 * (octave + 1), voice, around), 0
    return shown, alteration(pitch.findtext("alter"))


def _drum(kids: Children, shown: str, sounding: int, voice: str, around: Surroundings) -> str:
    """Name an unpitched note, and put it on the percussion map where its look or sound differ."""
    head = "-".join(kids.text("notehead").split())[:40] or "normal"
    played = sounding
    if (instrument := kids.first("instrument")) is not None:
        played = around.midi_pitches.get(instrument.get("id", ""), sounding)
    name = _NOTEHEADS.get(head, "") + shown
    if name != shown or played != sounding:
        around.drums[voice][f"I:percmap {name} {shown} {played} {head}"] = None
    return name
