"""Linear layers for inference on a CPU, their weights laid out once in the order the kernels read them.

``nn.Linear`` hands its matrix to the general product, which lays it out anew for every call. Here that
is done once, by oneDNN, and what follows a product (bias, GELU, the residual) is done while its result
is in the cache. What was measured is in decision 0022.

Conventions: ``N`` rows; layers made here have no state dict.
"""

import os
import platform
from functools import cache
from typing import Protocol

import torch
from torch import Tensor, nn

_PRIMITIVES = 32
"""Products whose preparation is remembered. One is prepared for a number of rows, in some 0.5 ms, and 0.3 MiB
of it are kept by oneDNN and as much again by torch for each thread. Their own limits are 1024, which inputs
of 220 lengths filled with 424 MiB; the four products of a layer are the same in all layers of a tower."""

# set here, before the first product and before there are threads: each reads its own once and has no other way
for _limit in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
    os.environ.setdefault(_limit, str(_PRIMITIVES))

_ZERO = 128  # of uint8, so that rows are rounded symmetrically
_MOST = 127.0


class PackedLayer(Protocol):
    """Gives float ``(N, outputs)`` for float ``(N, inputs)``, and adds a residual where there is one."""

    def __call__(self, rows: Tensor, residual: Tensor | None = None) -> Tensor:
        """Multiply rows by the weights."""


class PackedLinear(nn.Module):
    """``nn.Linear`` in the precision of its weights, float32 or bfloat16, with a GELU behind it if asked."""

    def __init__(self, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> None:
        super().__init__()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous())  # noqa: SLF001 - torch gives it no other name
        self._bias = bias.detach()
        self._after: tuple[str, list[float], str] = (
            ("gelu", [], "none") if gelu else ("none", [], "")
        )

    def forward(self, rows: Tensor, residual: Tensor | None = None) -> Tensor:
        """Give ``(N, outputs)`` for ``(N, inputs)``."""
        multiply = torch.ops.mkldnn._linear_pointwise  # noqa: SLF001 - the same
        if residual is None:
            plain: Tensor = multiply(rows, self._weight, self._bias, *self._after)
            return plain
        added: Tensor = multiply.binary(rows, residual, self._weight, self._bias, "add")
        return added


class Int8Linear(nn.Module):
    """``nn.Linear`` with weights in eight bits a channel and rows that are rounded as they come.

    Every row has a scale of its own, so that what a position gives does not depend on which others
    are multiplied beside it. Rows and results are float32.
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> None:
        super().__init__()
        weight = weight.detach().float()
        self._scales = weight.abs().amax(1).clamp_min(torch.finfo(torch.float32).tiny) / _MOST
        rounded = torch.round(weight / self._scales[:, None]).to(torch.int8)
        self._weight = torch.ops.onednn.qlinear_prepack(rounded, None)
        self._zeros = torch.zeros(len(weight), dtype=torch.int64)
        self._bias = bias.detach().float()
        self._half = torch.tensor(_ZERO + 0.5)
        self._gelu = gelu

    def forward(self, rows: Tensor, residual: Tensor | None = None) -> Tensor:
        """Give float32 ``(N, outputs)`` for float ``(N, inputs)``."""
        rows = rows.float()
        largest = rows.abs().amax(1, keepdim=True).clamp_min_(1e-20)
        # cut off after adding a half, which rounds: one pass less than rounding
        rounded = torch.addcmul(self._half, rows, _MOST / largest).to(torch.uint8)
        product = torch.ops.onednn.qlinear_pointwise(
            rounded, 1.0, _ZERO, self._weight, self._scales, self._zeros, None,
            1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip
        scaled = torch.addcmul(self._bias, product, largest / _MOST)
        if residual is not None:
            return scaled.add_(residual)
        return nn.functional.gelu(scaled) if self._gelu else scaled


@cache
def cpu_has(feature: str) -> bool:
    """Tell whether torch sees a feature of the processor, as ``avx512_bf16``; no where it cannot tell."""
    ask = getattr(torch.cpu, "get_capabilities", None)
    return ask is not None and bool(ask().get(feature))


def can_pack(dtype: torch.dtype) -> bool:
    """Tell whether layers of a type can be packed here: x86, and a processor that computes in the type."""
    if platform.machine() not in {"x86_64", "AMD64"} or not torch._C._has_mkldnn:  # noqa: SLF001 - what torch.backends asks, typed
        return False
    wanted = {
        torch.float32: ("avx2",),
        torch.bfloat16: ("avx512_bf16", "amx_bf16"),
        torch.int8: ("avx512_vnni", "avx_vnni", "amx_int8"),  # without, sums of pairs saturate
    }
    return any(map(cpu_has, wanted.get(dtype, ())))
