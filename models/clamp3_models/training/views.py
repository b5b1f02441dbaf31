"""What an encoder is shown of a piece in one training step: a window of it, thinned and disguised.

Conventions: a *view* is some rows of a piece's patches with the positions they had in their window, so
that a view whose bars were thinned out still says how far apart they lie. Disguises work on patches,
which are what a bank keeps: taking the headers away, so that metre and key have to be heard, and the
names of instruments.

References
----------
Li et al., "Scaling Language-Image Pre-training via Masking", 2023 (thinning makes steps cheap).
"""

import random
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clamp3_models.patches import EOS, PATCH_SIZE, Patches

_TELLING_HEADERS = (
    b"K:",
    b"M:",
    b"Q:",
    b"L:",
    b"set_tempo ",
    b"time_signature ",
    b"key_signature ",
)
_KEPT_IN_FRONT = 8
"""Patches that thinning never takes: the special one and the first headers."""
_PROGRAM = re.compile(rb" \d+(?=[\t\n])")


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """How views are drawn."""

    window: int = 128
    """Patches of a window: what the model reads at once."""
    most_patches: int = 48
    """Of a score's view; windows that hold more are thinned."""
    most_messages: int = 64
    """The same of a performance, whose notes take two patches each."""
    from_start: float = 0.7
    """Share of windows at the start of a piece; the others lie anywhere."""
    contiguous: float = 0.4
    """Share of views that are thinned by cutting them short instead."""
    headless: float = 0.3
    """Share of views without the headers that tell key, metre and tempo."""
    nameless: float = 0.5
    """Share of views without the names of instruments."""


@dataclass(frozen=True, slots=True)
class View:
    """Patches uint8 ``(n, 64)`` and their positions int64 ``(n,)``."""

    patches: Patches
    positions: NDArray[np.int64]


def view_of(patches: Patches, choose: random.Random, settings: ViewSettings, most: int) -> View:
    """Draw a view of at most so many patches.

    Parameters
    ----------
    patches
        A piece or a passage, from its special first patch on.
    choose
        Source of randomness.
    settings
        How views are drawn.
    most
        Patches of the view.
    """
    if choose.random() < settings.headless:
        patches = without_headers(patches)
    last_start = len(patches) - settings.window
    start = 0
    if last_start > 0 and choose.random() > settings.from_start:
        start = choose.randint(1, last_start)
    window = patches[start : start + settings.window]
    positions = np.arange(len(window))
    if len(window) > most:
        positions = _thinned(len(window), most, choose, settings)
    chosen = window[positions]
    if choose.random() < settings.nameless:
        chosen = without_instruments(chosen)
    return View(chosen, positions)


def _thinned(n: int, most: int, choose: random.Random, settings: ViewSettings) -> NDArray[np.int64]:
    front = min(_KEPT_IN_FRONT, most)
    if choose.random() < settings.contiguous:
        start = choose.choice((front, choose.randint(front, n - most + front)))
        rest = list(range(start, start + most - front))
    else:
        rest = sorted(choose.sample(range(front, n), most - front))
    return np.array([*range(front), *rest], np.int64)


def without_headers(patches: Patches) -> Patches:
    """Take away the header patches that tell key, metre, unit length and tempo."""
    told = np.zeros(len(patches), bool)
    for start in _TELLING_HEADERS:
        told |= (patches[:, 1 : 1 + len(start)] == np.frombuffer(start, np.uint8)).all(1)
    return patches[~told]


def without_instruments(patches: Patches) -> Patches:
    """Take away the names of instruments and the numbers of programs, as the reference does."""
    changed = patches
    for row in np.flatnonzero((patches[:, 1] == ord("V")) & (patches[:, 2] == ord(":"))):
        text = patches[row, 1:].tobytes()
        at = text.find(b' nm="')
        at = at if at >= 0 else text.find(b' snm="')
        if at >= 0:
            changed = changed.copy() if changed is patches else changed
            changed[row] = _patch(text[:at] + b"\n")
    start = np.frombuffer(b"program_change ", np.uint8)
    for row in np.flatnonzero((patches[:, 1 : 1 + len(start)] == start).all(1)):
        changed = changed.copy() if changed is patches else changed
        text = patches[row, 1:].tobytes().split(bytes((EOS,)))[0].rstrip(b"\0")
        changed[row] = _patch(_PROGRAM.sub(b" 0", text))
    return changed


def _patch(text: bytes) -> NDArray[np.uint8]:
    row = np.zeros(PATCH_SIZE, np.uint8)
    row[0] = 1
    codes = np.frombuffer(text[: PATCH_SIZE - 1], np.uint8)
    row[1 : 1 + len(codes)] = codes
    if len(codes) < PATCH_SIZE - 1:
        row[1 + len(codes)] = EOS
    return row
