"""What the sound of a recording was like, moment by moment: by it a stretch of the same recording is known.

Embeddings say what music is like, and one chorus is like the next. A clip that was cut from a recording is
known again by its sound: how loud it was in sixteen bands, four times a second, survives another level,
another format and a lossy codec. ``library.recognition`` compares.

Conventions: samples are float32, mono, 24 kHz; a level is in half decibels, from -70 dB on.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.encoding import Samples
from clamp3_plugin.readers.audio.limits import RATE

Fingerprint = NDArray[np.uint8]
"""uint8, shape ``(T, BANDS)``: levels, a row every ``1 / FRAMES_PER_S`` seconds."""

BANDS = 16
FRAMES_PER_S = 4
PHASES = 4
"""A clip starts between two frames of the recording; it is compared from so many moments between them."""

_LOWEST, _HIGHEST = 80.0, 8000.0
"""Hz; beyond, codecs leave things out."""
_WINDOW = 2048
_HOP = RATE // (FRAMES_PER_S * PHASES)  # shorter than the window: nothing falls between two
_BLOCK = 256  # windows at a time
_FLOOR_DB = -70
_STEPS_PER_DB = 2


def fingerprints(samples: Samples) -> NDArray[np.uint8]:
    """Take the fingerprint of a recording from several moments on.

    Parameters
    ----------
    samples
        Float32, shape ``(n,)``.

    Returns
    -------
    ndarray
        uint8, shape ``(PHASES, T, BANDS)``: from the start, from a sixteenth of a second on, and so on. The
        first is what a library keeps.

    Examples
    --------
    >>> fingerprints(np.zeros(10 * RATE, np.float32)).shape
    (4, 39, 16)
    """
    energies = np.concatenate(list(_energies(samples)))
    frames = max(1, (len(energies) - PHASES + 1) // PHASES)
    sums = np.concatenate([np.zeros((1, BANDS)), np.cumsum(energies, axis=0, dtype=np.float64)])
    first = np.arange(PHASES)[:, None] + PHASES * np.arange(frames)
    last = np.minimum(first + PHASES, len(energies))
    first = np.minimum(first, last - 1)
    means = (sums[last] - sums[first]) / (last - first)[..., None]
    levels = 10 * np.log10(np.maximum(means, 0) + 10 ** (_FLOOR_DB / 10)) - _FLOOR_DB
    return np.asarray(np.clip(np.rint(_STEPS_PER_DB * levels), 0, 255), np.uint8)


def _energies(samples: Samples) -> Iterator[NDArray[np.float32]]:
    """Give the energies in each band of each window, float32 ``(<= _BLOCK, BANDS)``."""
    frequencies = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    edges = np.searchsorted(frequencies, np.geomspace(_LOWEST, _HIGHEST, BANDS + 1))
    lack = _WINDOW - len(samples)
    padded = np.pad(samples, (0, lack)) if lack > 0 else samples  # which may be an hour
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    shape = np.hanning(_WINDOW).astype(np.float32)
    for start in range(0, len(windows), _BLOCK):
        spectra = np.fft.rfft(windows[start : start + _BLOCK] * shape, axis=1)
        powers = spectra.real**2 + spectra.imag**2
        yield np.add.reduceat(powers[:, : edges[-1]], edges[:-1], axis=1)
