"""The layers of a tower for inference on a CPU: packed products, query, key and value in one.

They take the place of the layers that a state dict was loaded into, one by one, so that weights are
never held twice; after that the tower has no state dict and cannot be trained.

Shapes: ``N`` packed positions, ``B`` sequences of one length ``T``, ``H`` hidden size, ``D`` of a head.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clamp3_models.packed_linear import (
    Int8Linear,
    PackedLayer,
    PackedLinear,
    can_pack,
    cpu_has,
)
from clamp3_models.transformer import Layer, Transformer, runs_of


def pack(transformer: Transformer, dtype: torch.dtype) -> None:
    """Make a tower quick, where the processor has what it takes; nothing changes where it has not.

    Parameters
    ----------
    transformer : Transformer
        A tower on the CPU, its weights loaded. One whose layers are something else than ``nn.Linear``
        already is left as it is, and so is one that was packed before.
    dtype : torch.dtype
        What products are computed in: float32 or bfloat16, as the weights are, or int8 of float32
        weights.
    """
    if not can_pack(dtype):
        return
    layers = transformer.encoder.layer
    for i, layer in enumerate(layers):
        if isinstance(layer, Layer) and isinstance(layer.intermediate.dense, nn.Linear):
            layers[i] = PackedTransformerLayer(layer, dtype)


class PackedTransformerLayer(nn.Module):
    """One encoder layer, made of one that is loaded."""

    def __init__(self, layer: Layer, dtype: torch.dtype) -> None:
        super().__init__()
        kind = Int8Linear if dtype is torch.int8 else PackedLinear
        own, output = layer.attention.self, layer.attention.output
        parts = (own.query, own.key, own.value)
        weight = torch.cat([part.weight for part in parts])
        self._heads = own.heads
        self._qkv: PackedLayer = kind(weight, torch.cat([part.bias for part in parts]))
        self._out: PackedLayer = kind(output.dense.weight, output.dense.bias)
        self._attended = output.LayerNorm
        up, down = layer.intermediate.dense, layer.output.dense
        self._up: PackedLayer = kind(up.weight, up.bias, gelu=True)
        self._down: PackedLayer = kind(down.weight, down.bias)
        self._fed = layer.output.LayerNorm
        self._half = dtype is not torch.float32 and can_pack(torch.bfloat16)

    def forward(self, hidden: Tensor, lengths: Sequence[int]) -> Tensor:
        """Encode packed positions, float ``(N, H)``."""
        qkv = self._qkv(hidden)
        if self._half:
            qkv = qkv.to(torch.bfloat16)
        counts, sizes = runs_of(lengths)
        parts = zip(torch.split(qkv, sizes), counts, strict=True)
        mixed = [self._attend(part, B) for part, B in parts]
        together = mixed[0] if len(mixed) == 1 else torch.cat(mixed)
        attended: Tensor = self._attended(self._out(together, hidden))
        out: Tensor = self._fed(self._down(self._up(attended), attended))
        return out

    def _attend(self, qkv: Tensor, B: int) -> Tensor:
        """Attend within ``B`` sequences of one length, ``(B * T, 3 * H)`` to ``(B * T, H)``."""
        N, H = qkv.shape[0], qkv.shape[1] // 3
        q, k, v = qkv.view(B, N // B, 3, self._heads, H // self._heads).permute(2, 0, 3, 1, 4)
        out = (
            _attend_by_products(q, k, v) if self._half else F.scaled_dot_product_attention(q, k, v)
        )
        return out.transpose(1, 2).reshape(N, H)


def _attend_by_products(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attend in bfloat16: two products of all heads at once, where torch's own loop is the slower one."""
    if cpu_has("amx_bf16"):
        return F.scaled_dot_product_attention(q, k, v)
    weights = torch.softmax((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2), -1)
    return weights @ v
