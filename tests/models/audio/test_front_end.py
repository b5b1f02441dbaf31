"""mini's front end: rows, its file, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from clamp3_models.audio.frames import SAMPLE_RATE, WIDTH
from clamp3_models.audio.front_end import MiniFrontEnd, Networks, load_front_end
from clamp3_models.audio.row_network import RowNetwork, whole_seconds
from clamp3_models.folder import FRONT_END_FILE
from clamp3_plugin.errors import BrokenFileError, EmptyContentError, NoModelError

HIDDEN = 16


@pytest.fixture
def front_end() -> MiniFrontEnd:
    torch.manual_seed(0)
    return MiniFrontEnd(Networks(HIDDEN))


def noise(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform(-0.1, 0.1, round(seconds * SAMPLE_RATE)).astype(np.float32)


@pytest.mark.parametrize(("seconds", "rows"), [(0.2, 1), (1.0, 1), (2.4, 2), (2.6, 3), (30.0, 30)])
def test_there_is_a_row_for_every_second(
    front_end: MiniFrontEnd, seconds: float, rows: int
) -> None:
    assert front_end.features(noise(seconds)).shape == (rows, HIDDEN)


def test_nearly_nothing_is_refused(front_end: MiniFrontEnd) -> None:
    with pytest.raises(EmptyContentError):
        front_end.features(noise(0.05))


def test_samples_that_are_no_numbers_are_refused(front_end: MiniFrontEnd) -> None:
    wave = noise(1.0)
    wave[7] = np.nan

    with pytest.raises(BrokenFileError):
        front_end.features(wave)


def test_half_a_second_is_filled_up_and_less_left_out() -> None:
    assert len(whole_seconds(torch.ones(25, WIDTH))) == 30
    assert len(whole_seconds(torch.ones(24, WIDTH))) == 20


def test_a_row_hears_its_own_second() -> None:
    torch.manual_seed(0)
    network = RowNetwork(HIDDEN)
    frames = torch.rand(1, 50, WIDTH)
    changed = frames.clone()
    changed[:, 20:30] = 0

    before, after = network(frames)[0], network(changed)[0]

    differs = (before - after).abs().amax(1) > 1e-6
    assert differs.tolist() == [False, True, True, True, False]


def test_what_was_written_is_loaded(tmp_path: Path, front_end: MiniFrontEnd) -> None:
    torch.manual_seed(0)
    save_file(dict(Networks(HIDDEN).state_dict()), tmp_path / FRONT_END_FILE)

    loaded = load_front_end(tmp_path)

    wave = noise(2.0)
    np.testing.assert_array_equal(loaded.features(wave), front_end.features(wave))


def test_a_missing_or_strange_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoModelError):
        load_front_end(tmp_path)
    save_file({"a": torch.zeros(1)}, tmp_path / FRONT_END_FILE)
    with pytest.raises(NoModelError, match="does not fit"):
        load_front_end(tmp_path)
