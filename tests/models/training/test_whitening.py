import numpy as np
import pytest
import torch

from clamp3_models.clamp3 import TextProjection
from clamp3_models.training.whitening import Whitening

FEATURES = np.random.default_rng(0).standard_normal((500, 6)).astype(np.float32) * np.array(
    [9, 5, 3, 2, 1, 0.01], np.float32
) + np.float32(7)


def test_whitened_features_are_centred_and_spread_alike():
    white = Whitening.of(FEATURES)(torch.from_numpy(FEATURES))

    assert white.mean(0).abs().max() < 1e-3
    assert abs(white.square().mean() - 1) < 0.01
    deviations = white.std(0).sort().values
    assert deviations[1] > 0.5 * deviations[-1]
    assert deviations[0] < 0.1 * deviations[-1]  # noise is not blown up


@pytest.mark.parametrize("residual", [0, 5])
def test_a_projection_of_whitened_features_becomes_one_of_features(residual):
    whitening, projection = Whitening.of(FEATURES), TextProjection(6, 4, residual)
    features = torch.from_numpy(FEATURES)
    folded = TextProjection(6, 4, residual)
    state = whitening.taken_out_of(projection)
    folded.load_state_dict({key.removeprefix("text_proj."): state[key] for key in state})

    assert torch.allclose(folded(features), projection(whitening(features)), atol=1e-4)
