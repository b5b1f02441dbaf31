import json

import pytest
import torch

from clamp3_models.training.losses import clip_loss, multi_positive_loss


@pytest.mark.parametrize("music", ["symbolic", "audio"])
def test_the_papers_loss_is_the_references(golden, music):
    expected = json.loads((golden / "model/loss_expected.json").read_text())
    text, other = (torch.tensor(expected[f"{side}_features"]) for side in ("text", music))

    assert clip_loss(text, other).item() == pytest.approx(expected[f"loss_{music}"], abs=2e-5)


def test_two_right_answers_share_the_target():
    matches = torch.tensor([[1.0, 1.0], [1.0, 1.0]])

    undecided = multi_positive_loss(torch.zeros(2, 2), matches)
    one_sided = multi_positive_loss(torch.tensor([[9.0, 0.0], [0.0, 9.0]]), matches)

    assert undecided < one_sided


def test_a_right_answer_that_scores_high_costs_little():
    eye = torch.eye(3)

    assert multi_positive_loss(20 * eye, eye) < 1e-6
    assert multi_positive_loss(20 * (1 - eye), eye) > 10
