import numpy as np
import pytest
import torch

from clamp3_models.training.batches import BatchSettings
from clamp3_models.training.symbolic import Sizes, SymbolicSettings, Trainer
from clamp3_models.training.text_tuning import TextTuningSettings, hear, tune_text
from clamp3_models.training.views import ViewSettings
from clamp3_models.transformer import TransformerConfig
from tests.models.training.test_bank import make, records  # noqa: F401 - a fixture

SIZES = Sizes(TransformerConfig(32, 1, 1, 64, 1, 64, 2, 1e-12, 0.0), 16, text_residual=8)
SETTINGS = TextTuningSettings(steps=40, pieces=6, other_texts=5, learning_rate=1e-2)
WINDOW = 16


@pytest.fixture
def trained(records, tmp_path):  # noqa: F811 - the fixture
    bank = make(records, tmp_path / "bank")
    features = np.random.default_rng(0).standard_normal((len(bank.texts), 8)).astype(np.float32)
    trainer = Trainer(
        bank, features, SIZES,
        settings=SymbolicSettings(steps=2),
        batches=BatchSettings(pieces=6, other_texts=5),
        views=ViewSettings(window=WINDOW, most_patches=12),
    )  # fmt: skip
    return bank, trainer


def tuned(bank, trainer, settings=SETTINGS):
    losses = []
    heard = hear(trainer.student, bank, WINDOW)
    tune_text(trainer, bank, heard, settings, lambda _, loss: losses.append(loss))
    return losses


def test_pieces_are_heard_in_every_form_they_have(trained):
    bank, trainer = trained

    heard = hear(trainer.student, bank, WINDOW)

    assert len(heard.rows) == len(bank.pieces)
    assert [len(rows) for rows in heard.rows[0]] == [1, 1, 0, 2]
    assert heard.vectors.norm(dim=-1).sub(1).abs().max() < 1e-5


def test_a_whole_piece_is_the_mean_of_its_segments_by_what_each_adds(trained):
    bank, trainer = trained
    patches = bank.music(bank.pieces[0].score.whole[0]).copy()
    assert WINDOW < len(patches) < 2 * WINDOW
    student, new = trainer.student, len(patches) - WINDOW

    heard = hear(student, bank, WINDOW)

    with torch.no_grad():
        parts = [
            student.symbolic_proj(student.symbolic_model(torch.from_numpy(part), [WINDOW]).mean(0))
            for part in (patches[:WINDOW], patches[-WINDOW:])
        ]
    mean = torch.nn.functional.normalize(parts[0] * WINDOW + parts[1] * new, dim=0)
    assert torch.allclose(heard.vectors[heard.rows[0][0][0]], mean, atol=1e-5)


def test_tuning_brings_the_loss_down_and_leaves_the_music_alone(trained):
    bank, trainer = trained
    before = {key: value.clone() for key, value in trainer.student.state_dict().items()}

    losses = tuned(bank, trainer)

    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    after = trainer.student.state_dict()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed
    assert all(key.startswith("text_proj.") for key in changed)


def test_tuning_twice_from_the_same_start_ends_alike(trained):
    bank, trainer = trained
    start = {key: value.clone() for key, value in trainer.student.state_dict().items()}
    tuned(bank, trainer)
    once = trainer.student.text_proj.weight.detach().clone()
    trainer.student.load_state_dict(start)

    tuned(bank, trainer)

    assert torch.equal(trainer.student.text_proj.weight, once)
