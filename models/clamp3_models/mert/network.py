"""MERT as a torch module: a HuBERT of music, with the parameter names of its checkpoint on the hub.

Conventions: waves are ``(B, samples)`` at 24 kHz, all of one length, normalised by the caller; ``C``
channels of the convolutions, ``T`` frames (75 a second), ``H`` hidden size. No mask and no padding: a
window is whole or shorter, never filled up.

References
----------
Li et al., "MERT: Acoustic Music Understanding Model with Large-Scale Self-supervised Training", 2023.
Hsu et al., "HuBERT: Self-Supervised Speech Representation Learning by Masked Prediction of Hidden
Units", 2021 (the network; MERT-v1-95M is its base size).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SAMPLE_RATE = 24_000
MODEL_TYPES = ("mert_model", "music_hubert")
"""What ``config.json`` calls the network on the hub, and what the reference's own code calls it."""

_FIXED: dict[str, object] = {
    "feat_extract_norm": "group", "feat_extract_activation": "gelu", "conv_bias": False,
    "feat_proj_layer_norm": True, "feature_extractor_cqt": False, "hidden_act": "gelu",
    "do_stable_layer_norm": False, "deepnorm": False, "attention_relax": -1.0,
    "sample_rate": SAMPLE_RATE,
}  # fmt: skip
"""Choices of the hub's configuration that this module has built in; others are other networks."""


@dataclass(frozen=True, slots=True)
class MertConfig:
    """Sizes of the network; those of MERT-v1-95M unless said otherwise."""

    hidden_size: int = 768
    num_layers: int = 12
    num_heads: int = 12
    intermediate_size: int = 3072
    conv_dim: tuple[int, ...] = (512,) * 7
    conv_kernel: tuple[int, ...] = (10, 3, 3, 3, 3, 2, 2)
    conv_stride: tuple[int, ...] = (5, 2, 2, 2, 2, 2, 2)
    position_kernel: int = 128
    position_groups: int = 16
    layer_norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        """Refuse sizes that do not go together."""
        if not len(self.conv_dim) == len(self.conv_kernel) == len(self.conv_stride) > 0:
            raise ValueError("the convolutions have unequal numbers of sizes, kernels and strides")
        if self.hidden_size % self.num_heads or self.hidden_size % self.position_groups:
            raise ValueError(
                f"{self.num_heads} heads and {self.position_groups} groups do not both divide"
                f" {self.hidden_size}"
            )

    def to_json(self) -> dict[str, object]:
        """Content of ``config.json``, under the hub's names."""
        return {
            "model_type": MODEL_TYPES[0],
            "hidden_size": self.hidden_size,
            "num_hidden_layers": self.num_layers,
            "num_attention_heads": self.num_heads,
            "intermediate_size": self.intermediate_size,
            "conv_dim": list(self.conv_dim),
            "conv_kernel": list(self.conv_kernel),
            "conv_stride": list(self.conv_stride),
            "num_conv_pos_embeddings": self.position_kernel,
            "num_conv_pos_embedding_groups": self.position_groups,
            "layer_norm_eps": self.layer_norm_eps,
            **_FIXED,
        }

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> "MertConfig":
        """Read ``config.json``; ValueError, TypeError or KeyError where it is not of this network."""
        if table.get("model_type") not in MODEL_TYPES:
            raise ValueError(f"model_type is {table.get('model_type')!r}, not {MODEL_TYPES[0]!r}")
        for name, wanted in _FIXED.items():
            if table.get(name, wanted) != wanted:
                raise ValueError(f"{name} is {table[name]!r}, and only {wanted!r} is known here")
        return cls(
            int(table["hidden_size"]),
            int(table["num_hidden_layers"]),
            int(table["num_attention_heads"]),
            int(table["intermediate_size"]),
            tuple(map(int, table["conv_dim"])),
            tuple(map(int, table["conv_kernel"])),
            tuple(map(int, table["conv_stride"])),
            int(table["num_conv_pos_embeddings"]),
            int(table["num_conv_pos_embedding_groups"]),
            float(table["layer_norm_eps"]),
        )


class Mert(nn.Module):
    """Convolutions from samples to frames, then transformer layers."""

    def __init__(self, config: MertConfig) -> None:
        super().__init__()
        self.config = config
        self.feature_extractor = _Convolutions(config)
        self.feature_projection = _Projection(config)
        self.encoder = _Encoder(config)
        # stands for masked frames in training only; checkpoints carry it
        self.masked_spec_embed = nn.Parameter(torch.empty(config.hidden_size).uniform_())

    def hidden_states(self, waves: Tensor) -> Iterator[Tensor]:
        """Run the layers one after another.

        Parameters
        ----------
        waves : Tensor
            shape ``(B, samples)``.

        Yields
        ------
        Tensor
            shape ``(B, T, H)``: what goes into the first layer, then what comes out of each.
        """
        frames = self.feature_projection(self.feature_extractor(waves))
        yield from self.encoder.hidden_states(frames)


