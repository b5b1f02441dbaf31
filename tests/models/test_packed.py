"""Packed layers: the numbers of the plain ones in float32, near them in eight bits, whoever is beside."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from clamp3_models import load_model
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.packed_linear import Int8Linear, PackedLinear, can_pack, cpu_has
from clamp3_models.packed_transformer import PackedTransformerLayer, pack
from clamp3_models.transformer import Layer, Transformer, TransformerConfig
from tests.models.test_golden import GLOBAL, ITEMS, TOLERANCE, encode, kind_of, load

CONFIG = TransformerConfig(64, 2, 2, 128, 1, 40, 2, 1e-12)
CAN_INT8 = can_pack(torch.int8)

packs = pytest.mark.skipif(not can_pack(torch.float32), reason="no oneDNN for this processor")
eight_bits = pytest.mark.skipif(not CAN_INT8, reason="this processor has no VNNI")


def linear(inputs: int, outputs: int, seed: int) -> nn.Linear:
    generator = torch.Generator().manual_seed(seed)
    layer = nn.Linear(inputs, outputs)
    for parameter in layer.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return layer


def rows_of(count: int, inputs: int, seed: int) -> torch.Tensor:
    return torch.randn(count, inputs, generator=torch.Generator().manual_seed(seed))


@packs
@pytest.mark.parametrize("count", [1, 7, 130])
@torch.inference_mode()
def test_a_packed_layer_gives_what_a_linear_one_gives(count: int):
    plain, rows, residual = linear(48, 80, 1), rows_of(count, 48, 2), rows_of(count, 80, 3)

    packed = PackedLinear(plain.weight, plain.bias)
    with_gelu = PackedLinear(plain.weight, plain.bias, gelu=True)

    torch.testing.assert_close(packed(rows), plain(rows), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(packed(rows, residual), plain(rows) + residual, rtol=1e-5, atol=1e-5)
    bent = nn.functional.gelu(plain(rows))
    torch.testing.assert_close(with_gelu(rows), bent, rtol=1e-5, atol=1e-5)


@eight_bits
@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(0, 999), st.sampled_from([1e-6, 1.0, 1e6]))
@torch.inference_mode()
def test_rounding_to_eight_bits_moves_a_product_by_no_more_than_half_steps(count, seed, size):
    plain, rows = linear(32, 16, seed), rows_of(count, 32, seed + 1) * size

    found = Int8Linear(plain.weight, plain.bias)(rows)

    row, weight = rows.abs(), plain.weight.abs()
    row_step, weight_step = row.amax(1, keepdim=True) / 254, weight.amax(1) / 254
    bound = row_step * weight.sum(1) + row.sum(1, keepdim=True) * weight_step
    bound += 32 * row_step * weight_step
    error = (found - plain(rows)).abs()
    assert (error <= bound * 1.01 + 1e-5).all()


@eight_bits
@torch.inference_mode()
def test_a_row_in_eight_bits_does_not_depend_on_those_beside_it():
    plain, rows = linear(32, 16, 1), rows_of(6, 32, 2)
    rows[3] *= 1000
    rows[4] = 0
    packed = Int8Linear(plain.weight, plain.bias)

    together = packed(rows)

    for i in range(6):
        assert torch.equal(packed(rows[i : i + 1])[0], together[i])
    assert torch.equal(together[4], plain.bias)


@packs
@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(0, 99))
@torch.inference_mode()
def test_a_packed_tower_gives_what_it_gave_before(lengths, seed):
    torch.manual_seed(seed)
    tower = Transformer(CONFIG).eval()
    inputs = rows_of(sum(lengths), 64, seed)
    positions = torch.cat([torch.arange(n) for n in lengths])
    before = tower(inputs, positions, lengths)

    pack(tower, torch.float32)

    torch.testing.assert_close(tower(inputs, positions, lengths), before, rtol=0, atol=5e-6)


@packs
def test_packing_twice_is_packing_once():
    tower = Transformer(CONFIG).eval()

    pack(tower, torch.float32)
    layers = list(tower.encoder.layer)
    pack(tower, torch.float32)

    assert all(isinstance(layer, PackedTransformerLayer) for layer in layers)
    assert [id(layer) for layer in tower.encoder.layer] == [id(layer) for layer in layers]


def test_what_the_processor_has_not_is_not_packed():
    tower = Transformer(CONFIG).eval()

    pack(tower, torch.float64)

    assert not can_pack(torch.float64)
    assert not cpu_has("a feature of no processor")
    assert all(isinstance(layer, Layer) for layer in tower.encoder.layer)


@packs
def test_a_tower_is_packed_when_it_is_first_asked(tiny_folder: Path):
    encoder = load_model(tiny_folder, device="cpu")
    towers = (encoder._model.symbolic_model.base, encoder._model.audio_model)

    encoder.encode_score([load("sym_0300_patches")])

    packed = [isinstance(tower.encoder.layer[0], PackedTransformerLayer) for tower in towers]
    assert packed == [True, False]


def test_askers_at_once_get_the_numbers_of_the_reference(tiny_folder: Path):
    encoder = load_model(tiny_folder, device="cpu")
    score, found = load("sym_0300_patches"), []
    askers = [
        threading.Thread(target=lambda: found.append(encoder.encode_score([score])))
        for _ in range(4)
    ]

    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert len(found) == 4
    for rows in found:
        np.testing.assert_allclose(rows, GLOBAL["sym_0300_patches"], rtol=0, atol=TOLERANCE)


@pytest.fixture(scope="module")
def small(tiny_folder: Path) -> Clamp3Encoder:
    return load_model(tiny_folder, device="cpu", precision="int8")


@eight_bits
@pytest.mark.parametrize("item", ITEMS)
def test_eight_bits_stay_near_the_reference(small: Clamp3Encoder, item: str):
    embedding = encode(small, item, pooled=True)

    if kind_of(item) == "encode_text":
        # texts do not bear it, and are computed in float32
        np.testing.assert_allclose(embedding, GLOBAL[item], rtol=0, atol=TOLERANCE)
    norms = np.linalg.norm(embedding) * np.linalg.norm(GLOBAL[item])
    assert float((embedding @ GLOBAL[item].T)[0, 0] / norms) > 0.998


@eight_bits
def test_eight_bits_are_a_space_of_their_own(small: Clamp3Encoder, tiny: Clamp3Encoder):
    assert small.space == tiny.space.removesuffix("fp32") + "int8"
    scores = [load(item) for item in ITEMS if kind_of(item) == "encode_score"]
    together = small.encode_score(scores)
    alone = np.concatenate([small.encode_score([score]) for score in scores])
    np.testing.assert_allclose(together, alone, rtol=0, atol=2e-2)
