"""What a run may start from: checkpoints of the reference, of XLM-RoBERTa, of M3, and model folders."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM

from clamp3_models.clamp3 import Clamp3
from clamp3_models.training.paper.m3 import M3
from clamp3_models.training.paper.m3_decoder import DecoderConfig
from clamp3_models.training.paper.start import initialize, load_all, load_tower, read_weights
from clamp3_models.weights import read_config
from clamp3_plugin.errors import BrokenFileError, MissingFileError, NoModelError


@pytest.fixture
def model(tiny_folder: Path) -> Clamp3:
    model = Clamp3(read_config(tiny_folder))
    initialize(model, 1)
    return model


def has(model: torch.nn.Module, state: dict[str, torch.Tensor], prefix: str) -> bool:
    own = model.state_dict()
    return all(torch.equal(own[key], state[key]) for key in own if key.startswith(prefix))


def test_random_weights_depend_on_the_seed_alone(tiny_folder: Path, model: Clamp3):
    again, other = (Clamp3(read_config(tiny_folder)) for _ in range(2))
    initialize(again, 1)
    initialize(other, 2)

    assert has(again, model.state_dict(), "")
    assert not has(other, model.state_dict(), "")
    assert model.state_dict()["text_model.encoder.layer.0.output.LayerNorm.weight"].eq(1).all()
    assert model.symbolic_proj.bias.eq(0).all()
    assert model.symbolic_model.patch_embedding.weight.std().item() == pytest.approx(0.02, rel=0.02)


def test_all_weights_come_from_a_model_folder(model: Clamp3, tiny_folder: Path, state):
    load_all(model, tiny_folder)

    assert has(model, state, "")


def test_towers_and_their_projections_come_from_a_checkpoint_of_the_reference(
    model: Clamp3, state, tmp_path: Path
):
    clamp2 = {key: value for key, value in state.items() if not key.startswith("audio")}
    torch.save({"model": clamp2, "modality": "symbolic", "epoch": 3}, tmp_path / "clamp2.pth")

    load_tower(model, "text", tmp_path / "clamp2.pth")

    assert has(model, state, "text_")
    assert not has(model, state, "symbolic_")
    load_tower(model, "symbolic", tmp_path / "clamp2.pth")
    assert has(model, state, "symbolic_")
    with pytest.raises(NoModelError, match="holds no audio tower"):
        load_tower(model, "audio", tmp_path / "clamp2.pth")


@pytest.mark.parametrize("prefix", ["", "roberta."])
def test_the_text_tower_comes_from_xlm_roberta_as_it_is_published(
    model: Clamp3, tmp_path: Path, prefix: str
):
    sizes = XLMRobertaConfig(
        vocab_size=275, hidden_size=64, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=128, max_position_embeddings=514, type_vocab_size=1, pad_token_id=1,
    )  # fmt: skip
    theirs = XLMRobertaForMaskedLM(sizes).state_dict()
    published = {
        key.replace("roberta.", prefix): value.clone()
        for key, value in theirs.items()
        if key.startswith("roberta.")
    }
    save_file(published, tmp_path / "model.safetensors")

    load_tower(model, "text", tmp_path)

    key = "encoder.layer.1.output.dense.weight"
    assert torch.equal(model.state_dict()[f"text_model.{key}"], theirs[f"roberta.{key}"])


def test_the_symbolic_tower_comes_from_m3(model: Clamp3, tmp_path: Path):
    m3 = M3(model.config.symbolic, DecoderConfig(64, 1, 1))
    initialize(m3, 5)
    torch.save({"model": m3.state_dict(), "optimizer": {}, "epoch": 1}, tmp_path / "m3.pth")

    load_tower(model, "symbolic", tmp_path / "m3.pth")

    for key, value in m3.encoder.state_dict().items():
        assert torch.equal(model.symbolic_model.state_dict()[key], value)


def test_an_official_checkpoint_of_m3_loads_whole(model: Clamp3, tmp_path: Path):
    official, ours = (M3(model.config.symbolic, DecoderConfig(64, 1, 1)) for _ in range(2))
    initialize(official, 6)
    torch.save({"model": official.state_dict()}, tmp_path / "m3.pth")

    load_all(ours, tmp_path / "m3.pth")

    assert has(ours, official.state_dict(), "")


def test_weights_that_cannot_be_had_are_named(model: Clamp3, tmp_path: Path, state):
    (tmp_path / "cut.pth").write_bytes(b"PK\x03\x04")
    (tmp_path / "cut.safetensors").write_bytes(b"\x00" * 9)
    state["text_proj.weight"] = torch.zeros(3, 3)
    save_file(state, tmp_path / "other.safetensors")

    with pytest.raises(MissingFileError, match=r"nothing\.pth is not there"):
        read_weights(tmp_path / "nothing.pth")
    with pytest.raises(BrokenFileError, match=r"cut\.pth"):
        read_weights(tmp_path / "cut.pth")
    with pytest.raises(NoModelError, match=r"cut\.safetensors is damaged"):
        read_weights(tmp_path / "cut.safetensors")
    with pytest.raises(NoModelError, match="does not fit the text projection of the recipe"):
        load_tower(model, "text", tmp_path / "other.safetensors")
