"""The text tower in training: texts to mean states, before projection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clamp3_models import e5
from clamp3_models.clamp3 import Clamp3Config, mean_pool, text_positions
from clamp3_models.tokenizer import Tokenizer, join_lines
from clamp3_models.transformer import Transformer

_BATCH = 64  # texts that are encoded together where nothing is learnt


@dataclass(frozen=True, slots=True)
class TextTower:
    """A text encoder, and how a text becomes ids."""

    model: Transformer
    tokenizer: Tokenizer
    prefix: str
    length: int
    """Ids that are read of a text; a longer one keeps its head."""

    @classmethod
    def of_e5(cls, state: Mapping[str, Tensor], tokenizer: Tokenizer) -> "TextTower":
        """Take multilingual-e5-small, as ``e5.read_e5`` gives it."""
        model = Transformer(e5.CONFIG).eval()
        model.load_state_dict(state)
        return cls(model, tokenizer, e5.PREFIX, Clamp3Config.official("").text_length)

    def pooled(self, texts: Sequence[str]) -> Tensor:
        """Encode to mean states, ``(n, H)``, in the order of the texts."""
        ids = [
            torch.tensor(self.tokenizer(self.prefix + join_lines(t))[: self.length]) for t in texts
        ]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        lengths = [len(ids[i]) for i in order]
        packed = torch.cat([ids[i] for i in order])
        inputs = self.model.embeddings.word_embeddings(packed)
        hidden = self.model(inputs, text_positions(packed, lengths), lengths)
        places = torch.empty(len(order), dtype=torch.int64)
        places[torch.tensor(order)] = torch.arange(len(order))
        return mean_pool(hidden, lengths)[places]

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode any number of texts without learning, float32 ``(n, H)``."""
        starts = range(0, len(texts), _BATCH)
        with torch.inference_mode():
            batches = [self.pooled(texts[start : start + _BATCH]) for start in starts]
        return np.asarray(torch.cat(batches).numpy())
