"""The key of a piece that names none, estimated from its notes.

How long each pitch class sounds is correlated with the key profiles that Krumhansl and Kessler
measured (1982). A key signature without a mode leaves two keys to choose from. Where there are few
notes nothing is guessed.

Conventions: a weight per pitch class, C first; lengths in any unit. One pass over the notes.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt

from clamp3_plugin.readers.abc_fields import key_of
from clamp3_plugin.readers.musicxml.pitch import SEMITONES, key_alterations, key_name
from clamp3_plugin.readers.score import Score
from clamp3_plugin.readers.ties import ACCIDENTALS

LEAST_NOTES = 16
LEAST_CLASSES = 4
"""Fewer pitch classes fit many keys alike."""

_PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
_TO_RELATIVE_MAJOR = {"major": 0, "minor": 3}
_SIGNATURES = {
    key_name(fifths, mode): fifths
    for mode in ("loc", "phr", "min", "dor", "mix", "lyd", "maj")
    for fifths in range(-7, 8)
}

_TOKEN = re.compile(
    r"""
      "[^"]*" | ![^!]*! | \{[^{}]*\}
    | \[V:(?P<voice>[^\[\]\s]*)[^\[\]]*\]
    | \[K:(?P<key>[^\[\]]*)\]
    | \[[A-Za-z]:[^\[\]]*\]
    | (?P<opens>\[)
    | (?P<closes>\])(?P<chord_length>\d*/*\d*)
    | (?P<mark>\^{1,2}|_{1,2}|=)?(?P<step>[A-Ga-g])(?P<octave>[,']*)(?P<length>\d*/*\d*)
    """,
    re.VERBOSE,
)
_VOICE = re.compile(r"V:\s*(\S+)(.*)")
_TRANSPOSE = re.compile(r"transpose=(-?\d{1,2})(?!\d)")


def estimate_key(weights: Sequence[float], fifths: int | None = None) -> str:
    """Name the key that fits best, of all or of the two that have a signature; empty: none does.

    Examples
    --------
    >>> estimate_key([4, 0, 2, 0, 3, 2, 0, 4, 0, 2, 0, 1]), estimate_key([1] * 12)
    ('C', '')
    >>> estimate_key([2, 0, 1, 0, 3, 1, 0, 0, 1, 4, 0, 2], fifths=0)
    'Am'
    """
    fits: list[tuple[float, str]] = []
    for mode, profile in _PROFILES.items():
        for tonic in range(12):
            sharps = _fifths_of(tonic + _TO_RELATIVE_MAJOR[mode])
            if fifths is not None and (sharps - fifths) % 12:
                continue
            turned = [*weights[tonic:], *weights[:tonic]]
            name = key_name(sharps if fifths is None else fifths, mode)
            fits.append((_correlation(turned, profile), name.removesuffix("in")))
    best, name = max(fits)
    return name if best > 0 else ""


def estimated_key_of_notes(notes: Iterable[tuple[int, float]]) -> str:
    """Estimate the key of notes, each a MIDI pitch and a length; empty where they are too few."""
    tally = _Tally()
    for pitch, length in notes:
        tally.add(pitch, length)
    return tally.key()


def with_estimated_key(score: Score) -> Score:
    """Add an estimate to a score whose file says neither major nor minor."""
    if score.metadata.key:
        return score
    tally = _Tally()
    named = next((key_of(line[2:]) for line in score.header if line.startswith("K:")), "")
    opening = _SIGNATURES.get(named)
    voices = _voices(score.header, opening or 0)
    for bar in score.bars:
        _count(bar.line, voices, tally, opening or 0)
    key = tally.key(opening)
    if not key:
        return score
    return replace(score, metadata=replace(score.metadata, key=key, key_is_estimated=True))


@dataclass(slots=True)
class _Tally:
    weights: list[float] = field(default_factory=lambda: [0.0] * 12)
    notes: int = 0

    def add(self, pitch: int, length: float) -> None:
        self.weights[pitch % 12] += length
        self.notes += 1

    def key(self, fifths: int | None = None) -> str:
        classes = sum(weight > 0 for weight in self.weights)
        if self.notes < LEAST_NOTES or classes < LEAST_CLASSES:
            return ""
        return estimate_key(self.weights, fifths)


@dataclass(slots=True)
class _Voice:
    alterations: dict[str, int]
    transpose: int = 0
    is_pitched: bool = True


def _voices(header: Iterable[str], fifths: int) -> dict[str, _Voice]:
    """Tell of each voice by how much it transposes; percussion has no pitch."""
    voices = {}
    for found in filter(None, map(_VOICE.match, header)):
        shift = _TRANSPOSE.search(found[2])
        voices[found[1]] = _Voice(
            key_alterations(fifths), int(shift[1]) if shift else 0, "perc" not in found[2].split()
        )
    return voices


def _count(line: str, voices: dict[str, _Voice], tally: _Tally, fifths: int) -> None:
    """Add the notes of one bar of all voices; tuplets and broken rhythm count as written."""
    voice = _Voice(key_alterations(fifths))
    in_bar: dict[str, int] = {}
    chord: list[tuple[int, float]] = []
    in_chord = False
    for found in _TOKEN.finditer(line):
        if found["voice"] is not None:
            voice = voices.setdefault(found["voice"], _Voice(key_alterations(fifths)))
            in_bar = {}
        elif found["key"] is not None:
            _change_key(voice, found["key"])
        elif found["opens"]:
            chord, in_chord = [], True
        elif found["closes"]:
            factor = _length(found["chord_length"])
            for pitch, length in chord:
                tally.add(pitch, length * factor)
            chord, in_chord = [], False
        elif found["step"] and voice.is_pitched:
            note = _pitch(found, voice, in_bar), _length(found["length"])
            if in_chord:
                chord.append(note)
            else:
                tally.add(*note)


def _change_key(voice: _Voice, value: str) -> None:
    if shift := _TRANSPOSE.search(value):
        voice.transpose = int(shift[1])
    fifths = _SIGNATURES.get(key_of(value))
    if fifths is not None:
        voice.alterations = key_alterations(fifths)


def _pitch(found: re.Match[str], voice: _Voice, in_bar: dict[str, int]) -> int:
    """Give the sounding pitch class of a note, and remember its accidental for the bar."""
    step = found["step"].upper()
    place = found["step"] + found["octave"]
    if found["mark"]:
        in_bar[place] = ACCIDENTALS[found["mark"]]
    alter = in_bar.get(place, voice.alterations.get(step, 0))
    return (SEMITONES[step] + alter + voice.transpose) % 12


def _length(text: str) -> float:
    """Read the number behind a note.

    Examples
    --------
    >>> [_length(text) for text in ("", "3", "/", "3/2", "/4", "//")]
    [1.0, 3.0, 0.5, 1.5, 0.25, 0.25]
    """
    above, slash, below = text.partition("/")
    top = float(above[:7] or 1)
    if not slash:
        return top
    digits = below.lstrip("/")
    if digits:
        return top / (float(digits[:7]) or 1.0)
    return top / (2 << min(len(below), 8))


def _fifths_of(tonic: int) -> int:
    """Count the sharps of a major key, flats below 0: five flats to six sharps.

    Examples
    --------
    >>> [_fifths_of(SEMITONES[step]) for step in "CGFB"]
    [0, 1, -1, 5]
    """
    return (tonic * 7 + 5) % 12 - 5


def _correlation(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Correlate two rows of numbers (Pearson); 0 where one is flat."""
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    dx, dy = [x - mean_x for x in xs], [y - mean_y for y in ys]
    scale = sqrt(sum(d * d for d in dx) * sum(d * d for d in dy))
    return sum(a * b for a, b in zip(dx, dy, strict=True)) / scale if scale else 0.0
