"""Resampling in blocks, as torchaudio's default does it (``sinc_interp_hann``).

A windowed sinc is the low-pass filter: with the rates divided by their common divisor, each ``old``
samples become ``new``, and each of these ``new`` phases has a row of filter taps of its own. So a
stretch of samples, cut into overlapping frames, is one matrix product.
"""

from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

ZERO_CROSSINGS = 6
ROLLOFF = 0.99
"""torchaudio's defaults: half width of the filter, and its edge as a share of the lower Nyquist."""

_FRAME_OUTPUT = 64
"""Samples that a frame gives at least: short steps are taken several at a time, since a product
with a handful of columns spends its time on copying frames."""

Samples = NDArray[np.float32]
"""float32, shape ``(n,)``."""


class Resampler:
    """Brings a wave from one rate to another, given in blocks of any length.

    Parameters
    ----------
    rate, wanted
        Samples per second of what comes in and of what goes out.

    Examples
    --------
    >>> resampler = Resampler(48_000, 24_000)
    >>> [len(resampler.push(np.zeros(48_000, np.float32))), len(resampler.finish())]
    [23936, 64]
    """

    def __init__(self, rate: int, wanted: int) -> None:
        common = gcd(rate, wanted)
        self._old, self._new = rate // common, wanted // common
        self._same = rate == wanted
        self._steps = 1 if self._same else ceil(_FRAME_OUTPUT / self._new)
        kernel, self._width = sinc_kernel(self._old, self._new)
        self._filter = _banded(kernel, self._old, self._steps)
        self._waiting = np.zeros(self._width, np.float32)
        self._taken = self._given = 0

    def push(self, block: Samples) -> Samples:
        """Take samples and give what can be computed of the output so far."""
        self._taken += len(block)
        if self._same:
            return block
        wave = np.concatenate([self._waiting, block])
        hop = self._old * self._steps
        taps = len(self._filter)
        frames = max(0, (len(wave) - taps) // hop + 1)
        self._waiting = wave[frames * hop :].copy()
        out = self._filtered(wave, frames)
        self._given += len(out)
        return out

    def finish(self) -> Samples:
        """Give the rest, as if silence followed."""
        missing = ceil(self._new * self._taken / self._old) - self._given
        if self._same or missing <= 0:
            return np.zeros(0, np.float32)
        frames = ceil(missing / (self._new * self._steps))
        wave = np.zeros((frames - 1) * self._old * self._steps + len(self._filter), np.float32)
        kept = min(len(wave), len(self._waiting))
        wave[:kept] = self._waiting[:kept]
        return self._filtered(wave, frames)[:missing]

    def _filtered(self, wave: Samples, frames: int) -> Samples:
        if not frames:
            return np.zeros(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(wave, len(self._filter))
        cut = np.ascontiguousarray(windows[:: self._old * self._steps][:frames])
        return np.asarray(cut @ self._filter, np.float32).ravel()


def sinc_kernel(old: int, new: int) -> tuple[NDArray[np.float32], int]:
    """Compute the filter of each output phase.

    Returns
    -------
    kernel
        float32, shape ``(new, 2 * width + old)``: computed in float64, then rounded.
    width
        Samples that the filter reaches back from the start of a frame.
    """
    base = min(old, new) * ROLLOFF
    width = ceil(ZERO_CROSSINGS * old / base)
    taps = np.arange(-width, width + old) / old
    phases = -np.arange(new)[:, None] / new
    times = np.clip((phases + taps) * base, -ZERO_CROSSINGS, ZERO_CROSSINGS)
    hann = np.cos(times * np.pi / ZERO_CROSSINGS / 2) ** 2
    return np.asarray(hann * np.sinc(times) * base / old, np.float32), width


def _banded(kernel: NDArray[np.float32], old: int, steps: int) -> NDArray[np.float32]:
    """Put the kernel of several steps into one matrix, each a step further down."""
    new, taps = kernel.shape
    matrix = np.zeros((taps + (steps - 1) * old, new * steps), np.float32)
    for step in range(steps):
        matrix[step * old : step * old + taps, step * new : (step + 1) * new] = kernel.T
    return matrix
