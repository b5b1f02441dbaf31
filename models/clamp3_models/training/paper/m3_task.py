"""M3 pre-training as a task for the engine."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from clamp3_models.training.paper.engine import Noise, batched, precision
from clamp3_models.training.paper.m3 import M3, SpoiltBatch, SpoiltPiece, pack_pieces, spoil
from clamp3_models.training.paper.music import Form
from clamp3_models.training.paper.ranks import Ranks


@dataclass(frozen=True, slots=True)
class M3Examples:
    """Scores and performances, each form of a record by itself."""

    forms: Sequence[Form]
    patch_length: int

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.forms)

    def draw(self, row: int, choose: random.Random) -> SpoiltPiece:
        """Take a window of a piece and spoil it."""
        patches = self.forms[row].patches(self.patch_length, choose, drop_names=False)
        return spoil(patches, choose)

    def evaluation(self, row: int, choose: random.Random) -> SpoiltPiece:
        """Take the head of a piece and select patches of it, without spoiling them."""
        patches = self.forms[row].patches(self.patch_length, None)
        return spoil(patches, choose, "original")


@dataclass(frozen=True, slots=True)
class M3Task:
    """Learn to write what was spoilt."""

    model: M3
    ranks: Ranks
    device: torch.device
    chunk_size: int = 0
    """Pieces that are computed at once; 0: all of a batch."""
    bf16: bool = False

    def train_mode(self) -> None:
        """Turn dropout on."""
        self.model.train()

    def backward(self, examples: Sequence[SpoiltPiece], noise: Noise) -> float:
        """Add to the gradients; gives the mean loss of a character, over all processes."""
        chunks = [pack_pieces(chunk) for chunk in batched(examples, self.chunk_size)]
        total = self._total(chunks)
        loss = 0.0
        for i, chunk in enumerate(chunks):
            noise(i)
            with precision(self.device, bf16=self.bf16):
                part = self.model(chunk.to(self.device)) / total
            torch.autograd.backward(part)
            loss += part.item()
        return self.ranks.sum(loss, self.device)

    def loss(self, examples: Sequence[SpoiltPiece]) -> float:
        """Evaluate in float32."""
        chunks = [pack_pieces(chunk) for chunk in batched(examples, self.chunk_size)]
        loss = sum(self.model(chunk.to(self.device)).item() for chunk in chunks)
        return self.ranks.sum(loss, self.device) / self._total(chunks)

    def _total(self, chunks: Sequence[SpoiltBatch]) -> float:
        """Count the characters of the batch over all processes, so that each weighs the same."""
        return self.ranks.sum(sum(chunk.targets for chunk in chunks), self.device)
