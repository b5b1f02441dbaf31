"""Resampling: as the reference does it, whatever the blocks."""

import numpy as np
import pytest
import soundfile

from clamp3_plugin.readers.audio.limits import MAX_PHASE_STEP
from clamp3_plugin.readers.audio.resampling import Resampler, sinc_kernel

RATES = (4_000, 8_000, 11_025, 22_050, 24_024, 32_000, 44_100, 48_000, 96_000, 192_000)


def resampled(wave, rate, block=10**9, wanted=24_000):
    resampler = Resampler(rate, wanted)
    parts = [resampler.push(wave[i : i + block]) for i in range(0, len(wave), block)]
    return np.concatenate([*parts, resampler.finish()])


def convolved(wave, rate, wanted=24_000):
    """The definition, sample by sample: each output phase is a filter of its own."""
    common = np.gcd(rate, wanted)
    old, new = rate // common, wanted // common
    kernel, width = sinc_kernel(old, new)
    padded = np.pad(wave, (width, width + old)).astype(np.float64)
    starts = range(0, len(padded) - kernel.shape[1] + 1, old)
    frames = [kernel.astype(np.float64) @ padded[i : i + kernel.shape[1]] for i in starts]
    return np.concatenate(frames)[: -(-new * len(wave) // old)]


def noise(n):
    return np.random.default_rng(n).uniform(-1, 1, n).astype(np.float32)


@pytest.mark.parametrize(
    "name", ["a_8k_mono_5p0s", "c_6k_mono_6p5s", "d_4k_stereo_5p9s", "e_24k_mono_1p0s"]
)
def test_a_wave_becomes_what_the_reference_makes_of_it(golden, name):
    expected = np.load(golden / "mert" / "mert_expected.npz")
    wave, rate = soundfile.read(golden / "mert" / "wav" / f"{name}.wav", dtype="float32")
    wave = wave if wave.ndim == 1 else wave.mean(axis=1)

    mine = resampled(wave, rate, block=1_777)

    assert len(mine) == expected[f"{name}/wave24k_len"]
    np.testing.assert_allclose(mine[:2000], expected[f"{name}/wave24k_head"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_frames_of_several_steps_give_what_the_definition_gives(rate):
    wave = noise(rate // 10 + 7)

    np.testing.assert_allclose(resampled(wave, rate), convolved(wave, rate), rtol=0, atol=1e-6)


@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("block", [1, 13, 1_000])
def test_the_blocks_make_no_difference(rate, block):
    wave = noise(2_500)

    whole, in_blocks = resampled(wave, rate), resampled(wave, rate, block)

    assert len(whole) == -(-len(wave) * 24_000 // rate)
    np.testing.assert_allclose(in_blocks, whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 147])
def test_waves_shorter_than_the_filter_have_the_length_that_is_due(length):
    assert len(resampled(noise(length), 44_100)) == -(-length * 24_000 // 44_100)


def test_a_tone_stays_the_tone_and_what_is_too_high_is_gone():
    times = np.arange(48_000) / 48_000
    low, high = (np.sin(2 * np.pi * pitch * times).astype(np.float32) for pitch in (1_000, 15_000))

    kept, gone = resampled(low, 48_000), resampled(high, 48_000)

    exact = np.sin(2 * np.pi * 1_000 * np.arange(24_000) / 24_000)
    assert np.abs(kept - exact)[100:-100].max() < 1e-3
    assert np.abs(gone)[100:-100].max() < 2e-2


def test_the_kernel_at_the_limit_of_rates_is_small():
    kernel, _ = sinc_kernel(MAX_PHASE_STEP, 999)

    assert kernel.nbytes < 2**23
