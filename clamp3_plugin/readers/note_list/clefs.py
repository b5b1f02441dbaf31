"""Clefs and transposition of a staff, told by where its notes stand.

A program's plugins see on which line a note is drawn and how it is spelt, but neither the clef nor the
octave by which an instrument transposes. One follows from the other, and a plain clef is the likelier.

Conventions: a step is a place on the staff, 7 an octave, C0 being 0; line 0 is the top line, lines grow
downwards, so top line = step + line.
"""

from collections import Counter
from collections.abc import Iterable

from clamp3_plugin.readers.musescore.names import written_pitch
from clamp3_plugin.readers.note_list.rows import Note

_STEPS = "CDEFGAB"
_PLAIN = {38: "G", 26: "F", 32: "C3", 30: "C4"}
_OTHERS = {36: "C1", 34: "C2", 28: "F3", 40: "G1", 31: "G8vb", 45: "G8va", 24: "G15mb", 33: "F8va"}
_TWO_OCTAVES_DOWN = {19: "F"}  # what a double bass reads


def top_line(note: Note, octaves: int = 0) -> int:
    """Tell which step the top line stands for.

    Examples
    --------
    >>> top_line(Note(77, 13, 0, False, 13, False))  # F5 on the top line
    38
    """
    fifths = note.written - note.sounding
    midi = note.pitch - chromatic_of(fifths) + 12 * octaves
    step, _, octave = written_pitch(midi, note.written)
    return 7 * octave + _STEPS.index(step) + note.line


def clef_of(top: int) -> str:
    """Name the clef; the nearest to it where no clef is so."""
    known = _PLAIN | _OTHERS
    return known.get(top) or known[min(known, key=lambda one: abs(one - top))]


def octaves_of(notes: Iterable[Note]) -> int:
    """Tell by how many octaves more an instrument is written than its spelling tells.

    A part whose spelling is not that of its sound transposes; its clef then is a plain one. Among
    others only the double bass is told from a clef that itself says an octave.
    """
    tops = Counter(top_line(note) for note in notes)
    if not tops:
        return 0
    top = tops.most_common(1)[0][0]
    transposes = any(note.written != note.sounding for note in notes)
    if top in _TWO_OCTAVES_DOWN:
        return 1
    if not transposes:
        return 0
    return next((n for n in (0, 1, -1, 2, -2) if top + 7 * n in {38, 26}), 0)


def chromatic_of(fifths: int) -> int:
    """Give the semitones by which the sound lies above what is written, the nearer way.

    Examples
    --------
    >>> [chromatic_of(fifths) for fifths in (0, 2, 3, 1)]
    [0, -2, 3, 5]
    """
    up = (-7 * fifths) % 12
    return up if up <= 6 else up - 12


def diatonic_of(fifths: int, chromatic: int) -> int:
    """Give the steps that belong to these semitones.

    Examples
    --------
    >>> diatonic_of(2, -2), diatonic_of(3, -9), diatonic_of(0, -12)
    (-1, -5, -7)
    """
    return (fifths + 7 * chromatic) // 12
