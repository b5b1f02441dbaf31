"""Synthesised pieces of music, each a melody with chords of its own, as samples."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 24_000
_MAJOR = (0, 2, 4, 5, 7, 9, 11)


def played(seed: int, seconds: float, tempo: float = 120.0, tonic: int = 60, rate: int = RATE):
    """A tune over chords that change as it goes: float32, shape ``(frames,)``."""
    rng = np.random.default_rng(seed)
    wave = np.zeros(int(seconds * rate), np.float32)
    beat = 60 / tempo
    colour = rng.uniform(0.2, 0.8, 6)
    degree = root = register = 0
    for number in range(int(seconds / beat)):
        if number % 8 == 0:
            root = int(rng.choice([0, 3, 4, 5]))
            register = int(rng.choice([-12, 0, 12]))
        if number % 4 == 0:
            for step in (0, 2, 4):
                _add(
                    wave,
                    number * beat,
                    3.5 * beat,
                    _pitch(tonic - 12, root + step),
                    0.1,
                    colour,
                    rate,
                )
        degree += int(rng.integers(-2, 3))
        degree = int(np.clip(degree, -4, 9))
        _add(wave, number * beat, 0.9 * beat, _pitch(tonic + register, degree), 0.25, colour, rate)
    noise = 0.002 * rng.standard_normal(len(wave))
    return (wave / np.abs(wave).max() * 0.7 + noise).astype(np.float32)


def write_bounce(path: Path) -> None:
    """Write what a DAW bounces: a minute of stereo at 48 kHz and 24 bits, some 17 MB."""
    wave = played(1, 62.0, rate=48_000)
    soundfile.write(path, np.stack([wave, 0.8 * wave], 1), 48_000, subtype="PCM_24")


def _pitch(tonic: int, degree: int) -> float:
    octave, step = divmod(degree, 7)
    return 440 * 2 ** ((tonic + 12 * octave + _MAJOR[step] - 69) / 12)


def _add(wave, start, length, pitch, level, colour, rate):
    first = int(start * rate)
    times = np.arange(min(int(length * rate), len(wave) - first)) / rate
    tone = sum(c**i * np.sin(2 * np.pi * pitch * (i + 1) * times) for i, c in enumerate(colour))
    wave[first : first + len(times)] += (level * tone * np.exp(-3 * times / length)).astype(
        np.float32
    )
