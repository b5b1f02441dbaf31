"""Key and tempo of a recording whose tags name none, estimated from its samples with NumPy alone.

The key is Krumhansl's, as for notes, of how loud each pitch class is; the tempo is where the onsets
repeat themselves (the autocorrelation of the spectral flux), nearer to 120 rather than further. Both
are read from the middle of a long recording, in blocks; where nothing stands out nothing is said.

References
----------
Ellis, "Beat Tracking by Dynamic Programming", J. New Music Research 36(1), 2007: flux and weighting.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.encoding import Samples
from clamp3_plugin.music import Metadata
from clamp3_plugin.readers.audio.limits import RATE
from clamp3_plugin.readers.key_estimate import LEAST_CLASSES, estimate_key

MOST_SECONDS = 120
"""As much of the middle is looked at: a musician needs no more either."""
LEAST_SECONDS = 4
"""A shorter recording has too few beats and notes."""

_FRAME = 4096  # 0.17 s: semitones are told apart down to about 100 Hz
_HOP = 1024
_ONSET_FRAME = 512
_ONSET_HOP = 240  # 100 frames a second
_ONSET_RATE = RATE / _ONSET_HOP
_BLOCK = 512  # frames at a time
_LOWEST, _HIGHEST = 110.0, 2100.0
"""Hz of what counts for the key: A2, below which frames do not tell semitones apart, to C7."""
_TWELFTH = 0.4
"""Level of a third partial beside its note; 0.3 to 0.5 do as well."""
_SLOWEST, _FASTEST = 40.0, 240.0
_USUAL, _OCTAVES = 120.0, 0.9
"""Centre of the weighting of tempos, and its width (a standard deviation)."""
_LEAST_PULSE = 0.1
"""Least autocorrelation, where 1 is a perfect repetition, that counts as a tempo."""

_Spectra = NDArray[np.float32]
"""float32, shape ``(frames, bins)``: magnitudes."""


def with_estimates(tags: Metadata, samples: Samples) -> Metadata:
    """Add key and tempo to tags that lack them.

    Parameters
    ----------
    samples
        The recording, float32 ``(n,)``, mono, 24 kHz.
    """
    middle = _middle(samples)
    if len(middle) < LEAST_SECONDS * RATE:
        return tags
    found = tags
    if not tags.key and (key := estimated_key(middle)):
        found = replace(found, key=key, key_is_estimated=True)
    if tags.tempo is None and (tempo := estimated_tempo(middle)):
        found = replace(found, tempo=tempo, tempo_is_estimated=True)
    return found


def estimated_key(samples: Samples) -> str:
    """Name the key, as ``G`` or ``Em``; empty where it cannot be told."""
    frequencies = np.fft.rfftfreq(_FRAME, 1 / RATE)
    chosen = np.flatnonzero((frequencies >= _LOWEST) & (frequencies <= _HIGHEST))
    pitches = 69 + 12 * np.log2(frequencies[chosen] / 440)
    classes = np.rint(pitches).astype(np.int64) % 12
    totals = np.zeros(12)
    for spectra in _spectra(samples, _FRAME, _HOP):
        part = spectra[:, chosen]
        peaks = np.zeros_like(part)
        inner = part[:, 1:-1]
        is_peak = (inner > part[:, :-2]) & (inner >= part[:, 2:])
        peaks[:, 1:-1] = np.where(is_peak, inner, 0)
        # a note counts by how long it sounds rather than by how loud it is
        level = np.log1p(100 * peaks / max(float(spectra.max()), 1e-9)).sum(axis=0)
        totals += np.bincount(classes, level, 12)
    totals = _without_overtones(totals)
    if np.count_nonzero(totals > 0.02 * totals.sum()) < LEAST_CLASSES:
        return ""
    return estimate_key(totals.tolist())


def _without_overtones(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take off what each note adds to the class a fifth above it, by its third partial.

    Left in, it makes a key pass for its dominant.
    """
    mixing = np.eye(12) + _TWELFTH * np.roll(np.eye(12), 7, axis=0)
    return np.asarray(np.maximum(np.linalg.solve(mixing, totals), 0), np.float64)


def estimated_tempo(samples: Samples) -> float | None:
    """Measure the tempo in beats a minute; None where there is no pulse."""
    flux = _flux(samples)
    flux = flux - flux.mean()
    energy = float(flux @ flux)
    longest = ceil(60 * _ONSET_RATE / _SLOWEST)
    if energy < 1e-9 or len(flux) < 2 * longest:
        return None
    length = 1 << (2 * len(flux) - 1).bit_length()
    spectrum = np.fft.rfft(flux, length)
    repeats = np.fft.irfft(np.abs(spectrum) ** 2, length)[: longest + 2]
    repeats *= len(flux) / (len(flux) - np.arange(len(repeats))) / energy
    lags = np.arange(floor_lag := int(60 * _ONSET_RATE / _FASTEST), longest + 1)
    weight = np.exp(-0.5 * (np.log2(60 * _ONSET_RATE / lags / _USUAL) / _OCTAVES) ** 2)
    best = int(np.argmax(repeats[lags] * weight)) + floor_lag
    if repeats[best] < _LEAST_PULSE:
        return None
    return round(60 * _ONSET_RATE / _peak(repeats, best), 1)


def _flux(samples: Samples) -> NDArray[np.float64]:
    """How much louder it gets at each hundredth of a second, over bands of an octave's sixth."""
    bands = _bands()
    parts = []
    last = None
    for spectra in _spectra(samples, _ONSET_FRAME, _ONSET_HOP):
        level = np.log1p(1000 * spectra @ bands / _ONSET_FRAME)
        before = level[:1] if last is None else last
        rises = np.diff(np.concatenate([before, level]), axis=0)
        parts.append(np.maximum(rises, 0).sum(axis=1))
        last = level[-1:]
    return np.concatenate(parts).astype(np.float64)


def _bands() -> NDArray[np.float32]:
    """Join bins to bands of equal width in octaves, shape ``(bins, bands)``."""
    frequencies = np.fft.rfftfreq(_ONSET_FRAME, 1 / RATE)
    numbers = np.floor(6 * np.log2(np.maximum(frequencies, 47) / 47)).astype(np.int64)
    table = np.zeros((len(frequencies), numbers.max() + 1), np.float32)
    table[np.arange(len(frequencies)), numbers] = 1
    return table


def _spectra(samples: Samples, frame: int, hop: int) -> Iterator[_Spectra]:
    """Give the magnitudes of overlapping frames, a block of frames at a time."""
    window = np.hanning(frame).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, frame)[::hop]
    for start in range(0, len(frames), _BLOCK):
        yield np.abs(np.fft.rfft(frames[start : start + _BLOCK] * window, axis=1)).astype(
            np.float32
        )


def _middle(samples: Samples) -> Samples:
    length = min(len(samples), MOST_SECONDS * RATE)
    start = (len(samples) - length) // 2
    return samples[start : start + length]


def _peak(values: NDArray[np.float64], best: int) -> float:
    """Place a maximum between samples, by the parabola through it and its neighbours."""
    if not 0 < best < len(values) - 1:
        return float(best)
    before, here, after = values[best - 1 : best + 2]
    bend = before - 2 * here + after
    return best + (0.5 * float((before - after) / bend) if bend < 0 else 0.0)
