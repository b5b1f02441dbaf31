"""Batches of pieces for contrastive training: which pieces, which excerpt, which text, what matches."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clamp3_models.training.bank import Bank, BankPiece
from clamp3_models.training.excerpts import head

_OTHER_MODALITY_SHARE = 0.5
"""How often the second excerpt of a piece that has both is of the other modality."""


@dataclass(frozen=True, slots=True)
class Batch:
    """``B`` pieces: a text row and two excerpts each, and which of them belong together."""

    texts: Tensor
    """int64 ``(B,)``: rows of the text features."""
    first: "PackedExcerpts"
    second: "PackedExcerpts"
    text_matches: Tensor
    """float32 ``(B, B)``: 1 where text i is true of piece j."""
    piece_matches: Tensor
    """float32 ``(B, B)``: 1 where pieces i and j are of one family."""


@dataclass(frozen=True, slots=True)
class PackedExcerpts:
    """Excerpts one after another, ordered by length."""

    patches: Tensor
    """uint8 ``(N, 64)``."""
    lengths: tuple[int, ...]
    order: Tensor
    """int64 ``(B,)``: place of piece i's excerpt."""


class Sampler:
    """Draw batches from a bank; the batch of a step depends on seed and step alone.

    Parameters
    ----------
    bank : Bank
        Pieces, texts and excerpts.
    batch_size : int
        Pieces in a batch, all different.
    balance : float
        0 draws every piece alike, 1 every source alike; between, sources count as their size to
        the power ``1 - balance``.
    max_patches : int
        Longer excerpts keep their head.
    seed : int
        Seed of everything drawn.
    """

    def __init__(
        self, bank: Bank, *, batch_size: int, balance: float, max_patches: int, seed: int
    ) -> None:
        self._bank = bank
        self._max_patches = max_patches
        self._batch_size = batch_size
        self._seed = seed
        sizes = Counter(piece.source for piece in bank.pieces)
        weights = np.array([sizes[piece.source] ** -balance for piece in bank.pieces])
        self._chances = weights / weights.sum()

    def batch(self, step: int) -> Batch:
        """Draw the batch of a step."""
        rng = np.random.default_rng((self._seed, step))
        choose = random.Random(self._seed * 1_000_003 + step)  # noqa: S311 - reproducible, not secret
        drawn = rng.choice(len(self._chances), self._batch_size, replace=False, p=self._chances)
        pieces = [self._bank.pieces[i] for i in drawn]
        pairs = [_two_excerpts(piece, choose) for piece in pieces]
        texts = [choose.choice(piece.texts) for piece in pieces]
        families = [piece.family for piece in pieces]
        said = [self._bank.text_facts[row] for row in texts]
        return Batch(
            texts=torch.tensor(texts),
            first=self._pack([one for one, _ in pairs]),
            second=self._pack([other for _, other in pairs]),
            text_matches=_matrix([[facts <= piece.facts for piece in pieces] for facts in said]),
            piece_matches=_matrix([[mine == its for its in families] for mine in families]),
        )

    def _pack(self, rows: Sequence[int]) -> PackedExcerpts:
        excerpts = [head(self._bank.excerpt(row), self._max_patches) for row in rows]
        by_length = sorted(range(len(rows)), key=lambda i: len(excerpts[i]))
        order = torch.empty(len(rows), dtype=torch.int64)
        order[torch.tensor(by_length)] = torch.arange(len(rows))
        patches = np.concatenate([excerpts[i] for i in by_length])
        lengths = tuple(len(excerpts[i]) for i in by_length)
        return PackedExcerpts(torch.from_numpy(patches), lengths, order)


def _two_excerpts(piece: BankPiece, choose: random.Random) -> tuple[int, int]:
    forms = [rows for rows in (piece.scores, piece.performances) if rows]
    first = choose.choice(forms)
    across = len(forms) > 1 and choose.random() < _OTHER_MODALITY_SHARE
    second = next(rows for rows in forms if rows is not first) if across else first
    return choose.choice(first), choose.choice(second)


def _matrix(rows: list[list[bool]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float32)
