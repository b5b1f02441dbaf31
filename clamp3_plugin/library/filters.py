"""Which pieces a filter lets through, from columns in memory: no text of a user reaches SQL."""

import os
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.music import Piece
from clamp3_plugin.query import Filter

_KEY = re.compile(r"\s*([A-Ga-g])\s*([#♯b♭]?)\s*([A-Za-z]*)")
_MODES = {"": "", "maj": "", "ion": "", "m": "m", "min": "m", "aeo": "m"}
_METERS = {"c": "4/4", "c|": "2/2"}


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
        self._paths = [piece.path for piece in pieces]
        self._composers = [metadata.composer.casefold() for metadata in given]
        self._modality = np.array([piece.modality.value for piece in pieces], np.str_)
        self._key = np.array([key_name(metadata.key) for metadata in given], np.str_)
        self._meter = np.array([meter_name(metadata.meter) for metadata in given], np.str_)
        self._ranged = {
            name: np.array([getattr(metadata, name) for metadata in given], np.float64)
            for name in ("tempo", "bars", "duration")
        }

    def mask(self, where: Filter) -> NDArray[np.bool_]:
        """Tell for each piece whether it may be found, shape ``(pieces,)``.

        A piece whose file does not say a thing is not let through by a filter on it.
        """
        allowed = np.ones(len(self._paths), np.bool_)
        if where.modalities:
            allowed &= np.isin(self._modality, [modality.value for modality in where.modalities])
        if where.key:
            allowed &= self._key == key_name(where.key)
        if where.meter:
            allowed &= self._meter == meter_name(where.meter)
        if where.composer:
            part = where.composer.casefold()
            allowed &= np.array([part in name for name in self._composers], np.bool_)
        if where.folder:
            # the names in the library are resolved ones
            below = os.path.realpath(where.folder).rstrip(os.sep) + os.sep
            allowed &= np.array([path.startswith(below) for path in self._paths], np.bool_)
        for name, column in self._ranged.items():
            limits: tuple[float, float] | None = getattr(where, name)
            if limits is not None:
                allowed &= (limits[0] <= column) & (column <= limits[1])
        return allowed
