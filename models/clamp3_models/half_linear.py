"""Linear layers whose weights stay in float16 in memory, for a tower that answers one short text at a time.

Twelve layers of 384 dimensions are 85 MB in float32, which a short text reads from memory once and uses
for a dozen rows: it waits for memory, not for arithmetic. Half the bytes take about half the time.
Weights are widened block by block as they are read, so products and sums are float32; what changes is
the rounding of the weights to float16, which a file in float16 or four bits has had already.
"""

import torch
from torch import Tensor, nn


class HalfLinear(nn.Module):
    """``nn.Linear`` for inference on a CPU; has no state dict."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight, bias = linear.weight.detach().float(), linear.bias.detach().float()
        self._packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)

    def forward(self, rows: Tensor) -> Tensor:
        """Give float32 ``(N, outputs)`` for float32 ``(N, inputs)``."""
        out: Tensor = torch.ops.quantized.linear_dynamic_fp16(rows, self._packed)
        return out


def can_halve() -> bool:
    """Tell whether torch has the layer here: FBGEMM's, so x86 with AVX2 only, unless another is chosen."""
    return torch.backends.quantized.engine in {"x86", "fbgemm"}


def halve(module: nn.Module) -> None:
    """Put ``HalfLinear`` in the place of every linear layer below a module."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, HalfLinear(child))
        else:
            halve(child)
