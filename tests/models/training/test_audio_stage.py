"""The audio stage: recordings that are learnt, runs that go on, and the folder that is written."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from clamp3_models.audio.frames import WIDTH
from clamp3_models.audio.note_network import NoteNetwork
from clamp3_models.card import licences_of_others
from clamp3_models.clamp3 import Clamp3, Clamp3Config
from clamp3_models.folder import FRONT_END_FILE, WEIGHTS_FILE, write_sums
from clamp3_models.training import audio_recipe
from clamp3_models.training.audio_bank import Recorded, Window, _write, read_bank
from clamp3_models.training.audio_batches import AudioBatchSettings, AudioSampler
from clamp3_models.training.audio_recipe import AudioPaths, AudioRecipe, write_with_audio
from clamp3_models.training.audio_stage import AudioProgress, AudioSettings, AudioTrainer
from clamp3_models.training.audio_targets import INSTRUMENTS, Known, Said, Targets
from clamp3_models.training.rendering import RenderSettings
from clamp3_models.transformer import TransformerConfig
from clamp3_models.weights import write_model

TOWER = TransformerConfig(16, 1, 2, 32, 1, 40, 2, 1e-12, 0.0)
BATCHES = AudioBatchSettings(
    recordings=8, other_windows=20, other_scores=8, other_texts=8, lengths=(6, 10), jitter_s=0.5
)
RECIPES = Path(__file__).parents[3] / "models" / "recipes"


def unit(n: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(n, 8, generator=generator), dim=-1)


@pytest.fixture
def bank() -> list[Recorded]:
    rng = np.random.default_rng(0)
    return [
        Recorded(
            f"p{i}", frozenset({INSTRUMENTS[i % 3]}), faithful=i % 4 > 0,
            frames=rng.integers(0, 255, (150, WIDTH), np.uint8),
            windows=tuple(Window(first, rng.integers(0, 127, (5, 64), np.uint8)) for first in (0, 50)),
        )
        for i in range(12)
    ]  # fmt: skip


@pytest.fixture
def targets() -> Targets:
    pieces = {
        f"p{i}": Known(
            f"f{i // 2}", "some", frozenset({f"genre={i % 4}", "violin"}),
            (Said(i, frozenset({f"genre={i % 4}"})), Said(i, frozenset({"violin"}))),
            i if i < 10 else -1,
        )
        for i in range(12)
    }  # fmt: skip
    facts = tuple(frozenset({f"genre={i % 4}"}) for i in range(12))
    return Targets(
        pieces, unit(12, 1), facts, unit(10, 2), unit(24, 3), unit(34 * 2, 4).view(2, 34, 8)
    )


def settings(steps: int) -> AudioSettings:
    return AudioSettings(steps, learning_rate=3e-3, warmup_steps=2, checkpoint_every=3)


def trainer(bank: list[Recorded], targets: Targets, steps: int) -> AudioTrainer:
    return AudioTrainer(bank, targets, TOWER, settings=settings(steps), batches=BATCHES)


def test_training_lowers_every_loss(bank: list[Recorded], targets: Targets, tmp_path: Path) -> None:
    told: list[AudioProgress] = []

    trainer(bank, targets, 60).train(tmp_path / "c.pt", told.append)

    for name in ("windows", "scores", "instruments"):
        begin, end = (
            np.mean([getattr(one, name) for one in part]) for part in (told[:8], told[-8:])
        )
        assert end < begin, name


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(
    bank: list[Recorded], targets: Targets, tmp_path: Path
) -> None:
    whole = trainer(bank, targets, 9)
    whole.train(tmp_path / "whole.pt", lambda _: None)

    def stop(progress: AudioProgress) -> None:
        if progress.step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer(bank, targets, 9).train(tmp_path / "parts.pt", stop)
    resumed = trainer(bank, targets, 9)
    resumed.train(tmp_path / "parts.pt", lambda _: None)

    for name, tensor in whole.student.state_dict().items():
        torch.testing.assert_close(resumed.student.state_dict()[name], tensor, rtol=0, atol=0)


def test_what_is_true_of_a_recording_is_no_wrong_answer(
    bank: list[Recorded], targets: Targets
) -> None:
    choice = AudioSampler(bank, targets, BATCHES, seed=0).batch(0).texts

    right = choice.unfit[:, : len(choice.asked)].diagonal()
    assert not right.any()
    own = [targets.text_facts[row] for row in choice.answers[: len(choice.asked)]]
    for i, facts in enumerate(own):
        for j, row in enumerate(choice.answers.tolist()):
            if j != i and targets.text_facts[row] == facts and facts:
                assert choice.unfit[i, j]


def test_an_unfaithful_recording_is_not_told_by_an_instrument(
    bank: list[Recorded], targets: Targets
) -> None:
    sampler = AudioSampler(bank, targets, BATCHES, seed=0)
    rng = np.random.default_rng(0)

    said = [sampler._said(0, rng) for _ in range(20)]

    assert not bank[0].faithful
    assert all(one is not None and "violin" not in one.facts for one in said)


def test_a_shard_is_read_as_it_was_written(bank: list[Recorded], tmp_path: Path) -> None:
    _write(tmp_path / "00-000000", bank)

    read = list(read_bank(tmp_path))

    assert [one.id for one in read] == [one.id for one in bank]
    np.testing.assert_array_equal(read[3].frames, bank[3].frames)
    np.testing.assert_array_equal(read[3].windows[1].patches, bank[3].windows[1].patches)


def test_the_recipe_of_mini_is_one() -> None:
    assert AudioRecipe.load(RECIPES / "mini-audio.toml").rendering.pace == (0.8, 1.25)
    assert not audio_recipe.is_audio_recipe(RECIPES / "mini.toml")


def test_ears_are_added_and_the_rest_stays_as_it_was(
    bank: list[Recorded], targets: Targets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = TransformerConfig(16, 1, 2, 32, 10, 40, 1, 1e-12)
    config = Clamp3Config("small", 8, small, small, None, audio_front_end="none")
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    write_model(before, config, Clamp3(config).state_dict(), half=True)
    (before / "tags.json").write_text("{}")
    write_sums(before)
    monkeypatch.setattr(audio_recipe, "_note_network", lambda _path: NoteNetwork())
    recipe = AudioRecipe(TOWER, 32, (), (), 1, 1, RenderSettings(), BATCHES, settings(1))
    paths = AudioPaths(tmp_path, before, tmp_path, (), tmp_path, after)

    write_with_audio(recipe, paths, trainer(bank, targets, 1).student)

    old, new = (load_file(folder / WEIGHTS_FILE) for folder in (before, after))
    assert all(torch.equal(new[key], tensor) for key, tensor in old.items())
    assert any(key.startswith("audio_model.") for key in new)
    assert (after / FRONT_END_FILE).is_file()
    assert licences_of_others(after) == {"basic-pitch": "Apache-2.0"}
