"""From samples to frames, ten a second: which notes sound, which begin, and how bright it is.

Conventions: samples are mono float32 at 24 kHz. A frame holds ``WIDTH`` numbers: for each of the 88
keys of a piano the probability that it sounds, then that it begins, then the level in 64 mel bands
(0: -80 dB, 1: -20 dB under a full-scale sine). Row ``i`` stands for the tenth of a second that begins at
``i / 10``; a rest of less is left out. Stretches of ``_STRETCH_S`` are computed one by one, each with what
surrounds it, so that an hour takes no more memory than a minute.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clamp3_models.audio.note_network import FRAMES, HOP, KEYS, WINDOW, NoteNetwork
from clamp3_models.audio.note_network import SAMPLE_RATE as NOTE_RATE
from clamp3_plugin.readers.audio.resampling import Resampler

SAMPLE_RATE = 24_000
FRAME_RATE = 10
BANDS = 64
WIDTH = 2 * KEYS + BANDS
MEL = slice(2 * KEYS, WIDTH)
"""Columns of the mel bands."""

_STRETCH_S = 28  # 17 windows of the note network fill it but for some thousandths
_SPAN = SAMPLE_RATE // FRAME_RATE
_EDGE = (
    15  # frames of the note network at both ends of a window that know too little of what is beside
)
_HOP_WINDOW = WINDOW - 2 * _EDGE * HOP
_MARGIN = SAMPLE_RATE // 4  # samples at 24 kHz on both sides of a stretch, more than the edge
_FFT = 1024
_MEL_HOP = _SPAN // 5
_LOWEST_HZ, _HIGHEST_HZ = 40.0, 11_000.0
_QUIETEST_DB, _RANGE_DB = -80.0, 60.0

Samples = NDArray[np.float32]
Frames = NDArray[np.float32]
"""float32, shape ``(T, WIDTH)``."""


class FrameExtractor:
    """Compute frames with a network that hears notes.

    Parameters
    ----------
    network : NoteNetwork
        With its weights.
    """

    def __init__(self, network: NoteNetwork) -> None:
        self._network = network.eval().requires_grad_(requires_grad=False)
        for parameter in network.parameters():
            if parameter.dim() == 4:  # twice as fast on a CPU
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        self._hann = torch.hann_window(_FFT)
        self._filters = torch.from_numpy(mel_filters())

    def __call__(self, samples: Samples) -> Frames:
        """Compute the frames of a recording, ``(T, WIDTH)``."""
        return np.concatenate([np.zeros((0, WIDTH), np.float32), *self.stream(samples)])

    def stream(self, samples: Samples) -> Iterator[Frames]:
        """Compute them a stretch at a time."""
        count = len(samples) // _SPAN
        step = _STRETCH_S * FRAME_RATE
        for first in range(0, count, step):
            rows = min(step, count - first)
            stretch = _cut(samples, first * _SPAN - _MARGIN, (first + rows) * _SPAN + _MARGIN)
            with torch.inference_mode():
                yield np.concatenate([self._notes(stretch, rows), self._mel(stretch, rows)], 1)

    def _notes(self, stretch: Samples, rows: int) -> Frames:
        """Highest probabilities of each row, ``(rows, 2 * KEYS)``."""
        resampler = Resampler(SAMPLE_RATE, NOTE_RATE)
        wave = np.concatenate([resampler.push(stretch), resampler.finish()])
        begin = round(_MARGIN * NOTE_RATE / SAMPLE_RATE) - _EDGE * HOP
        needed = ceil(rows / FRAME_RATE * NOTE_RATE / HOP)
        count = ceil(needed / (FRAMES - 2 * _EDGE))
        wave = _cut(wave, begin, begin + (count - 1) * _HOP_WINDOW + WINDOW)
        windows = torch.from_numpy(wave).unfold(0, WINDOW, _HOP_WINDOW)
        heard = [torch.cat(self._network(window[None]), 2)[0] for window in windows]
        frames = torch.cat([frame[_EDGE:-_EDGE] for frame in heard]).numpy()
        starts = np.ceil(np.arange(rows + 1) / FRAME_RATE * NOTE_RATE / HOP).astype(int)
        return np.stack([frames[start:end].max(0) for start, end in pairwise(starts)])

    def _mel(self, stretch: Samples, rows: int) -> Frames:
        """Levels in mel bands of each row, ``(rows, BANDS)``."""
        begin = _MARGIN + (_MEL_HOP - _FFT) // 2  # a frame lies in the middle of its hop
        wave = torch.from_numpy(_cut(stretch, begin, begin + (5 * rows - 1) * _MEL_HOP + _FFT))
        spectrum: Tensor = torch.fft.rfft(wave.unfold(0, _FFT, _MEL_HOP) * self._hann)
        power = (spectrum.real.square() + spectrum.imag.square()) @ self._filters
        mean = power.reshape(rows, 5, BANDS).mean(1) / (self._hann.sum() / 2) ** 2
        level = 10 * torch.log10(mean.clamp_min(10 ** (_QUIETEST_DB / 10)))
        return np.asarray(((level - _QUIETEST_DB) / _RANGE_DB).numpy(), np.float32)


def mel_filters() -> NDArray[np.float32]:
    """Triangles that sum the bins of a spectrum into mel bands, ``(_FFT // 2 + 1, BANDS)``."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    bins = np.arange(_FFT // 2 + 1) * SAMPLE_RATE / _FFT
    width = np.maximum(np.diff(edges), SAMPLE_RATE / _FFT)  # none falls between two bins
    rising = 1 - (edges[1:-1] - bins[:, None]) / width[:-1]
    falling = 1 - (bins[:, None] - edges[1:-1]) / width[1:]
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)


def _cut(samples: Samples, start: int, end: int) -> Samples:
    """Cut a stretch out, with silence where there is nothing."""
    inside = samples[max(0, start) : max(0, end)]
    return np.pad(inside, (max(0, -start), max(0, end - max(len(samples), start, 0))))
