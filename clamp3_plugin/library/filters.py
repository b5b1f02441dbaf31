"""Which pieces a filter lets through, from columns in memory.

The same is said to LanceDB where it searches: as an expression, never as text. The texts in it are
values of the library's own columns that fit; what the user wrote is compared here.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_, or_

import numpy as np
from lancedb.expr import Expr, col, lit
from numpy.typing import NDArray

from clamp3_plugin.library.spelling import ESTIMATED, escape, spelled_key, tidy
from clamp3_plugin.music import Modality, Piece
from clamp3_plugin.query import Filter

_KEY = re.compile(r"\s*([A-Ga-g])\s*([#♯b♭]?)\s*([A-Za-z]*)")
_MODES = {"": "", "maj": "", "ion": "", "m": "m", "min": "m", "aeo": "m"}
_METERS = {"c": "4/4", "c|": "2/2"}
_MOST_VALUES = 64
_AFTER = chr(ord(os.sep) + 1)


def key_name(key: str) -> str:
    """Give one name to the ways of writing a key; what is no key stays as it is.

    Examples
    --------
    >>> [key_name(key) for key in ("G", "g major", "Em", "E minor", "B♭ dorian", "none")]
    ['G', 'G', 'Em', 'Em', 'Bbdor', 'none']
    """
    match = _KEY.fullmatch(key.replace("-", " ").split(" exp")[0].rstrip())
    if not match:
        return key.strip().casefold()
    tonic, accidental, mode = match.groups()
    mode = mode.casefold()[:3]
    accidental = {"♯": "#", "♭": "b"}.get(accidental, accidental)
    return tonic.upper() + accidental + _MODES.get(mode, mode)


def meter_name(meter: str) -> str:
    """Give one name to the ways of writing a metre.

    Examples
    --------
    >>> meter_name("C|"), meter_name(" 6/8 ")
    ('2/2', '6/8')
    """
    name = meter.replace(" ", "").casefold()
    return _METERS.get(name, name)


class PieceColumns:
    """Columns over pieces, built once and asked by every filter."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        given = [piece.metadata for piece in pieces]
        self._ids = [piece.id for piece in pieces]
        self._paths = [piece.path for piece in pieces]
        self._named = {
            "modality": _Named.of([piece.modality.value for piece in pieces], str),
            "key": _Named.of([spelled_key(each) for each in given], _key_of),
            "meter": _Named.of([tidy(each.meter) for each in given], meter_name),
            "composer": _Named.of([tidy(each.composer) for each in given], str.casefold),
        }
        self._ranged = {
            name: np.array([getattr(metadata, name) for metadata in given], np.float64)
            for name in ("tempo", "bars", "duration")
        }

    def mask(self, where: Filter) -> NDArray[np.bool_]:
        """Tell for each piece whether it may be found, shape ``(pieces,)``.

        A piece whose file does not say a thing is not let through by a filter on it.
        """
        allowed = np.ones(len(self._paths), np.bool_)
        for name, fits in _tests(where).items():
            allowed &= self._named[name].mask(fits)
        if where.folder:
            below = _below(where.folder)
            allowed &= np.array([path.startswith(below) for path in self._paths], np.bool_)
        for name, column in self._ranged.items():
            limits: tuple[float, float] | None = getattr(where, name)
            if limits is not None:
                allowed &= (limits[0] <= column) & (column <= limits[1])
        return allowed

    def condition(
        self, where: Filter, modality: Modality, among: NDArray[np.bool_]
    ) -> Expr | str | None:
        """Say a filter on pieces of one modality to LanceDB, in values of the library's own columns.

        Parameters
        ----------
        among
            The pieces that the filter lets through, named one by one where the values are too many.

        Returns
        -------
        Expr, str or None
            None where everything is let through.
        """
        parts = []
        if len(self._named["modality"].spellings) > 1:
            parts.append(col("modality") == lit(modality.value))
        for name, fits in _tests(replace(where, modalities=())).items():
            values = self._named[name].fitting(fits)
            if len(values) > _MOST_VALUES:
                ids = (repr(self._ids[place]) for place in np.flatnonzero(among))  # hexadecimal
                return f"piece_id IN ({', '.join(ids)})"
            parts.append(reduce(or_, (col(name) == lit(value) for value in values)))
        if where.folder:
            low = escape(_below(where.folder))
            parts.append((col("path") >= lit(low)) & (col("path") < lit(low[:-1] + _AFTER)))
        for name in self._ranged:
            limits: tuple[float, float] | None = getattr(where, name)
            if limits is not None:
                parts.append((col(name) >= lit(limits[0])) & (col(name) <= lit(limits[1])))
        return reduce(and_, parts) if parts else None


@dataclass(frozen=True, slots=True, eq=False)
class _Named:
    """A column of names: each spelling that occurs, what it means, and its number for each piece."""

    spellings: list[str]
    meanings: list[str]
    numbers: NDArray[np.intp]

    @classmethod
    def of(cls, column: Sequence[str], meaning: Callable[[str], str]) -> "_Named":
        number = {spelling: place for place, spelling in enumerate(dict.fromkeys(column))}
        numbers = np.array([number[spelling] for spelling in column], np.intp)
        return cls(list(number), [meaning(spelling) for spelling in number], numbers)

    def mask(self, fits: Callable[[str], bool]) -> NDArray[np.bool_]:
        found = np.array([fits(meaning) for meaning in self.meanings], np.bool_)
        return found[self.numbers] if len(self.numbers) else np.zeros(0, np.bool_)

    def fitting(self, fits: Callable[[str], bool]) -> list[str]:
        pairs = zip(self.spellings, self.meanings, strict=True)
        return [spelling for spelling, meaning in pairs if fits(meaning)]


def _tests(where: Filter) -> dict[str, Callable[[str], bool]]:
    """Give for each column of names that a filter is about what tells whether a meaning fits."""
    tests: dict[str, Callable[[str], bool]] = {}
    if where.modalities:
        tests["modality"] = frozenset(each.value for each in where.modalities).__contains__
    if where.key:
        tests["key"] = key_name(where.key).__eq__
    if where.meter:
        tests["meter"] = meter_name(where.meter).__eq__
    if where.composer:
        part = where.composer.casefold()
        tests["composer"] = lambda name: part in name
    return tests


def _key_of(spelling: str) -> str:
    return key_name(spelling.removesuffix(ESTIMATED))


def _below(folder: str) -> str:
    """Give what the paths below a folder begin with; the names in the library are resolved ones."""
    return os.path.realpath(folder).rstrip(os.sep) + os.sep
