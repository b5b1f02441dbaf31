"""M3 against the reference's loss, and against transformers' GPT-2."""

import json
import random
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPT2Config, GPT2LMHeadModel

from clamp3_models.patches import EOS, MASK, patchify
from clamp3_models.training.paper.m3 import M3, SpoiltPiece, pack_pieces, spoil
from clamp3_models.training.paper.m3_decoder import DecoderConfig, PatchDecoder, count_targets
from clamp3_models.training.paper.m3_task import M3Task
from clamp3_models.training.paper.ranks import Ranks
from clamp3_models.transformer import TransformerConfig

TOLERANCE = 1e-5  # asked for by the issue; measured: 2e-6
TEXT = "K:G\n" + "".join(f"[V:1]{'GAB' * (i + 1)} cde|[V:2]G,6|\n" for i in range(9))


def source(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - reproducible, not secret


def encoder_config(hidden: int, layers: int = 1) -> TransformerConfig:
    return TransformerConfig(hidden, layers, max(1, hidden // 64), 4 * hidden, 1, 512, 2, 1e-12)


def golden_weights(model: M3, seed: int, hidden: int) -> dict[str, torch.Tensor]:
    """Weights by the recipe in the README of the golden files."""
    state = {}
    for key, tensor in model.state_dict().items():
        generator = np.random.Generator(np.random.PCG64([seed, zlib.crc32(key.encode())]))
        n = generator.standard_normal(tuple(tensor.shape), dtype=np.float32)
        if key.endswith(".weight") and ("LayerNorm" in key or ".ln_" in key):
            n = 1 + np.float32(0.2) * n
        elif key.endswith("bias"):
            n = np.float32(0.1) * n
        elif "embeddings." in key or ".wte." in key or ".wpe." in key:
            n = np.float32(0.5) * n
        elif "patch_embedding" in key:
            n = np.float32(0.15) * n
        else:
            n /= np.float32(np.sqrt(hidden))
        state[key] = torch.from_numpy(n.astype(np.float16).astype(np.float32))
    transformer = "decoder.base.transformer.wte.weight"
    return {**state, "decoder.base.lm_head.weight": state[transformer]}


def test_the_loss_is_that_of_the_reference(golden: Path):
    expected = json.loads((golden / "model" / "m3_loss_expected.json").read_text())
    hidden = expected["hidden"]
    model = M3(encoder_config(hidden), DecoderConfig(hidden, 1, 1)).eval()
    model.load_state_dict(golden_weights(model, expected["seed"], hidden))
    patches = patchify((golden / "xml" / "int" / expected["file"]).read_text("utf-8"))

    batch = pack_pieces([SpoiltPiece(patches, patches, np.arange(0, len(patches), 2))])
    loss = (model(batch) / batch.targets).item()

    assert len(patches) == expected["n_patches"]
    assert loss == pytest.approx(expected["loss"], rel=0, abs=TOLERANCE)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 62), min_size=1, max_size=6), st.integers(0, 99))
def test_the_decoder_is_gpt2_without_its_padding(lengths, seed):
    torch.manual_seed(seed)
    sizes = GPT2Config(vocab_size=128, n_positions=64, n_embd=32, n_layer=2, n_head=4)
    theirs = GPT2LMHeadModel(sizes).eval()
    ours = PatchDecoder(DecoderConfig(32, 2, 4)).eval()
    ours.base.load_state_dict(theirs.state_dict())
    patches = torch.zeros(len(lengths), 64, dtype=torch.uint8)
    patches[:, 0] = 1
    for row, length in zip(patches, lengths, strict=True):
        row[1 : 1 + length] = torch.randint(32, 127, (length,))
        row[1 + length] = EOS
    features = torch.randn(len(lengths), 32)

    with torch.inference_mode():
        inputs = torch.cat([features[:, None], theirs.transformer.wte(patches.long())[:, 1:]], 1)
        labels = patches.long().masked_fill(patches == 0, -100)
        expected = theirs(inputs_embeds=inputs, attention_mask=patches != 0, labels=labels).loss
        loss = ours(features, patches) / count_targets(patches)

    assert loss.item() == pytest.approx(expected.item(), abs=1e-5)


