import numpy as np
import torch
from torch import nn

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


def test_a_projection_of_whitened_features_becomes_one_of_features():
    whitening, projection = Whitening.of(FEATURES), nn.Linear(6, 4)
    features = torch.from_numpy(FEATURES)
    folded = nn.Linear(6, 4)
    folded.load_state_dict(whitening.folded_into(projection))

    assert torch.allclose(folded(features), projection(whitening(features)), atol=1e-4)
