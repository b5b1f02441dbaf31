"""A clip is known again by its sound: from when on it is a stretch of a recording."""

import numpy as np
import pytest

from clamp3_plugin.library.recognition import RECOGNISED, STEPS_PER_S, correlations
from clamp3_plugin.readers.audio.fingerprint import PHASES, fingerprints
from tests.core.tunes import RATE, played

WAVE = played(1, 60.0)
RECORDING = fingerprints(WAVE)[0]


def best(clip) -> tuple[float, float]:
    found = correlations(RECORDING, fingerprints(clip.astype(np.float32)))
    return (int(np.argmax(found)) - PHASES + 1) / STEPS_PER_S, float(found.max())


def cut(start: float, seconds: float):
    return WAVE[round(start * RATE) : round((start + seconds) * RATE)]


@pytest.mark.parametrize("start", [0.0, 0.25, 17.31, 33.333, 47.9, 50.0])
def test_it_finds_the_moment_that_a_clip_was_cut_at(start):
    second, correlation = best(cut(start, 10.0))

    assert second == pytest.approx(start, abs=1 / STEPS_PER_S)
    assert correlation > RECOGNISED


def test_another_level_and_noise_change_nothing():
    noise = 0.002 * np.random.default_rng(3).standard_normal(5 * RATE)

    second, correlation = best(0.3 * cut(21.1, 5.0) + noise)

    assert second == pytest.approx(21.1, abs=1 / STEPS_PER_S)
    assert correlation > RECOGNISED


def test_other_music_is_not_recognised():
    for seed in range(2, 10):
        assert best(played(seed, 10.0, 90 + 5 * seed))[1] < RECOGNISED


def test_what_is_longer_than_the_recording_or_too_short_is_not_compared():
    assert not len(correlations(RECORDING, fingerprints(played(1, 61.0))))
    assert not len(correlations(RECORDING, fingerprints(cut(10, 2.0))))


def test_silence_is_a_stretch_of_nothing():
    silence = fingerprints(np.zeros(5 * RATE, np.float32))

    assert correlations(RECORDING, silence).max() == 0
    assert correlations(silence[0], fingerprints(cut(0, 4.0))).max() == 0