def test_sizes_and_names_are_those_of_the_official_checkpoint():
    with torch.device("meta"):
        model = M3(encoder_config(768, 12), DecoderConfig(768))

    assert sum(parameter.numel() for parameter in model.parameters()) == 113_746_944
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    assert shapes["decoder.base.transformer.h.2.attn.c_attn.weight"] == (768, 2304)
    assert shapes["decoder.base.transformer.h.0.mlp.c_fc.weight"] == (768, 3072)
    assert shapes["decoder.base.lm_head.weight"] == (128, 768)
    assert shapes["encoder.patch_embedding.weight"] == (768, 8192)
    assert model.decoder.base.lm_head.weight is model.decoder.base.transformer.wte.weight


def test_of_a_hundred_patches_forty_five_are_selected():
    patches = patchify("K:C\n" * 98)

    piece = spoil(patches, source(1))

    assert len(patches) == 100
    assert len(piece.selected) == len(set(piece.selected.tolist())) == 45
    assert len(spoil(patches[:3], source(1)).selected) == 2  # rounded up


def test_masked_patches_hold_nothing_but_the_mask():
    piece = spoil(patchify(TEXT), source(2), "mask")

    assert (piece.seen[piece.selected] == MASK).all()
    others = np.setdiff1d(np.arange(len(piece.seen)), piece.selected)
    assert (piece.seen[others] == piece.original[others]).all()


def test_shuffled_patches_keep_their_characters_and_their_ends():
    piece = spoil(patchify(TEXT), source(3), "shuffle")

    changed = 0
    for row in piece.selected:
        seen, original = piece.seen[row].tolist(), piece.original[row].tolist()
        assert sorted(seen) == sorted(original)
        assert seen[0] == original[0]
        if original.count(EOS) == 1:
            assert seen.index(EOS) == original.index(EOS)
        changed += seen != original
    assert changed > len(piece.selected) // 2


def test_eight_pieces_of_ten_are_masked_and_one_is_left_as_it_is():
    patches = patchify(TEXT)
    pieces = [spoil(patches, source(i)) for i in range(1000)]

    masked = sum((piece.seen == MASK).any() for piece in pieces)
    original = sum((piece.seen == piece.original).all() for piece in pieces)

    assert masked == pytest.approx(800, abs=50)
    assert original == pytest.approx(100, abs=35)


def test_the_company_of_a_batch_changes_no_loss():
    model = M3(encoder_config(64), DecoderConfig(64, 1, 1)).eval()
    pieces = [spoil(patchify(TEXT[: 60 * (i + 1)]), source(i), "mask") for i in range(3)]

    together = model(pack_pieces(pieces)).item()
    alone = sum(model(pack_pieces([piece])).item() for piece in pieces)

    assert together == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize("chunk_size", [0, 1, 2])
def test_gradients_of_chunks_are_those_of_the_whole_batch(chunk_size):
    torch.manual_seed(3)
    model = M3(encoder_config(64), DecoderConfig(64, 1, 1)).eval()
    pieces = [spoil(patchify(TEXT[: 60 * (i + 1)]), source(i), "mask") for i in range(3)]
    batch = pack_pieces(pieces)
    whole = model(batch) / batch.targets
    torch.autograd.backward(whole)
    wanted = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    task = M3Task(model, Ranks(), torch.device("cpu"), chunk_size)

    loss = task.backward(pieces, lambda _: None)

    assert loss == pytest.approx(whole.item(), rel=1e-5)
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(parameter.grad, wanted[name], rtol=1e-4, atol=1e-6)


def test_half_precision_is_near():
    torch.manual_seed(3)
    model = M3(encoder_config(64), DecoderConfig(64, 1, 1)).eval()
    pieces = [spoil(patchify(TEXT), source(1), "mask")]
    exact = M3Task(model, Ranks(), torch.device("cpu")).loss(pieces)

    half = M3Task(model, Ranks(), torch.device("cpu"), bf16=True).backward(pieces, lambda _: None)

    assert half == pytest.approx(exact, rel=0.02)
    assert half != exact
