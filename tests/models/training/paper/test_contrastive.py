"""The contrastive stages against the reference's losses, and in chunks against whole batches."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from clamp3_models.clamp3 import Clamp3
from clamp3_models.patches import patchify
from clamp3_models.tokenizer import load_tokenizer
from clamp3_models.training.losses import clip_loss
from clamp3_models.training.paper.contrastive import ContrastiveTask, MusicSide, Pair
from clamp3_models.training.paper.order import seed_noise
from clamp3_models.training.paper.start import load_all
from clamp3_models.weights import read_config

TOLERANCE = 1e-5  # asked for by the issue; measured: 3e-6
SIDES = list(MusicSide)


@pytest.fixture(scope="module")
def expected(golden: Path):
    return json.loads((golden / "model" / "loss_expected.json").read_text())


@pytest.fixture
def model(tiny_folder: Path) -> Clamp3:
    model = Clamp3(read_config(tiny_folder))
    load_all(model, tiny_folder)
    return model.eval()


@pytest.fixture(scope="module")
def pairs(golden: Path, tiny_folder: Path, expected: dict) -> dict[MusicSide, list[Pair]]:
    """Texts with notation, and with audio, as the reference compared them."""
    features = np.load(golden / "model" / "inputs" / "audio_features_fp16.npz")

    def patches(name):
        (path,) = [
            golden / place / name
            for place in ("model/inputs", "midi/mtf_m3", "xml/int")
            if (golden / place / name).exists()
        ]
        return patchify(path.read_text("utf-8"))

    def frames(name):
        return np.pad(features[name.removesuffix(".npy")][0].astype(np.float32), ((1, 1), (0, 0)))

    tokenizer = load_tokenizer(tiny_folder)
    ids = [tokenizer(text) for text in expected["texts"]]
    music = {MusicSide.SYMBOLIC: patches, MusicSide.AUDIO: frames}
    return {
        side: [Pair(i, read(name)) for i, name in zip(ids, expected[side], strict=True)]
        for side, read in music.items()
    }


def gradients(model: Clamp3) -> dict[str, torch.Tensor]:
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def silent(_chunk: int) -> None:
    return


@pytest.mark.parametrize("side", SIDES)
def test_the_loss_is_that_of_the_reference(model, pairs, expected, side):
    task = ContrastiveTask(model, side)

    with torch.inference_mode():
        text, music = task.features(pairs[side])
        loss = task.loss(pairs[side])

    assert loss == pytest.approx(expected[f"loss_{side}"], rel=0, abs=TOLERANCE)
    np.testing.assert_allclose(text, expected["text_features"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(music, expected[f"{side}_features"], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("chunk_size", [0, 1, 3])
def test_gradients_are_those_of_the_loss_in_chunks_too(model, pairs, side, chunk_size):
    task = ContrastiveTask(model, side, chunk_size=chunk_size)
    torch.autograd.backward(clip_loss(*task.features(pairs[side])))
    wanted = gradients(model)
    model.zero_grad()

    task.backward(pairs[side], silent)

    found = gradients(model)
    assert found.keys() == wanted.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, wanted[name], rtol=1e-4, atol=1e-5)


def test_chunks_are_computed_twice_with_the_same_dropout(model, pairs):
    task = ContrastiveTask(model, MusicSide.SYMBOLIC, chunk_size=2)
    task.train_mode()
    seen = []

    def noise(chunk):
        seed_noise(1, 2, 0, chunk)
        seen.append((chunk, torch.get_rng_state()))

    task.backward(pairs[MusicSide.SYMBOLIC], noise)

    assert [chunk for chunk, _ in seen] == [0, 1, 0, 1]
    assert torch.equal(seen[0][1], seen[2][1])
    assert not torch.equal(seen[0][1], seen[1][1])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("train_text", [True, False])
def test_what_a_stage_does_not_train_has_no_gradient_and_no_dropout(model, pairs, side, train_text):
    task = ContrastiveTask(model, side, train_text=train_text)
    task.train_mode()

    task.backward(pairs[side], silent)

    learning = {side.value} | ({"text"} if train_text else set())
    towers = {name.split("_")[0] for name in gradients(model)}
    assert towers == learning
    for tower in ("text", "symbolic", "audio"):
        assert getattr(model, f"{tower}_model").training is (tower in learning)


def test_half_precision_is_near(model, pairs, expected):
    task = ContrastiveTask(model, MusicSide.SYMBOLIC, bf16=True)

    loss = task.backward(pairs[MusicSide.SYMBOLIC], silent)

    assert loss == pytest.approx(expected["loss_symbolic"], rel=0.05)
    assert loss != expected["loss_symbolic"]
    assert all(gradient.dtype == torch.float32 for gradient in gradients(model).values())
