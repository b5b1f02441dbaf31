"""What ties carry over a barline: accidentals, which the tied note itself does not repeat.

``^f8-|f8|`` is F sharp twice. A cut that begins with the second bar must say ``^f8``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clamp3_plugin.readers.musicxml.pitch import signature_of

Held = Mapping[str, int]
"""Semitones by pitch as written without accidental, for the notes that are tied."""

_TOKEN = re.compile(
    r'"[^"]*"|![^!]*!'  # words and ornaments
    r"|\[([A-Za-z]):([^\[\]]*)\]"
    r"|(\^\^|__|\^|_|=|)([A-Ga-g])([,']*)[0-9/]*(-?)"
    r"|(\])[0-9/]*(-?)|(\[)"
)
ACCIDENTALS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
"""Semitones that the accidentals of ABC stand for."""
_MARKS = {semitones: mark for mark, semitones in ACCIDENTALS.items()}


@dataclass(frozen=True, slots=True)
class _Note:
    start: int
    """Place of its accidental in the text of the bar."""
    mark: str
    pitch: str
    by_key: int
    """Semitones that the key signature gives it."""
    alter: int
    """Semitones that it sounds with."""


class _Bar:
    """Reads the notes of a bar of one voice; ``tied`` is what is tied to a note to come."""

    def __init__(self, key: str, held: Held) -> None:
        self._signature = signature_of(key)
        self._marked: dict[str, int] = {}
        self._held = dict(held)
        self._chord: list[_Note] = []
        self.tied: dict[str, int] = {}

    def notes(self, text: str) -> Iterator[_Note]:
        """Read the notes in order."""
        for token in _TOKEN.finditer(text):
            letter, value, mark, step, octave, tie, end, chord_tie, begin = token.groups()
            if letter == "K" and (value.startswith("none") or re.match("[A-G](?![1-5])", value)):
                self._signature = signature_of(value)
            elif step:
                note = self._note(token.start(), mark, step, octave)
                self._chord.append(note)
                if tie:
                    self.tied[note.pitch] = note.alter
                yield note
            elif begin:
                self._chord = []
            elif end and chord_tie:
                self.tied.update((note.pitch, note.alter) for note in self._chord)

    def _note(self, start: int, mark: str, step: str, octave: str) -> _Note:
        pitch, by_key = step + octave, self._signature.get(step.upper(), 0)
        held = self.tied.pop(pitch, self._held.pop(pitch, None))
        if mark:
            alter = self._marked[pitch] = ACCIDENTALS[mark]
        else:
            alter = self._marked.get(pitch, by_key) if held is None else held
        return _Note(start, mark, pitch, by_key, alter)


def ties_out_of(text: str, key: str, held: Held) -> Held:
    """Tell what a bar of one voice ties to the next.

    Examples
    --------
    >>> ties_out_of("^f4 c4-|", "C", {}), ties_out_of("f8-|", "D", {}), ties_out_of("f8-|", "C", {"f": 1})
    ({'c': 0}, {'f': 1}, {'f': 1})
    """
    bar = _Bar(key, held)
    for _ in bar.notes(text):
        pass
    return bar.tied


def with_held(text: str, key: str, held: Held) -> str:
    """Write the accidentals that ties carried into a bar, so that it sounds the same by itself.

    A later note of that pitch, which the tie does not reach, is marked as well.

    Examples
    --------
    >>> with_held("f4 f4|", "C", {"f": 1}), with_held("f8|", "D", {"f": 1})
    ('^f4 =f4|', 'f8|')
    """
    written, done = "", 0
    said: dict[str, int] = {}
    for note in _Bar(key, held).notes(text):
        if note.mark:
            said[note.pitch] = note.alter
        elif note.pitch in held and note.alter != said.get(note.pitch, note.by_key):
            written += text[done : note.start] + _MARKS[note.alter]
            done, said[note.pitch] = note.start, note.alter
    return written + text[done:]
