"""From what a note says to what is written: its pitch and accidental, where it stands."""

from collections import defaultdict
from dataclasses import dataclass, field

from clamp3_plugin.readers.musicxml.events import Grace, Note
from clamp3_plugin.readers.musicxml.notes import Shape, Tone
from clamp3_plugin.readers.musicxml.pitch import SEMITONES, Accidentals, pitch_text
from clamp3_plugin.readers.musicxml.values import Ticks

MAX_HEADS = 64  # notes of a chord; no hands and no orchestra have more on one stem
STEMLESS = "s"

_NOTEHEADS = {"x": "^", "circle-x": "_", "diamond": "_", "triangle": "_"}


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
    has_stemless: bool = False
    """Whether a note had no stem so far."""


def new_note(tone: Tone, shape: Shape, now: Ticks, around: Surroundings) -> Note:
    """Make a note, the first of a chord, or a rest."""
    note = Note(
        now,
        0 if tone.grace else shape.duration,
        around.per_quarter,
        [],
        shape.staff,
        shape.beamed,
        shape.tuplet,
        Grace() if tone.grace else None,
    )
    if tone.is_silent:
        note.rest = "x" if tone.is_hidden else "z"
        note.hidden = not tone.is_rest
    _add_head(note, tone, shape, around)
    return note


def add_to_chord(note: Note, tone: Tone, shape: Shape, around: Surroundings) -> None:
    """Add a pitch, and what stands on it, to a note or chord."""
    if max(len(note.heads), len(note.decorations)) < MAX_HEADS:
        _add_head(note, tone, shape, around)


def _add_head(note: Note, tone: Tone, shape: Shape, around: Surroundings) -> None:
    if shape.decorations or shape.stemless:
        _decorate(note, tone, shape, around)
    if tone.is_silent:
        note.rest_tied = note.rest_tied or (shape.tie_begins and not note.heads)
        return
    if note.hidden and not note.heads:
        note.heads.append((note.rest, note.rest_tied))
    name = tone.name
    if (octaves := around.clef_octaves.get(note.staff, 0)) and tone.step:
        name = pitch_text(tone.step, tone.octave - octaves)
    if tone.is_unpitched and tone.step:
        name = _drum(tone, shape, name, around)
    mark = ""
    if name[0] not in "^_":
        mark = around.accidentals.mark(
            name, shape.voice, tone.alter, printed=shape.accidental, tied=shape.tie_ends
        )
    if shape.is_courtesy:
        mark = "!courtesy!" + mark
    note.heads.append((mark + name, shape.tie_begins))


def _decorate(note: Note, tone: Tone, shape: Shape, around: Surroundings) -> None:
    signs = shape.decorations
    if shape.stemless and not tone.is_silent:
        signs = (*signs, STEMLESS)
        around.has_stemless = True
    note.decorations += tuple(sign for sign in signs if sign not in note.decorations)


def _drum(tone: Tone, shape: Shape, shown: str, around: Surroundings) -> str:
    """Name an unpitched note, and put it on the percussion map where its look or sound differ."""
    sounding = SEMITONES[tone.step] + 12 * (tone.octave + 1)
    played = sounding
    if shape.instrument is not None:
        played = around.midi_pitches.get(shape.instrument, sounding)
    name = _NOTEHEADS.get(shape.notehead, "") + shown
    if name != shown or played != sounding:
        line = f"I:percmap {name} {shown} {played} {shape.notehead}"
        around.drums[shape.voice][line] = None
    return name
