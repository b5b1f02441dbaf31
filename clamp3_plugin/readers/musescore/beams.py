"""Beams, which MuseScore draws by rule and writes into the file only where they differ from it.

Conventions: times and lengths are fractions of a whole note.
"""

from collections.abc import Iterable
from fractions import Fraction

from clamp3_plugin.readers.musescore.names import LENGTHS
from clamp3_plugin.readers.musescore.timeline import Item

_EIGHTH = Fraction(1, 8)
_QUARTER = Fraction(1, 4)
_BEGINS = {"begin", "begin32", "begin64"}


def beams(items: Iterable[Item], meter: tuple[int, int]) -> dict[int, str]:
    """Give ``begin``, ``continue`` or ``end`` for the notes of a voice, by the id of the item."""
    groups: list[list[Item]] = [[]]
    for item in items:
        if item.grace:
            continue
        mode = (item.element.findtext("BeamMode") or "auto").strip()
        if item.tag != "Chord" and mode == "mid":
            continue  # the beam goes on over the rest
        if item.tag != "Chord" or _written(item) > _EIGHTH or mode == "no":
            groups.append([])
            continue
        last = groups[-1][-1] if groups[-1] else None
        if last is not None and (
            mode in _BEGINS or (mode == "auto" and _breaks(last, item, meter))
        ):
            groups.append([])
        groups[-1].append(item)
    found: dict[int, str] = {}
    for group in groups:
        if len(group) > 1:
            found |= {id(item): "continue" for item in group[1:-1]}
            found[id(group[0])] = "begin"
            found[id(group[-1])] = "end"
    return found


def _written(item: Item) -> Fraction:
    return LENGTHS.get((item.element.findtext("durationType") or "").strip(), Fraction(1))


def _breaks(last: Item, item: Item, meter: tuple[int, int]) -> bool:
    shortest = min(_written(last), _written(item))
    if last.tuplets != item.tuplets:
        if item.tuplets:
            return True
        if _written(last) == _written(item):  # behind a tuplet, as if they were shorter
            shortest /= 2
    return item.start % _group(meter, shortest) == 0


def _group(meter: tuple[int, int], shortest: Fraction) -> Fraction:
    """Give the length of what is under one beam."""
    beats, unit = meter
    if beats % 3 == 0 and unit >= 8:
        return Fraction(3, unit)
    if shortest < _EIGHTH:
        return _QUARTER
    return Fraction(1, 2) if meter in {(4, 4), (2, 2)} else Fraction(beats, unit)
