import json

import pytest
import torch

from clamp3_models.training.losses import clip_loss


@pytest.mark.parametrize("music", ["symbolic", "audio"])
def test_the_papers_loss_is_the_references(golden, music):
    expected = json.loads((golden / "model/loss_expected.json").read_text())
    text, other = (torch.tensor(expected[f"{side}_features"]) for side in ("text", music))

    assert clip_loss(text, other).item() == pytest.approx(expected[f"loss_{music}"], abs=2e-5)


def test_a_right_answer_that_scores_high_costs_little():
    eye = torch.eye(3)

    assert clip_loss(20 * eye, eye) < 1e-6
    assert clip_loss(20 * (1 - eye), eye) > 10
