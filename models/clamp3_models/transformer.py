"""The BERT encoder that all three towers share, run on packed sequences without padding.

Conventions: a batch is *packed*: the positions of all sequences one after another, ``(N, H)``, with
``lengths`` that add up to ``N``. Equal lengths that stand side by side are attended to together, so a
caller who sorts by length gets full batches; no position is ever computed for padding. Parameter
names are those of ``transformers.BertModel``, so that official checkpoints load as they are.

References
----------
Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019 (post-layer-norm, GELU).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_MOST = {
    "hidden_size": 2**14,
    "num_layers": 256,
    "num_heads": 2**10,
    "intermediate_size": 2**17,
    "vocab_size": 2**22,
    "max_positions": 2**17,
    "type_vocab_size": 16,
}
"""Far above any published encoder; a configuration from elsewhere must not ask for terabytes."""


@dataclass(frozen=True, slots=True)
class TransformerConfig:
    """Sizes of one tower."""

    hidden_size: int
    num_layers: int
    num_heads: int
    intermediate_size: int
    vocab_size: int
    max_positions: int
    type_vocab_size: int
    layer_norm_eps: float
    dropout: float = 0.1

    def __post_init__(self) -> None:
        """Refuse sizes that no model has, or that do not go together."""
        for name, most in _MOST.items():
            size = getattr(self, name)
            if not 1 <= size <= most:
                raise ValueError(f"{name} is {size}; it is between 1 and {most:,}")
        if self.hidden_size % self.num_heads:
            raise ValueError(f"{self.num_heads} heads do not divide {self.hidden_size}")


class Transformer(nn.Module):
    """Embeddings, encoder layers, and the pooler that checkpoints carry but nothing uses."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = _Embeddings(config)
        self.encoder = _Layers(config)
        self.pooler = _Dense(config.hidden_size, config.hidden_size)

    def forward(self, inputs: Tensor, positions: Tensor, lengths: Sequence[int]) -> Tensor:
        """Encode packed input embeddings.

        Parameters
        ----------
        inputs : Tensor
            shape ``(N, H)``: word, patch or frame embeddings.
        positions : Tensor
            int64, shape ``(N,)``: index into the position table.
        lengths : sequence of int
            Length of every sequence; they add up to ``N``.

        Returns
        -------
        Tensor
            shape ``(N, H)``: last hidden state.
        """
        hidden: Tensor = self.embeddings(inputs, positions)
        for layer in self.encoder.layer:
            hidden = layer(hidden, lengths)
        return hidden


def runs_of(lengths: Sequence[int]) -> tuple[list[int], list[int]]:
    """Group equal lengths that stand side by side: how many sequences, and how many positions.

    Examples
    --------
    >>> runs_of([5, 5, 9])
    ([2, 1], [10, 9])
    """
    runs = [(sum(1 for _ in run), length) for length, run in groupby(lengths)]
    return [count for count, _ in runs], [count * length for count, length in runs]


class _Embeddings(nn.Module):
    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        H = config.hidden_size
        self.word_embeddings: nn.Module = nn.Embedding(config.vocab_size, H)
        self.position_embeddings = nn.Embedding(config.max_positions, H)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, H)
        self.LayerNorm = nn.LayerNorm(H, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.dropout)

    def use_packed_words(self, packed: nn.Module) -> None:
        """Look words up in a table of another form, which is then no part of the state dict."""
        self.word_embeddings = packed

    def forward(self, inputs: Tensor, positions: Tensor) -> Tensor:
        summed = inputs + self.token_type_embeddings.weight[0] + self.position_embeddings(positions)
        out: Tensor = self.dropout(self.LayerNorm(summed))
        return out


class _Layers(nn.Module):
    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(config) for _ in range(config.num_layers))


class Layer(nn.Module):
    """Attention, then two linear layers for each position by itself."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention = _Attention(config)
        self.intermediate = _Dense(config.hidden_size, config.intermediate_size)
        self.output = _Output(config.intermediate_size, config)

    def forward(self, hidden: Tensor, lengths: Sequence[int]) -> Tensor:
        """Encode packed positions, float ``(N, H)``."""
        attended = self.attention(hidden, lengths)
        out: Tensor = self.output(F.gelu(self.intermediate(attended)), attended)
        return out


class _Attention(nn.Module):
    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.self = _SelfAttention(config)
        self.output = _Output(config.hidden_size, config)

    def forward(self, hidden: Tensor, lengths: Sequence[int]) -> Tensor:
        out: Tensor = self.output(self.self(hidden, lengths), hidden)
        return out


class _SelfAttention(nn.Module):
    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        H = config.hidden_size
        self.heads = config.num_heads
        self.dropout = config.dropout
        self.query = nn.Linear(H, H)
        self.key = nn.Linear(H, H)
        self.value = nn.Linear(H, H)

    def forward(self, hidden: Tensor, lengths: Sequence[int]) -> Tensor:
        runs, sizes = runs_of(lengths)
        # split, because the gradient of many slices would each time fill a tensor of full size
        q, k, v = (torch.split(x(hidden), sizes) for x in (self.query, self.key, self.value))
        attended = [self._attend(*part) for part in zip(q, k, v, runs, strict=True)]
        return attended[0] if len(attended) == 1 else torch.cat(attended)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, B: int) -> Tensor:
        """Attend within each of ``B`` sequences of one length, given and returned as ``(B * T, H)``."""

        def heads(x: Tensor) -> Tensor:
            return x.view(B, x.shape[0] // B, self.heads, -1).transpose(1, 2)

        dropout = self.dropout if self.training else 0.0
        out = F.scaled_dot_product_attention(heads(q), heads(k), heads(v), dropout_p=dropout)
        return out.transpose(1, 2).reshape(q.shape)


class _Output(nn.Module):
    """Project back, add, normalise."""

    def __init__(self, inputs: int, config: TransformerConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor, residual: Tensor) -> Tensor:
        out: Tensor = self.LayerNorm(self.dropout(self.dense(hidden)) + residual)
        return out


class _Dense(nn.Module):
    """A linear layer under the name ``dense``, as the checkpoints have it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)

    def forward(self, hidden: Tensor) -> Tensor:
        out: Tensor = self.dense(hidden)
        return out
