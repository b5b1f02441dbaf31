"""How long the chords of a voice last, and which of them stand under one tuplet bracket.

A plugin sees the written length of a note and where the next begins; what is shorter than written
stands in a tuplet. Conventions: ticks as in ``rows``; lengths are fractions of a whole note.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from clamp3_plugin.readers.musescore.names import LENGTHS
from clamp3_plugin.readers.note_list.rows import Chord

Ratio = tuple[int, int]

_RATIOS: tuple[Ratio, ...] = (
    *((3, 2), (5, 4), (6, 4), (7, 4), (2, 3), (4, 3), (9, 8), (7, 8), (5, 3), (7, 6), (5, 6)),
    *((10, 8), (11, 8), (13, 8), (5, 2), (7, 3), (8, 6), (15, 8)),
)
_DUPLET = (2, 3)
_QUARTER = Fraction(1, 4)
_NAMES = {length: name for name, length in LENGTHS.items()}


@dataclass(frozen=True, slots=True)
class Timed:
    """A chord with what its place tells."""

    chord: Chord
    ticks: int
    """How long it lasts."""
    opens: Ratio | None = None
    """Tuplet that begins with it."""
    closes: bool = False
    """Whether that tuplet ends with it."""


def timed(chords: Sequence[Chord], end: int, division: int) -> list[Timed]:
    """Time the chords of one voice of a bar, in order, up to the tick at which the bar ends."""
    spans = []
    for i, chord in enumerate(chords):
        after = chords[i + 1].tick if i + 1 < len(chords) else end
        spans.append(_span(chord, max(after - chord.tick, 0), division))
    found: list[Timed] = []
    open_group: list[tuple[Chord, int, Ratio]] = []
    for chord, (ticks, ratio) in zip(chords, spans, strict=True):
        if open_group and ratio != open_group[0][2]:
            found += _group(open_group)
            open_group = []
        if ratio is None:
            found.append(Timed(chord, ticks))
            continue
        open_group.append((chord, ticks, ratio))
        if _is_complete(open_group):
            found += _group(open_group)
            open_group = []
    return found + _group(open_group)


def written(length: Fraction) -> tuple[str, int]:
    """Name a written length and count its dots; empty where no note is so long.

    Examples
    --------
    >>> written(Fraction(3, 8)), written(Fraction(1, 4)), written(Fraction(5, 8))
    (('quarter', 1), ('quarter', 0), ('', 0))
    """
    for dots in range(4):
        base = length / (2 - Fraction(1, 2**dots))
        if base in _NAMES:
            return _NAMES[base], dots
    return "", 0


def _span(chord: Chord, gap: int, division: int) -> tuple[int, Ratio | None]:
    nominal = chord.length * 4 * division
    if not nominal:
        return gap, None
    if chord.ratio is not None:
        actual, normal = chord.ratio
        return round(nominal * normal / actual), chord.ratio
    if 2 * gap == 3 * nominal and chord.voice == 0:
        return gap, _DUPLET  # the first voice has no holes
    if gap >= nominal or not gap:
        return round(nominal), None
    return gap, min(_RATIOS, key=lambda ratio: abs(nominal * ratio[1] / ratio[0] - gap))


def _is_complete(group: Sequence[tuple[Chord, int, Ratio]]) -> bool:
    length = sum((chord.length for chord, _, _ in group), Fraction(0))
    ratio = group[0][2]
    if length < _QUARTER if ratio == _DUPLET else len(group) < 2:
        return False  # a duplet fills half a bar of 6/8, with one note or more
    return length / ratio[0] in _NAMES


def _group(group: Sequence[tuple[Chord, int, Ratio]]) -> list[Timed]:
    last = len(group) - 1
    return [
        Timed(chord, ticks, ratio if i == 0 else None, closes=i == last)
        for i, (chord, ticks, ratio) in enumerate(group)
    ]
