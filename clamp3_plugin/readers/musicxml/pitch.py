"""Pitches, key signatures and accidentals in ABC.

Conventions: octave 4 begins at middle C, which ABC writes ``C``; alterations are semitones.
"""

import re
from fractions import Fraction
from functools import lru_cache

from clamp3_plugin.readers.musicxml.values import number

STEPS = "CDEFGAB"
SEMITONES = dict(zip(STEPS, (0, 2, 4, 5, 7, 9, 11), strict=True))

_SHARPS = "FCGDAEB"
# as far as the seven flats of F flat lydian and the seven sharps of B sharp locrian
_FIFTHS = (
    *("Fb", "Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D"),
    *("A", "E", "B", "F#", "C#", "G#", "D#", "A#", "E#", "B#"),
)
# how far the tonic of a mode lies from the major one, in fifths
_OFFSETS = {"": 0, "maj": 0, "ion": 0, "min": 3, "aeo": 3, "dor": 2, "phr": 4, "lyd": -1, "mix": 1, "loc": 5}  # fmt: skip
_KEY = re.compile(r"([A-G][#b]?)([a-zA-Z]*)")

_PLAIN = {"", "maj", "ion"}
_MARKS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
_NAMES = {
    "double-flat": -2,
    "flat-flat": -2,
    "flat": -1,
    "natural": 0,
    "sharp": 1,
    "sharp-sharp": 2,
    "double-sharp": 2,
}


@lru_cache(maxsize=256)
def pitch_text(step: str, octave: int) -> str:
    """Name a pitch without its accidental.

    Examples
    --------
    >>> [pitch_text("C", octave) for octave in (2, 3, 4, 5, 6)]
    ['C,,', 'C,', 'C', 'c', "c'"]
    """
    if octave >= 5:
        return step.lower() + "'" * (octave - 5)
    return step + "," * (4 - octave)


def short_mode(mode: str) -> str:
    """Cut a mode to the three letters that ABC knows; empty for none and for unknown ones."""
    short = mode.strip().lower()[:3]
    return short if short in _OFFSETS else ""


def key_name(fifths: int, mode: str) -> str:
    """Name a key as ABC does; anything but major is spelt out.

    Examples
    --------
    >>> key_name(0, "major"), key_name(-3, "minor"), key_name(2, ""), key_name(2, "dorian")
    ('C', 'Cmin', 'D', 'Edor')
    """
    short = short_mode(mode)
    tonic = _FIFTHS[max(0, min(len(_FIFTHS) - 1, fifths + 8 + _OFFSETS[short]))]
    return tonic if short in _PLAIN else tonic + short


def key_alterations(fifths: int) -> dict[str, int]:
    """Give the alteration that a key signature lays on each step."""
    if fifths >= 0:
        return dict.fromkeys(_SHARPS[:fifths], 1)
    return dict.fromkeys(_SHARPS[fifths:], -1)


def signature_of(key: str) -> dict[str, int]:
    """Give the alteration that a key lays on each step, by the name that ``key_name`` gives.

    Examples
    --------
    >>> signature_of("Dmin"), signature_of("none")
    ({'B': -1}, {})
    """
    found = _KEY.match(key)
    if not found:
        return {}
    fifths = _FIFTHS.index(found[1]) - 8 - _OFFSETS[short_mode(found[2])]
    return key_alterations(max(-7, min(7, fifths)))


def alteration(text: str | None) -> int:
    """Read semitones; quarter tones, which ABC's players do not know, go to the nearer one."""
    value = number(text)
    if value is None:
        return 0
    half = Fraction(1, 2) if value > 0 else Fraction(-1, 2)
    return max(-2, min(2, int(value + half)))


class Accidentals:
    """Which accidental a note needs, given the key and what the bar has had so far."""

    def __init__(self) -> None:
        self._key: dict[str, int] = {}
        """By the letter of the pitch, which is small in high octaves."""
        self._bar: dict[tuple[str, str], int] = {}

    def set_key(self, fifths: int) -> None:
        """Change the key signature."""
        steps = key_alterations(fifths).items()
        self._key = {name: by for step, by in steps for name in (step, step.lower())}

    def new_bar(self) -> None:
        """Forget the accidentals of the bar."""
        self._bar.clear()

    def mark(self, pitch: str, voice: str, alter: int, *, printed: str, tied: bool) -> str:
        """Give the accidental before ``pitch`` in ``voice``.

        ``printed`` is the name of an accidental that the print shows, which is always kept;
        ``tied`` notes carry theirs over from the note before.
        """
        place = (pitch, voice)
        if printed:
            shown = _NAMES.get(printed, alter)
            self._bar[place] = shown
            return _MARKS[shown]
        if tied or alter == self._bar.get(place, self._key.get(pitch[0], 0)):
            return ""
        self._bar[place] = alter
        return _MARKS[alter]