class _Convolutions(nn.Module):
    """Samples ``(B, samples)`` to features ``(B, T, C)``."""

    def __init__(self, config: MertConfig) -> None:
        super().__init__()
        inputs = (1, *config.conv_dim[:-1])
        sizes = zip(inputs, config.conv_dim, config.conv_kernel, config.conv_stride, strict=True)
        self.conv_layers = nn.ModuleList(
            _Convolution(*size, normalised=i == 0) for i, size in enumerate(sizes)
        )

    def forward(self, waves: Tensor) -> Tensor:
        x = waves[:, None]
        for layer in self.conv_layers:
            x = layer(x)
        return x.transpose(1, 2)


class _Convolution(nn.Module):
    """One convolution; the first one brings every channel of a window to mean 0 and variance 1."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, *, normalised: bool
    ) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel, stride, bias=False)
        self.layer_norm = nn.GroupNorm(outputs, outputs) if normalised else None

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return F.gelu(x if self.layer_norm is None else self.layer_norm(x))


class _Projection(nn.Module):
    def __init__(self, config: MertConfig) -> None:
        super().__init__()
        C = config.conv_dim[-1]
        self.layer_norm = nn.LayerNorm(C, eps=config.layer_norm_eps)
        self.projection = nn.Linear(C, config.hidden_size)

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = self.projection(self.layer_norm(features))
        return out


class _Encoder(nn.Module):
    def __init__(self, config: MertConfig) -> None:
        super().__init__()
        self.pos_conv_embed = _Positions(config)
        self.layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.num_layers))

    def hidden_states(self, frames: Tensor) -> Iterator[Tensor]:
        hidden: Tensor = self.layer_norm(frames + self.pos_conv_embed(frames))
        yield hidden
        for layer in self.layers:
            hidden = layer(hidden)
            yield hidden


class _Positions(nn.Module):
    """Where a frame stands, told by a wide convolution over its neighbours."""

    def __init__(self, config: MertConfig) -> None:
        super().__init__()
        self.conv = _WeightNormConvolution(
            config.hidden_size, config.position_kernel, config.position_groups
        )

    def forward(self, frames: Tensor) -> Tensor:
        out: Tensor = self.conv(frames.transpose(1, 2))
        # an even kernel with padding on both sides gives one frame too many
        return F.gelu(out[..., : frames.shape[1]]).transpose(1, 2)


class _WeightNormConvolution(nn.Module):
    """A grouped convolution whose weight is kept as length and direction, one length a kernel position.

    The old form of torch's weight normalisation (``dim=2``), under its old names ``weight_g`` and
    ``weight_v``, as the checkpoint has them.
    """

    def __init__(self, channels: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.groups = groups
        self.weight_g = nn.Parameter(torch.ones(1, 1, kernel))
        self.weight_v = nn.Parameter(torch.randn(channels, channels // groups, kernel))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        directions = self.weight_v / self.weight_v.norm(dim=(0, 1), keepdim=True)
        padding = self.weight_v.shape[2] // 2
        weight = self.weight_g * directions
        return F.conv1d(x, weight, self.bias, padding=padding, groups=self.groups)


class _Layer(nn.Module):
    """Attention and feed-forward, each added and then normalised."""

    def __init__(self, config: MertConfig) -> None:
        super().__init__()
        H, eps = config.hidden_size, config.layer_norm_eps
        self.attention = _Attention(H, config.num_heads)
        self.layer_norm = nn.LayerNorm(H, eps=eps)
        self.feed_forward = _FeedForward(H, config.intermediate_size)
        self.final_layer_norm = nn.LayerNorm(H, eps=eps)

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = self.layer_norm(hidden + self.attention(hidden))
        out: Tensor = self.final_layer_norm(hidden + self.feed_forward(hidden))
        return out


class _Attention(nn.Module):
    def __init__(self, H: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(H, H)
        self.k_proj = nn.Linear(H, H)
        self.v_proj = nn.Linear(H, H)
        self.out_proj = nn.Linear(H, H)

    def forward(self, hidden: Tensor) -> Tensor:
        q, k, v = (
            project(hidden).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        out: Tensor = self.out_proj(attended)
        return out


class _FeedForward(nn.Module):
    def __init__(self, H: int, inner: int) -> None:
        super().__init__()
        self.intermediate_dense = nn.Linear(H, inner)
        self.output_dense = nn.Linear(inner, H)

    def forward(self, hidden: Tensor) -> Tensor:
        out: Tensor = self.output_dense(F.gelu(self.intermediate_dense(hidden)))
        return out
