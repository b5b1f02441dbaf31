from dataclasses import replace

import numpy as np
import pytest
import torch

from clamp3_models.training.batches import BatchSettings
from clamp3_models.training.symbolic import Sizes, SymbolicSettings, Trainer, learning_rate
from clamp3_models.training.views import ViewSettings
from clamp3_models.transformer import TransformerConfig
from tests.models.training.test_bank import make, records  # noqa: F401 - a fixture

SIZES = Sizes(TransformerConfig(32, 1, 1, 64, 1, 64, 2, 1e-12, 0.0), 16)
SETTINGS = SymbolicSettings(steps=12, learning_rate=3e-3, warmup_steps=2, checkpoint_every=5)


@pytest.fixture
def run(records, tmp_path):  # noqa: F811 - the fixture
    bank = make(records, tmp_path / "bank")
    features = np.random.default_rng(0).standard_normal((len(bank.texts), 8)).astype(np.float32)

    def train(work, settings=SETTINGS, stop_after=None):
        steps = []

        def report(progress):
            steps.append(progress)
            if stop_after == progress.step:
                raise KeyboardInterrupt

        trainer = Trainer(
            bank, features, SIZES,
            settings=settings,
            batches=BatchSettings(pieces=6, other_texts=5),
            views=ViewSettings(window=16, most_patches=12),
        )  # fmt: skip
        trainer.train(tmp_path / work / "checkpoint.pt", report)
        return trainer.trained(), steps

    return train


def test_training_brings_the_losses_down(run):
    _, steps = run("work", replace(SETTINGS, steps=60))

    assert np.mean([s.text_loss for s in steps[-10:]]) < np.mean([s.text_loss for s in steps[:5]])


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(run):
    whole, _ = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("stopped", stop_after=7)

    resumed, steps = run("stopped")

    assert steps[0].step == 5
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_a_checkpoint_of_other_settings_is_refused(run):
    run("work")

    with pytest.raises(ValueError, match="other settings"):
        run("work", replace(SETTINGS, learning_rate=1e-3))


def test_the_rate_climbs_then_falls_to_nothing():
    rates = [learning_rate(step, SETTINGS) for step in range(SETTINGS.steps)]

    assert rates[0] == 1.5e-3
    assert max(rates) == rates[1] == 3e-3
    assert rates[-1] < 3e-4


def test_a_restart_climbs_to_its_own_rate_and_falls_again():
    settings = replace(SETTINGS, steps=20, restart_at=12, restart_learning_rate=1e-3)

    rates = [learning_rate(step, settings) for step in range(20)]

    assert rates[:12] == [learning_rate(step, SETTINGS) for step in range(12)]
    assert max(rates[12:]) == rates[13] == 1e-3
    assert rates[19] < 2e-4


def test_a_run_stopped_after_its_restart_ends_as_if_it_had_not_been(run):
    settings = replace(SETTINGS, restart_at=4)
    whole, _ = run("whole", settings)
    with pytest.raises(KeyboardInterrupt):
        run("stopped", settings, stop_after=7)

    resumed, _ = run("stopped", settings)

    assert all(torch.equal(whole[key], resumed[key]) for key in whole)
