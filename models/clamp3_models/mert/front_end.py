"""From samples to the feature vectors that the audio tower reads: one for every five seconds.

Conventions: samples are mono float32 at 24 kHz, as decoded and resampled; row ``i`` of the features
stands for the seconds ``5 * i`` to ``5 * i + 5``. As in the reference (``extract_mert.py`` with
``--mean_features``): the whole recording is normalised once and then cut, a last window of at least
a second is read at its own length and a shorter one left out, and a feature is the mean over time and
over all hidden states.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from clamp3_models.mert.files import read_mert
from clamp3_models.mert.network import SAMPLE_RATE, Mert
from clamp3_plugin.errors import BrokenFileError, EmptyContentError

WINDOW_S = 5
WINDOW = WINDOW_S * SAMPLE_RATE
"""Samples of a whole window."""

_SHORTEST = SAMPLE_RATE
_EPSILON = 1e-7  # added to the variance, as Wav2Vec2FeatureExtractor does
_BLOCK = 1 << 20  # samples looked at together while statistics are taken
_WINDOWS_AT_ONCE = {"cpu": 1, "mps": 4, "cuda": 16}
"""A CPU gains nothing from more, and a window has 50 MB behind the first convolution."""

Samples = NDArray[np.float32]
Features = NDArray[np.float32]
"""float32, shape ``(T, hidden)``."""


class MertFrontEnd:
    """Computes features with one set of MERT weights."""

    def __init__(
        self, model: Mert, *, device: str = "cpu", dtype: torch.dtype = torch.float32
    ) -> None:
        self._model = (
            model.eval().to(device=device, dtype=dtype).requires_grad_(requires_grad=False)
        )
        self._device = torch.device(device)
        self._dtype = dtype

    @property
    def hidden(self) -> int:
        """Length of a feature vector."""
        return self._model.config.hidden_size

    def features(self, samples: Samples) -> Features:
        """Compute the features of a recording.

        Parameters
        ----------
        samples : ndarray
            float32, shape ``(n,)``, mono, 24 kHz.

        Returns
        -------
        Features
            float32 ``(T, hidden)``, a row for every five seconds.

        Raises
        ------
        EmptyContentError
            The recording is shorter than a second.
        BrokenFileError
            It holds a sample that is no number.
        """
        return np.concatenate(list(self.stream(samples)))

    def stream(self, samples: Samples) -> Iterator[Features]:
        """Compute the features a few rows at a time, for those who show progress or may stop early."""
        if samples.ndim != 1 or samples.dtype != np.float32:
            raise ValueError(f"samples must be float32 (n,), not {samples.dtype} {samples.shape}")
        spans = window_spans(len(samples))
        mean, deviation = _statistics(samples)
        at_once = _WINDOWS_AT_ONCE[self._device.type]
        for _, alike in itertools.groupby(spans, key=lambda span: span[1] - span[0]):
            for batch in _batches(alike, at_once):
                windows = np.stack([samples[start:end] for start, end in batch])
                yield self._means((windows - mean) / deviation)

    def _means(self, windows: NDArray[np.float32]) -> Features:
        """Features of normalised windows of one length, ``(B, samples)`` to ``(B, hidden)``."""
        with torch.inference_mode():
            waves = torch.from_numpy(windows).to(device=self._device, dtype=self._dtype)
            states = [state.float().mean(1) for state in self._model.hidden_states(waves)]
            return np.asarray(torch.stack(states).mean(0).cpu().numpy())


def load_front_end(
    folder: Path, *, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> MertFrontEnd:
    """Load MERT from its folder.

    Raises
    ------
    NoModelError
        A file is missing or damaged, or the weights do not fit the configuration.
    """
    return MertFrontEnd(read_mert(folder), device=device, dtype=dtype)


def window_spans(n: int) -> list[tuple[int, int]]:
    """Cut ``n`` samples into windows, as first sample and end.

    Raises
    ------
    EmptyContentError
        There are too few for a single window.

    Examples
    --------
    >>> window_spans(150_000), window_spans(120_001)
    ([(0, 120000), (120000, 150000)], [(0, 120000)])
    """
    starts = range(0, n, WINDOW)
    spans = [(start, min(start + WINDOW, n)) for start in starts if n - start >= _SHORTEST]
    if not spans:
        raise EmptyContentError(
            f"The recording is {n / SAMPLE_RATE:.2f} s long, and MERT reads no less than"
            f" {_SHORTEST // SAMPLE_RATE} s.",
            "Give a longer stretch of it.",
        )
    return spans


def _statistics(samples: Samples) -> tuple[np.float32, np.float32]:
    """Mean and standard deviation of a recording, without a copy of it."""
    blocks = [samples[i : i + _BLOCK] for i in range(0, len(samples), _BLOCK)]
    if not all(np.isfinite(block).all() for block in blocks):
        raise BrokenFileError("The recording holds samples that are no numbers.")
    mean = sum(float(block.sum(dtype=np.float64)) for block in blocks) / len(samples)
    squares = sum(float(np.square(block - mean, dtype=np.float64).sum()) for block in blocks)
    return np.float32(mean), np.float32(np.sqrt(squares / len(samples) + _EPSILON))


def _batches(spans: Iterator[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
    while batch := list(itertools.islice(spans, size)):
        yield batch
