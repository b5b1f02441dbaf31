"""A model folder: written, loaded, and refused where it is wrong."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.weights import (
    check_folder,
    load_model,
    read_config,
    read_state_dict,
    weights_sha256,
    write_model,
)
from clamp3_plugin.errors import NoModelError


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    """Copy of the tiny model that a test may spoil."""
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def test_what_was_written_is_read_again(tiny_folder: Path, state, tmp_path: Path):
    write_model(tmp_path, read_config(tiny_folder), state)

    again = read_state_dict(tmp_path / "model.safetensors")

    assert again.keys() == state.keys()
    assert all(torch.equal(again[key], state[key]) for key in state)
    assert read_config(tmp_path) == read_config(tiny_folder)


def test_matrices_in_four_bits_and_the_rest_in_half_load_as_float32(folder: Path, state):
    table = "text_model.embeddings.word_embeddings.weight"
    whole = (folder / "model.safetensors").stat().st_size

    write_model(folder, read_config(folder), state, four_bit=[table], half=True)

    again = read_state_dict(folder / "model.safetensors")
    assert {tensor.dtype for tensor in again.values()} == {torch.float32}
    assert again[table].shape == state[table].shape
    assert (folder / "model.safetensors").stat().st_size < 0.55 * whole
    check_folder(folder)


def test_a_hidden_layer_beside_the_projection_of_texts_is_kept_and_used(folder: Path, state):
    table = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**table, "text_residual": 6}), "utf-8")
    config = read_config(folder)
    generator = torch.Generator().manual_seed(0)
    hidden = {
        "text_proj.inner.weight": torch.randn(6, config.text.hidden_size, generator=generator),
        "text_proj.inner.bias": torch.zeros(6),
        "text_proj.outer.weight": torch.randn(config.dim, 6, generator=generator),
    }

    write_model(folder, config, {**state, **hidden})
    bent = load_model(folder).encode_text(["jig"])
    write_model(
        folder,
        config,
        {**state, **hidden, "text_proj.outer.weight": hidden["text_proj.outer.weight"] * 0},
    )
    straight = load_model(folder).encode_text(["jig"])

    assert np.abs(bent - straight).max() > 1e-3
    write_model(folder, replace(config, text_residual=0), state)
    assert np.array_equal(load_model(folder).encode_text(["jig"]), straight)


def test_a_model_without_an_audio_tower_loads_and_refuses_audio(folder: Path, state):
    table = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**table, "audio": None}), "utf-8")
    kept = {key: tensor for key, tensor in state.items() if not key.startswith("audio_")}
    write_model(folder, read_config(folder), kept)

    encoder = load_model(folder)

    assert encoder.encode_text(["a jig"]).shape == (1, 64)
    with pytest.raises(NoModelError, match="reads text and notation, not audio"):
        encoder.encode_audio([np.zeros((3, 64), np.float32)])


def test_the_space_names_model_weights_front_end_and_precision(
    tiny: Clamp3Encoder, tiny_folder: Path
):
    digest = weights_sha256(tiny_folder)

    assert tiny.space == f"tiny-{digest[:12]}-mert-v1-95m-fp32"


def test_other_weights_are_another_space_even_without_sums(folder: Path, state):
    before = weights_sha256(folder)
    (folder / "SHA256SUMS").unlink()
    assert weights_sha256(folder) == before

    state["text_proj.bias"] += 1
    write_model(folder, read_config(folder), state)

    assert weights_sha256(folder) != before


SPOILED = {
    "a missing tensor": (lambda state: state.pop("text_proj.bias"), r"text_proj\.bias is missing"),
    "an extra tensor": (
        lambda state: state.update(extra=torch.zeros(1)),
        r"extra is \(1,\) and should be absent",
    ),
    "a wrong shape": (
        lambda state: state.update({"text_proj.bias": torch.zeros(3)}),
        r"text_proj\.bias is \(3,\) and should be \(64,\)",
    ),
    "a number that is none": (
        lambda state: state["text_proj.bias"].__setitem__(0, float("nan")),
        r"text_proj\.bias holds numbers that are not finite",
    ),
    "infinity": (
        lambda state: state["audio_proj.weight"].__setitem__((0, 0), float("inf")),
        r"audio_proj\.weight holds numbers that are not finite",
    ),
}


@pytest.mark.parametrize("what", SPOILED)
def test_weights_that_do_not_fit_are_refused(folder: Path, state, what: str):
    spoil, message = SPOILED[what]
    spoil(state)
    save_file(state, folder / "model.safetensors")

    with pytest.raises(NoModelError, match=message):
        load_model(folder)


def test_a_cut_weights_file_is_refused(folder: Path):
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:-100])

    with pytest.raises(NoModelError, match=r"model\.safetensors is damaged"):
        load_model(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str):
    (folder / name).unlink()

    with pytest.raises(NoModelError, match=name):
        load_model(folder)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"model_type": "bert"}', '{"model_type": "clamp3"}'],
    ids=["cut", "a list", "empty", "another model", "no sizes"],
)
def test_a_configuration_that_is_none_is_refused(folder: Path, text: str):
    (folder / "config.json").write_text(text, "utf-8")

    with pytest.raises(NoModelError, match="no configuration of a CLaMP 3 model"):
        load_model(folder)
