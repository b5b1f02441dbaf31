"""Four-bit storage: what is on the grid stays, what is not moves by half a step."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from clamp3_models.quantization import BLOCK, pack, unpack


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 1000))
def test_a_weight_moves_by_less_than_one_step(rows: int, blocks: int, seed: int):
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(rows, blocks * BLOCK, generator=generator)

    nibbles, scales = pack(weights)
    restored = unpack(nibbles, scales)

    assert nibbles.shape == (rows, blocks * BLOCK // 2)
    assert scales.shape == (rows, blocks)
    steps = scales.float().abs().repeat_interleave(BLOCK, dim=1)
    # half a step by rounding; a full one where the grid ends at 7 and not at 8
    assert ((restored - weights).abs() <= steps * 1.01).all()
    assert ((restored - weights).abs() <= steps * 0.51).float().mean() > 0.9


@given(st.integers(0, 1000))
def test_what_already_is_in_four_bits_loses_nothing(seed: int):
    generator = torch.Generator().manual_seed(seed)
    levels = torch.randint(-8, 8, (3, 2, BLOCK), generator=generator).float()
    levels[:, :, 0] = -8  # every block uses its whole range, as after a first rounding
    weights = (levels * 0.25).view(3, -1)

    assert torch.equal(unpack(*pack(weights)), weights)


def test_a_block_of_zeros_stays_zero():
    assert not unpack(*pack(torch.zeros(2, BLOCK))).any()


def test_columns_must_divide_into_blocks():
    with pytest.raises(ValueError, match="33 columns do not divide"):
        pack(torch.zeros(1, 33))
