"""CLaMP 3 as a torch module: three towers into one space, with the official state-dict keys.

Shapes: ``N`` packed positions, ``B`` sequences, ``H`` hidden size of a tower, ``D`` size of the space.

References
----------
Wu et al., "CLaMP 3: Universal Music Information Retrieval Across Unaligned Modalities and Unseen
Languages", arXiv 2502.10362; names and shapes as in github.com/sanderwood/clamp3 ``code/utils.py``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from clamp3_models.patches import PATCH_SIZE
from clamp3_models.transformer import Transformer, TransformerConfig

PATCH_VOCABULARY = 128  # ASCII
TEXT_PAD = 1  # XLM-RoBERTa's id of <pad>


@dataclass(frozen=True, slots=True)
class Clamp3Config:
    """Sizes of every tower and the lengths they read at once; the content of ``config.json``."""

    name: str
    dim: int
    text: TransformerConfig
    symbolic: TransformerConfig
    audio: TransformerConfig | None
    """None: this model reads text and notation only."""
    text_length: int = 128
    patch_length: int = 512
    audio_length: int = 128
    text_prefix: str = ""
    """Put before every text; the text tower of mini was trained with ``query: ``."""
    audio_front_end: str = "mert-v1-95m"
    text_residual: int = 0
    """Width of the hidden layer beside the projection of texts; 0: the projection is linear."""

    @classmethod
    def official(cls, name: str) -> "Clamp3Config":
        """Sizes of the published checkpoints (saas and c2 alike)."""
        text = TransformerConfig(768, 12, 12, 3072, 250_002, 514, 1, 1e-5)
        symbolic = TransformerConfig(768, 12, 12, 3072, 1, 512, 2, 1e-12)
        audio = TransformerConfig(768, 12, 12, 3072, 1, 128, 2, 1e-12)
        return cls(name, 768, text, symbolic, audio)

    def to_json(self) -> dict[str, object]:
        """Content of ``config.json``."""
        return {"model_type": "clamp3", **asdict(self)}

    @classmethod
    def from_json(cls, table: dict[str, Any]) -> "Clamp3Config":
        """Read ``config.json``; ValueError or TypeError where it is none of ours."""
        if table.get("model_type") != "clamp3":
            raise ValueError(f"model_type is {table.get('model_type')!r}, not 'clamp3'")
        towers = ("text", "symbolic", "audio")
        rest = {k: v for k, v in table.items() if k not in {"model_type", *towers}}
        return cls(
            text=TransformerConfig(**table["text"]),
            symbolic=TransformerConfig(**table["symbolic"]),
            audio=TransformerConfig(**table["audio"]) if table["audio"] else None,
            **rest,
        )


class Clamp3(nn.Module):
    """The three encoders and their projections."""

    def __init__(self, config: Clamp3Config) -> None:
        super().__init__()
        self.config = config
        self.text_model = Transformer(config.text)
        self.text_proj = TextProjection(config.text.hidden_size, config.dim, config.text_residual)
        self.symbolic_model = SymbolicEncoder(config.symbolic)
        self.symbolic_proj = nn.Linear(config.symbolic.hidden_size, config.dim)
        if config.audio is not None:
            self.audio_model = Transformer(config.audio)
            self.audio_proj = nn.Linear(config.audio.hidden_size, config.dim)

    def text_hidden(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """Encode packed token ids, int64 ``(N,)``, to ``(N, H)``."""
        inputs = self.text_model.embeddings.word_embeddings(ids)
        hidden: Tensor = self.text_model(inputs, text_positions(ids, lengths), lengths)
        return hidden

    def symbolic_hidden(self, patches: Tensor, lengths: Sequence[int]) -> Tensor:
        """Encode packed patches, uint8 ``(N, 64)``, to ``(N, H)``."""
        hidden: Tensor = self.symbolic_model(patches, lengths)
        return hidden

    def audio_hidden(self, frames: Tensor, lengths: Sequence[int]) -> Tensor:
        """Encode packed feature vectors, float ``(N, H)``, to ``(N, H)``."""
        hidden: Tensor = self.audio_model(frames, _positions(lengths, frames.device), lengths)
        return hidden


class TextProjection(nn.Linear):
    """Projection of pooled texts, ``(B, H)`` to ``(B, D)``: linear, with a hidden layer beside it if asked.

    A text tower that stays frozen says some things along no straight line; the hidden layer gives a
    small model back what training the tower would give. The published models have none.
    """

    def __init__(self, hidden_size: int, dim: int, residual: int) -> None:
        super().__init__(hidden_size, dim)
        self.inner = nn.Linear(hidden_size, residual) if residual else None
        self.outer = nn.Linear(residual, dim, bias=False) if residual else None

    def forward(self, pooled: Tensor) -> Tensor:
        """Project ``(B, H)`` to ``(B, D)``."""
        linear = super().forward(pooled)
        if self.inner is None or self.outer is None:
            return linear
        bent: Tensor = self.outer(nn.functional.gelu(self.inner(pooled)))
        return linear + bent


class SymbolicEncoder(nn.Module):
    """M3: a linear embedding of one-hot patches before a transformer."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.patch_embedding = nn.Linear(PATCH_SIZE * PATCH_VOCABULARY, config.hidden_size)
        self.base = Transformer(config)

    def forward(
        self, patches: Tensor, lengths: Sequence[int], positions: Tensor | None = None
    ) -> Tensor:
        """Encode packed patches, uint8 ``(N, 64)``, to ``(N, H)``.

        ``positions``, int64 ``(N,)``, says where they stood in their sequences if some are left out.
        """
        if positions is None:
            positions = _positions(lengths, patches.device)
        hidden: Tensor = self.base(self.embed(patches), positions, lengths)
        return hidden

    def embed(self, patches: Tensor) -> Tensor:
        """Embed patches: the linear layer on one-hot input, as a sum of the columns that are not pads.

        Pad characters count, as in the reference; those that follow the last character of a patch
        are summed once for all patches. The same numbers as ``Linear(one_hot(patches).flatten())``
        up to the order of summation (3e-7).
        """
        table = self.patch_embedding.weight.t().contiguous()
        device = patches.device
        places = torch.arange(PATCH_SIZE, device=device)
        lengths = ((patches != 0) * (places + 1)).amax(1)
        indices = (patches.long() + places * PATCH_VOCABULARY)[places < lengths[:, None]]
        starts = lengths.cumsum(0) - lengths
        summed = nn.functional.embedding_bag(indices, table, starts, mode="sum")
        pads = table[::PATCH_VOCABULARY].flip(0).cumsum(0).flip(0)
        pads = torch.cat([pads, pads.new_zeros(1, pads.shape[1])])
        return summed + pads[lengths] + self.patch_embedding.bias

    def lay_out_for_speed(self) -> None:
        """Keep the patch embedding in the order it is read in, so that no call has to copy it."""
        weight = self.patch_embedding.weight
        weight.data = weight.data.t().contiguous().t()


def mean_pool(hidden: Tensor, lengths: Sequence[int]) -> Tensor:
    """Mean of every sequence's positions: ``(N, H)`` to ``(B, H)``, in float32."""
    counts = torch.tensor(lengths, device=hidden.device)
    rows = torch.repeat_interleave(torch.arange(len(lengths), device=hidden.device), counts)
    sums = torch.zeros(len(lengths), hidden.shape[1], device=hidden.device)
    return sums.index_add(0, rows, hidden.float()) / counts[:, None]


def _positions(lengths: Sequence[int], device: torch.device) -> Tensor:
    return torch.cat([torch.arange(length, device=device) for length in lengths])


def text_positions(ids: Tensor, lengths: Sequence[int]) -> Tensor:
    """Positions as XLM-RoBERTa counts them: from pad + 1, over the tokens that are not <pad>."""
    positions = []
    for part in torch.split(ids, list(lengths)):
        real = (part != TEXT_PAD).long()
        positions.append(real.cumsum(0) * real + TEXT_PAD)
    return torch.cat(positions)
