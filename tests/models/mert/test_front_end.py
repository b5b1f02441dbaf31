"""Features as the reference computes them, and recordings that it cannot read."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clamp3_models.mert.front_end import WINDOW, MertFrontEnd, window_spans
from clamp3_models.mert.network import SAMPLE_RATE, Mert, MertConfig
from clamp3_plugin.errors import BrokenFileError, EmptyContentError
from tests.models.mert.waves import read_wave

GOLDEN = Path(__file__).parents[2] / "golden" / "mert"
EXPECTED = np.load(GOLDEN / "mert_expected.npz")
NAMES = sorted(path.stem for path in (GOLDEN / "wav").glob("*.wav"))
READ = [name for name in NAMES if name in EXPECTED]
FAILED = [name for name in NAMES if f"{name}/error" in EXPECTED]
# sums in another order; measured: 3e-7 at most
TOLERANCE = 5e-6


def wave_of(name: str) -> np.ndarray:
    return read_wave(GOLDEN / "wav" / f"{name}.wav")


def test_every_golden_file_is_either_read_or_failed_on():
    assert sorted(READ + FAILED) == NAMES
    assert len(READ) == 4


@pytest.mark.parametrize("name", READ)
def test_features_are_those_of_the_reference(front_end: MertFrontEnd, name: str):
    samples = wave_of(name)

    features = front_end.features(samples)

    assert len(samples) == EXPECTED[f"{name}/wave24k_len"]
    np.testing.assert_allclose(samples[:2000], EXPECTED[f"{name}/wave24k_head"], rtol=0, atol=1e-6)
    assert features.dtype == np.float32
    assert (1, *features.shape) == EXPECTED[name].shape
    np.testing.assert_allclose(features, EXPECTED[name][0], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", FAILED)
def test_what_the_reference_fails_on_is_refused_with_its_length(front_end: MertFrontEnd, name: str):
    with pytest.raises(EmptyContentError, match=r"0\.50 s long, and MERT reads no less than 1 s"):
        front_end.features(wave_of(name))


LENGTHS = [(23_999, None), (24_000, 1), (143_999, 1), (144_000, 2), (240_000, 2), (264_000, 3)]


@pytest.mark.parametrize(("n", "rows"), LENGTHS)
def test_a_last_window_counts_from_a_second_on(n: int, rows: int | None):
    if rows is None:
        with pytest.raises(EmptyContentError):
            window_spans(n)
        return

    spans = window_spans(n)

    assert len(spans) == rows
    assert spans[-1][1] == (
        n if n % WINDOW >= SAMPLE_RATE or n % WINDOW == 0 else n // WINDOW * WINDOW
    )


@given(st.integers(SAMPLE_RATE, 40 * WINDOW))
def test_windows_follow_each_other_without_a_gap(n: int):
    spans = window_spans(n)

    assert spans[0][0] == 0
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(spans))
    assert all(SAMPLE_RATE <= end - start <= WINDOW for start, end in spans)
    assert n - spans[-1][1] < SAMPLE_RATE


@pytest.fixture(scope="module")
def random_mert() -> MertFrontEnd:
    torch.manual_seed(0)
    config = MertConfig(16, 1, 2, 16, (8,) * 7, position_kernel=8, position_groups=2)
    return MertFrontEnd(Mert(config))


@settings(max_examples=8, deadline=None)
@given(st.floats(0.01, 100), st.floats(-0.5, 0.5), st.integers(24_000, 200_000))
def test_loudness_and_offset_change_nothing(random_mert: MertFrontEnd, gain, offset, n):
    samples = np.random.default_rng(n).standard_normal(n).astype(np.float32)

    features = random_mert.features(samples)

    moved = (samples * gain + offset).astype(np.float32)
    assert features.shape == (len(window_spans(n)), random_mert.hidden)
    np.testing.assert_allclose(random_mert.features(moved), features, rtol=0, atol=1e-3)


def test_the_whole_recording_is_normalised_before_it_is_cut(random_mert: MertFrontEnd):
    loud = np.random.default_rng(1).standard_normal(WINDOW).astype(np.float32)
    both = np.concatenate([loud, loud * np.float32(0.001)])

    first, second = random_mert.features(both)

    # normalised by itself, the second window would be the first one over again
    assert np.abs(first - second).max() > 1e-2


def test_silence_has_features(random_mert: MertFrontEnd):
    assert np.isfinite(random_mert.features(np.zeros(SAMPLE_RATE, np.float32))).all()


def test_a_stream_gives_the_rows_one_by_one(random_mert: MertFrontEnd):
    samples = np.random.default_rng(3).standard_normal(2 * WINDOW + SAMPLE_RATE, np.float32)

    parts = list(random_mert.stream(samples))

    assert [len(part) for part in parts] == [1, 1, 1]
    np.testing.assert_array_equal(np.concatenate(parts), random_mert.features(samples))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_number_is_refused(random_mert: MertFrontEnd, bad: float):
    samples = np.zeros(WINDOW, np.float32)
    samples[777] = bad

    with pytest.raises(BrokenFileError, match="no numbers"):
        random_mert.features(samples)


@pytest.mark.parametrize("shape", [(1, 24_000), (24_000, 2)])
def test_what_is_not_mono_is_a_mistake(random_mert: MertFrontEnd, shape):
    with pytest.raises(ValueError, match=r"must be float32 \(n,\)"):
        random_mert.features(np.zeros(shape, np.float32))
