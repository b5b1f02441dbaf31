"""M3's token decoder: GPT-2 writes the characters of a patch from what the encoder made of its place.

Conventions: as in ``transformer``, sequences are packed, here the patches without their pads; ``P``
patches, ``N`` characters in all of them, ``H`` hidden size. Parameter names are those of
``transformers.GPT2LMHeadModel``, whose linear layers keep their weights as ``(inputs, outputs)``.

References
----------
Radford et al., "Language Models are Unsupervised Multitask Learners", 2019 (pre-layer-norm);
Wu et al., "CLaMP 2: Multimodal Music Information Retrieval Across 101 Languages Using Large Language
Models", arXiv 2410.13267 (M3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clamp3_models.clamp3 import PATCH_VOCABULARY
from clamp3_models.patches import PAD, PATCH_SIZE

_EPS = 1e-5


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """Sizes of the decoder; the official one has 3 layers of 768 with 12 heads."""

    hidden_size: int
    num_layers: int = 3
    num_heads: int = 12
    dropout: float = 0.1

    def __post_init__(self) -> None:
        """Refuse sizes that do not go together."""
        if self.hidden_size % self.num_heads:
            raise ValueError(f"{self.num_heads} heads do not divide {self.hidden_size}")


class PatchDecoder(nn.Module):
    """Predict patches, character by character."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.base = _LanguageModel(config)

    def forward(self, features: Tensor, patches: Tensor) -> Tensor:
        """Sum the cross-entropies of all characters that are to be predicted.

        Parameters
        ----------
        features : Tensor
            shape ``(P, H)``: what the encoder made of each patch's place; it stands where the
            patch's first character, which is always bos, would.
        patches : Tensor
            uint8, shape ``(P, 64)``: the patches as they should be.

        Returns
        -------
        Tensor
            A scalar; see ``count_targets`` for how many characters it sums over.
        """
        order = torch.argsort((patches != PAD).sum(1), stable=True)
        patches, features = patches[order].long(), features[order]
        real = patches != PAD
        lengths = real.sum(1)
        places = torch.arange(PATCH_SIZE, device=patches.device).expand_as(patches)[real]
        words = self.base.transformer.wte(patches[real])
        inputs = words.index_copy(0, lengths.cumsum(0) - lengths, features.to(words.dtype))
        hidden = self.base.transformer(inputs, places, lengths.tolist())
        following = F.pad(patches[:, 1:], (0, 1), value=PAD)[real]
        predicted = following != PAD
        logits = self.base.lm_head(hidden[predicted])
        return F.cross_entropy(logits.float(), following[predicted], reduction="sum")


def count_targets(patches: Tensor) -> int:
    """Count the characters to be predicted: all but pads and the first of each patch."""
    return int(((patches[:, 1:] != PAD) & (patches[:, :-1] != PAD)).sum())


class _LanguageModel(nn.Module):
    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.transformer = _Transformer(config)
        self.lm_head = nn.Linear(config.hidden_size, PATCH_VOCABULARY, bias=False)
        self.lm_head.weight = self.transformer.wte.weight


class _Transformer(nn.Module):
    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        H = config.hidden_size
        self.wte = nn.Embedding(PATCH_VOCABULARY, H)
        self.wpe = nn.Embedding(PATCH_SIZE, H)
        self.drop = nn.Dropout(config.dropout)
        self.h = nn.ModuleList(_Block(config) for _ in range(config.num_layers))
        self.ln_f = nn.LayerNorm(H, eps=_EPS)

    def forward(self, inputs: Tensor, places: Tensor, lengths: Sequence[int]) -> Tensor:
        hidden = self.drop(inputs + self.wpe(places))
        for block in self.h:
            hidden = block(hidden, lengths)
        out: Tensor = self.ln_f(hidden)
        return out


class _Block(nn.Module):
    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        H = config.hidden_size
        self.ln_1 = nn.LayerNorm(H, eps=_EPS)
        self.attn = _CausalAttention(config)
        self.ln_2 = nn.LayerNorm(H, eps=_EPS)
        self.mlp = _Feedforward(config)

    def forward(self, hidden: Tensor, lengths: Sequence[int]) -> Tensor:
        hidden = hidden + self.attn(self.ln_1(hidden), lengths)
        out: Tensor = hidden + self.mlp(self.ln_2(hidden))
        return out


class _CausalAttention(nn.Module):
    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        H = config.hidden_size
        self.heads = config.num_heads
        self.dropout = config.dropout
        self.c_attn = _Linear(H, 3 * H)
        self.c_proj = _Linear(H, H)
        self.resid_dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor, lengths: Sequence[int]) -> Tensor:
        runs = [(length, sum(1 for _ in run)) for length, run in groupby(lengths)]
        parts = torch.split(self.c_attn(hidden), [length * B for length, B in runs])
        attended = [self._attend(part, B) for part, (_, B) in zip(parts, runs, strict=True)]
        out: Tensor = self.resid_dropout(self.c_proj(torch.cat(attended)))
        return out

    def _attend(self, qkv: Tensor, B: int) -> Tensor:
        """Attend within ``B`` patches of one length, each character to those before it."""
        T = qkv.shape[0] // B
        q, k, v = qkv.view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
        return out.transpose(1, 2).reshape(B * T, -1)


class _Feedforward(nn.Module):
    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        H = config.hidden_size
        self.c_fc = _Linear(H, 4 * H)
        self.c_proj = _Linear(4 * H, H)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        inner = F.gelu(self.c_fc(hidden), approximate="tanh")
        out: Tensor = self.dropout(self.c_proj(inner))
        return out


class _Linear(nn.Module):
    """A linear layer whose weight is ``(inputs, outputs)``."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.bias, x, self.weight)
