"""Fingerprints of recordings: what stays the same where a recording is bounced again."""

import numpy as np

from clamp3_plugin.readers.audio.fingerprint import BANDS, FRAMES_PER_S, PHASES, fingerprints
from tests.core.tunes import RATE, played

WAVE = played(1, 12.0)


def test_levels_are_in_half_decibels_whatever_the_loudness():
    loud, soft = fingerprints(WAVE).astype(int), fingerprints(WAVE / 2).astype(int)

    heard = soft > 40
    assert heard.mean() > 0.9
    assert np.all(np.abs((loud - soft)[heard] - 12) <= 1)  # 6.02 dB


def test_a_row_stands_for_a_quarter_of_a_second():
    click = np.zeros(4 * RATE, np.float32)
    click[2 * RATE + 3000 : 2 * RATE + 3300] = 0.9

    levels = fingerprints(click)[0].sum(axis=1)

    assert int(np.argmax(levels)) == 2 * FRAMES_PER_S


def test_each_phase_hears_a_sixteenth_of_a_second_later():
    later = WAVE[RATE // (FRAMES_PER_S * PHASES) :]

    phases, shifted = fingerprints(WAVE), fingerprints(later)

    np.testing.assert_array_equal(phases[1, :40], shifted[0, :40])


def test_half_a_second_and_silence_have_one_too():
    for samples in (WAVE[: RATE // 2], np.zeros(RATE, np.float32), WAVE[:100]):
        known_by = fingerprints(samples)
        assert known_by.shape[0] == PHASES
        assert known_by.shape[1] >= 1
        assert known_by.shape[2] == BANDS
    assert not fingerprints(np.zeros(RATE, np.float32)).any()
