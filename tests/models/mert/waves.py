"""Wave files as the reference hears them: 16 bits, mono by the mean of the channels, 24 kHz.

The resampler is the plainest form of the reference's (a windowed sinc, one kernel a phase), slow and
for short files; it stands here so that the front end is tested without the readers.
"""

import math
import wave
from pathlib import Path

import numpy as np

TARGET = 24_000
_LOWPASS_WIDTH, _ROLLOFF = 6, 0.99


def read_wave(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        frames = data.reshape(-1, file.getnchannels()).astype(np.float32) / 32768
        return resample(frames.mean(1, dtype=np.float32), file.getframerate())


def resample(samples: np.ndarray, rate: int) -> np.ndarray:
    common = math.gcd(rate, TARGET)
    old, new = rate // common, TARGET // common
    if old == new:
        return samples
    base = min(old, new) * _ROLLOFF
    width = math.ceil(_LOWPASS_WIDTH * old / base)
    times = np.arange(-width, width + old) / old - np.arange(new)[:, None] / new
    times = np.clip(times * base, -_LOWPASS_WIDTH, _LOWPASS_WIDTH)
    window = np.cos(np.pi * times / (2 * _LOWPASS_WIDTH)) ** 2
    kernels = (window * np.sinc(times) * base / old).astype(np.float32)
    padded = np.pad(samples, (width, width + old))
    places = np.lib.stride_tricks.sliding_window_view(padded, kernels.shape[1])[::old]
    return (places @ kernels.T).reshape(-1)[: math.ceil(new * len(samples) / old)]
