"""A part, measure by measure, sorted into the bars of its voices.

Conventions: a measure is what MusicXML calls one, a bar is what one voice has in it; measures count
from 0. Times are ticks from the start of the measure.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat

from clamp3_plugin.errors import TooLargeError
from clamp3_plugin.readers.musicxml.attributes import (
    read_clefs,
    read_key,
    read_meter,
    read_transposition,
)
from clamp3_plugin.readers.musicxml.barlines import read_barline
from clamp3_plugin.readers.musicxml.cut import CutMeasure, CutPart, Item
from clamp3_plugin.readers.musicxml.directions import Line, Tempo, read_direction, read_sound
from clamp3_plugin.readers.musicxml.events import Grace, Mark, Note
from clamp3_plugin.readers.musicxml.harmony import chord_symbol
from clamp3_plugin.readers.musicxml.heads import Surroundings, add_to_chord, new_note
from clamp3_plugin.readers.musicxml.lyrics import Syllables
from clamp3_plugin.readers.musicxml.measures import Measure, Part
from clamp3_plugin.readers.musicxml.notes import Shape, Tone
from clamp3_plugin.readers.musicxml.opening import Opening
from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.values import Ticks, divisions, duration, whole
from clamp3_plugin.readers.musicxml.voices import VoicePlan

MAX_MARKS = 500_000  # of one part; a change of key counts in every voice
MAX_CHANGES = 32  # of the divisions in one measure, each of which walks what the measure holds

_LINE_BREAKS_AND_QUOTES = re.compile(r'["\r\n]')
_LINES = {
    "wedge": {"crescendo": ("!<(!", "!<)!"), "diminuendo": ("!>(!", "!>)!")},
    "octave-shift": {"down": ("!8va(!", "!8va)!"), "up": ("!8vb(!", "!8vb)!")},
    "pedal": {"start": ("!ped!", "!ped-up!")},
}


@dataclass(frozen=True, slots=True)
class _Slur:
    """A slur that has begun."""

    voice: str
    note: Note


class PartReader:
    """Walks a part and keeps what carries over from element to element."""

    def __init__(self, opening: Opening, plan: VoicePlan, midi_pitches: dict[str, int]) -> None:
        self.part = Part(staff_of=plan.staff_of)
        self._opening = opening
        self._plan = plan
        self._around = Surroundings(midi_pitches=midi_pitches)
        self._now: Ticks = 0
        self._measure = Measure("")
        self._next_voice: str | None = None
        self._graces: list[bool] = []
        self._note_count = 0
        self._in_grace = False
        self._staff_now = dict(plan.staff_of)
        self._last_notes: dict[str, Note] = {}
        self._slurs: dict[str, _Slur] = {}
        self._lines: dict[tuple[str, str], tuple[list[str], str]] = {}
        self._early_stops: dict[tuple[str, str], Ticks] = {}
        self._pedal_voice: str | None = None
        self._first_tempo: Tempo | None = None
        self._divisions_changes = 0
        self._marks = 0
        self._transposes = False
        self._handlers: dict[str, Callable[[Element], None]] = {
            "attributes": self._read_attributes,
            "direction": self._read_direction,
            "harmony": self._read_harmony,
            "sound": self._read_sound,
            "barline": self._read_barline,
            "backup": self._read_backup,
            "forward": self._read_forward,
        }

    def read(self, cut: CutPart) -> Part:
        """Read all measures."""
        self._graces = [bool(tone.grace) for tone, _, _ in cut.notes]
        for measure in cut.measures:
            self._read_measure(measure)
        self.part.drums = dict(self._around.drums)
        self.part.has_stemless = self._around.has_stemless
        return self.part

    @property
    def _at_start(self) -> bool:
        return len(self.part.measures) == 1 and self._now == 0

    def _read_measure(self, cut: CutMeasure) -> None:
        self._measure = Measure(cut.number, self._around.per_quarter)
        self.part.measures.append(self._measure)
        self._now = 0
        self._around.accidentals.new_bar()
        self._last_notes.clear()
        self._first_tempo = None
        self._divisions_changes = 0
        # only what is no note asks for the voice of the next one
        next_voices = repeat(None) if cut.has_notes_only else _next_voices(cut.items)
        for item, self._next_voice in zip(cut.items, next_voices, strict=False):
            if isinstance(item, tuple):
                self._read_note(*item)
            elif handler := self._handlers.get(item.tag):
                handler(item)

    # --- time

    def _advance(self, by: Ticks) -> None:
        self._now = max(0, self._now + by)
        self._measure.length = max(self._measure.length, self._now)

    def _read_backup(self, element: Element) -> None:
        self._jump(element, -1)

    def _read_forward(self, element: Element) -> None:
        self._jump(element, 1)

    def _jump(self, element: Element, sign: int) -> None:
        by = duration(element.findtext("duration"))
        if by * 16 > self._around.per_quarter:
            self._advance(sign * by)

    # --- notes

    def _read_note(self, tone: Tone, shape: Shape, syllables: Syllables) -> None:
        voice = shape.voice
        note = self._last_notes.get(voice)
        if tone.in_chord and note is not None and (note.grace is not None) == bool(tone.grace):
            add_to_chord(note, tone, shape, self._around)
        else:
            note = new_note(tone, shape, self._now, self._around)
            self._last_notes[voice] = note
            if note.heads or note.duration or note.grace is not None:
                if note.staff != self._staff_now[voice]:
                    self._go_to_staff(voice, note.staff)
                self._measure.bars[voice].append(note)
            self._advance(note.duration)
        if not tone.is_silent:
            self.part.sounding.add(voice)
            self.part.has_notes = True
        self._note_count += 1
        if note.grace is not None:
            self._brace(tone, note.grace)
        if shape.slurs:
            self._read_slurs(shape, note)
        if syllables:
            note.syllables = {**(note.syllables or {}), **syllables}
            self.part.verses[voice].update(syllables)

    def _go_to_staff(self, voice: str, staff: int) -> None:
        """Tell where a voice moves to another staff."""
        steps = staff - self._staff_now[voice]
        self._put(voice, f"[I:staff {steps:+d}]")
        self._staff_now[voice] = staff

    def _brace(self, tone: Tone, grace: Grace) -> None:
        """Open and close groups of grace notes in the order of the file, whatever their voices.

        So the reference does it: where one voice ends with grace notes and the next begins with
        some, the first has no closing brace and the second no opening one.
        """
        if not self._in_grace:
            grace.opens = tone.grace
            self._in_grace = True
        if not any(self._graces[self._note_count : self._note_count + 1]):
            grace.closes = "}"
            self._in_grace = False

    def _read_slurs(self, shape: Shape, note: Note) -> None:
        """Count slurs that begin and end in one voice; ABC has no others."""
        for kind, number in shape.slurs:
            if kind == "start":
                self._slurs[number] = _Slur(shape.voice, note)
            elif kind == "stop" and number in self._slurs:
                start = self._slurs.pop(number)
                if start.voice == shape.voice and not self._ornaments(start, note):
                    start.note.slurs_opened += 1
                    note.slurs_closed += 1

    def _ornaments(self, start: "_Slur", note: Note) -> bool:
        """Tell whether a slur only joins grace notes to their note, which is not written."""
        follows_grace = any(self._graces[max(0, self._note_count - 2) : self._note_count - 1])
        return follows_grace and start.note.grace is not None and note.grace is None

    # --- marks

    def _put(self, voice: str | None, text: str) -> None:
        if voice is not None and text:
            self._marks += 1
            if self._marks > MAX_MARKS:
                raise TooLargeError(f"A part has over {MAX_MARKS} signs in all voices.")
            self._measure.bars[voice].append(Mark(self._now, text))

    def _put_all(self, voices: list[str], text: str) -> None:
        for voice in voices:
            self._put(voice, text)

    def _target(self, staff: int) -> str | None:
        return self._next_voice or self._plan.first_on(staff)

    def _say(self, staff: int, text: str) -> None:
        """Put a mark that makes its voice worth writing."""
        if text and (voice := self._target(staff)) is not None:
            self._put(voice, text)
            self.part.sounding.add(voice)

    def _read_harmony(self, element: Element) -> None:
        symbol = _LINE_BREAKS_AND_QUOTES.sub("", chord_symbol(element))
        self._say(_staff(element), f'"{symbol}"' if symbol else "")

    def _read_sound(self, element: Element) -> None:
        tempo = read_sound(element)
        if tempo is None:
            return
        # the reference writes the first tempo of a measure again for all that follow in it
        self._first_tempo = self._first_tempo or tempo
        self._set_tempo(Tempo(self._first_tempo.field, tempo.quarters), 1)

    def _set_tempo(self, tempo: Tempo | None, staff: int) -> None:
        if tempo is None:
            return
        where = len(self.part.measures) - 1
        offset = Fraction(self._now) / self._around.per_quarter
        self.part.tempos.append((where, offset, tempo.quarters))
        if self._at_start:
            self._opening.tempo = tempo
        else:
            self._put(self._plan.first_on(staff), f"[Q:{tempo.field}]")

    def _read_direction(self, element: Element) -> None:
        direction = read_direction(element, _staff(element))
        self._set_tempo(direction.tempo, direction.staff)
        for sign in direction.signs:
            if isinstance(sign, Line):
                self._draw(sign, direction.staff)
            else:
                self._say(direction.staff, sign)
        self._say(direction.staff, direction.words)

    def _draw(self, line: Line, staff: int) -> None:
        """Begin or end a hairpin, octave shift or pedal; it ends in the voices where it began."""
        place = (line.kind, line.number)
        voices = self._voices_of(line.kind, staff)
        if line.type == "stop":
            if place in self._lines:
                began, text = self._lines.pop(place)
                self._put_all(began, text)
            else:
                self._early_stops[place] = self._now
            return
        if line.type not in _LINES[line.kind]:
            return
        start, stop = _LINES[line.kind][line.type]
        # where the end is in an earlier voice of the file than the start, the end came first
        early = self._early_stops.pop(place, None)
        if early is None:
            self._lines[place] = (voices, stop)
        else:
            for voice in voices:
                self._measure.bars[voice].append(Mark(early, stop))
        self._put_all(voices, start)

    def _voices_of(self, kind: str, staff: int) -> list[str]:
        """Choose the voices of a line; pedals all stay in the voice that had the first of them."""
        if kind == "pedal" and self._pedal_voice is not None:
            return [self._pedal_voice]
        if kind == "octave-shift" and (several := self._plan.on_staff(staff)):
            return several
        target = self._target(staff)
        if kind == "pedal":
            self._pedal_voice = target
        return [target] if target is not None else []

    # --- signatures and barlines

    def _read_attributes(self, element: Element) -> None:
        per_quarter = divisions(element.findtext("divisions"), self._around.per_quarter)
        self._change_divisions(per_quarter)
        transposition = read_transposition(element)
        if transposition is not None:
            self._transposes = transposition != 0
        self._read_key(element)
        if meter := read_meter(element):
            if self._at_start:
                self._opening.meter = meter
            else:
                self._put_all(list(self._plan.staff_of), f"[M:{meter}]")
        self._read_clefs(element, transposition or 0)

    def _change_divisions(self, per_quarter: Ticks) -> None:
        """Go on in other ticks; what this measure holds already is brought to them."""
        factor = Fraction(per_quarter) / self._around.per_quarter
        if factor == 1:
            return
        self._divisions_changes += 1
        if self._divisions_changes > MAX_CHANGES:
            raise TooLargeError(f"A measure changes its divisions over {MAX_CHANGES} times.")
        self._around.per_quarter = self._measure.per_quarter = per_quarter
        self._now *= factor
        self._measure.length *= factor
        for bar in self._measure.bars.values():
            for event in bar:
                event.time *= factor
                if isinstance(event, Note):
                    event.duration *= factor
                    event.per_quarter = per_quarter

    def _read_key(self, element: Element) -> None:
        key = read_key(element)
        if key is None:
            return
        self._around.accidentals.set_key(key.fifths)
        if self._at_start and not self._transposes:
            if self._opening.key is None:
                self._opening.key = key
            if key.name == self._opening.key.name:
                return
        self._put_all(list(self._plan.staff_of), f"[K:{key.name}]")

    def _read_clefs(self, element: Element, transposition: int) -> None:
        shift = f" transpose={transposition}" if transposition else ""
        for clef in read_clefs(element):
            self._around.clef_octaves[clef.staff] = clef.octaves
            if self._at_start:
                self.part.clefs[clef.staff] = clef.name + shift
            else:
                for voice in self._plan.on_staff(clef.staff):
                    if clef.staff != self._staff_now[voice]:
                        self._go_to_staff(voice, clef.staff)
                    self._put(voice, f"[K:{clef.name}{shift}]")

    def _read_barline(self, element: Element) -> None:
        measures = self.part.measures
        before = measures[-2].barline if len(measures) > 1 else None
        if read_barline(element, self._measure.barline, before):
            self.part.repeat_at_start = True


def _next_voices(items: list[Item]) -> list[str | None]:
    """Give the voice of the next note after each item, which a jump back in time cuts off."""
    voices: list[str | None] = []
    voice: str | None = None
    for item in reversed(items):
        if isinstance(item, tuple):
            voice = item[1].voice
        elif item.tag == "backup":
            voice = None
        voices.append(voice)
    return voices[::-1]


def _staff(element: Element) -> int:
    return whole(element.findtext("staff"), 1, 1, 99)
