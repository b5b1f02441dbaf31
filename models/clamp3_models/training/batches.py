"""Batches of pieces for contrastive training: which pieces, two views of each, and which texts."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clamp3_models.training.bank import Bank, BankPiece
from clamp3_models.training.truth import Rows, Truth
from clamp3_models.training.views import View, ViewSettings, view_of


@dataclass(frozen=True, slots=True)
class PackedViews:
    """Views one after another, ordered by length."""

    patches: Tensor
    """uint8 ``(N, 64)``."""
    positions: Tensor
    """int64 ``(N,)``."""
    lengths: tuple[int, ...]
    order: Tensor
    """int64 ``(B,)``: place of piece i's view."""


@dataclass(frozen=True, slots=True)
class Batch:
    """``B`` pieces, two views of each, a text of each, and ``C`` other texts."""

    pieces: Rows
    transposed: tuple[bool, ...]
    """Whether the views of a piece are of a copy in another key."""
    texts: Tensor
    """int64 ``(B + C,)``: rows of text features, those of the pieces first."""
    first: PackedViews
    second: PackedViews


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """How batches are drawn."""

    pieces: int = 160
    other_texts: int = 6000
    """Texts of the whole set that every piece is told from."""
    balance: float = 0.3
    """0 draws every piece alike, 1 every source alike; between, sources count as their size to the
    power ``1 - balance``."""
    full_texts: float = 0.5
    """Share of pieces whose text is the full one, as its source has it."""
    transposed: float = 0.3
    """Share of pieces that are heard in another key, where there are copies."""
    across: float = 0.6
    """Share of second views that are of the other form (performance of a score)."""
    passages: float = 0.6
    """Share of second views of the same form that are passages."""


class Sampler:
    """Draw batches from a bank; the batch of a step depends on seed and step alone.

    Parameters
    ----------
    bank : Bank
        Pieces, texts and music.
    truth : Truth
        Of the same bank.
    settings : BatchSettings
        What goes into a batch.
    views : ViewSettings
        How views are drawn.
    seed : int
        Seed of everything drawn.
    """

    def __init__(
        self, bank: Bank, truth: Truth, settings: BatchSettings, views: ViewSettings, seed: int
    ) -> None:
        self._bank = bank
        self._truth = truth
        self._settings = settings
        self._views = views
        self._seed = seed
        sizes = Counter(piece.source for piece in bank.pieces)
        weights = np.array([sizes[piece.source] ** -settings.balance for piece in bank.pieces])
        self._chances = weights / weights.sum()

    def batch(self, step: int, *, thinned: bool = True) -> Batch:
        """Draw the batch of a step; its views are whole windows unless they are to be thinned."""
        rng = np.random.default_rng((self._seed, step))
        choose = random.Random(self._seed * 1_000_003 + step)  # noqa: S311 - reproducible, not secret
        drawn = rng.choice(
            len(self._chances), self._settings.pieces, replace=False, p=self._chances
        )
        pieces = [self._bank.pieces[row] for row in drawn]
        copies = [self._copy(piece, choose) for piece in pieces]
        texts = [
            self._text(p, choose, keyless=copy > 0) for p, copy in zip(pieces, copies, strict=True)
        ]
        others = rng.choice(len(self._bank.texts), self._settings.other_texts, replace=False)
        pairs = [
            self._pair(p, copy, choose, thinned=thinned)
            for p, copy in zip(pieces, copies, strict=True)
        ]
        return Batch(
            pieces=drawn,
            transposed=tuple(copy > 0 for copy in copies),
            texts=torch.from_numpy(np.concatenate([np.array(texts), others])),
            first=_pack([one for one, _ in pairs]),
            second=_pack([other for _, other in pairs]),
        )

    def _copy(self, piece: BankPiece, choose: random.Random) -> int:
        """Choose a copy: 0 is the piece as written."""
        copies = max(len(piece.score.whole), len(piece.performance.whole))
        if copies == 1 or choose.random() >= self._settings.transposed:
            return 0
        keyless = any(not self._truth.states_key[row] for row in piece.texts)
        return choose.randrange(1, copies) if keyless else 0

    def _text(self, piece: BankPiece, choose: random.Random, *, keyless: bool) -> int:
        if keyless:
            return choose.choice([row for row in piece.texts if not self._truth.states_key[row]])
        if choose.random() < self._settings.full_texts:
            return piece.texts[0]
        return choose.choice(piece.texts)

    def _pair(
        self, piece: BankPiece, copy: int, choose: random.Random, *, thinned: bool
    ) -> tuple[View, View]:
        settings, views = self._settings, self._views
        scores = piece.score if piece.score.whole else piece.performance
        second = scores
        across = bool(piece.score.whole and piece.performance.whole)
        if across and choose.random() < settings.across:
            second = piece.performance
        row = second.whole[copy]
        if copy == 0 and second.passages and choose.random() < settings.passages:
            row = choose.choice(second.passages)

        def view(row: int, form: object) -> View:
            most = views.most_messages if form is piece.performance else views.most_patches
            limit = most if thinned else views.window
            return view_of(self._bank.music(row), choose, views, limit)

        return view(scores.whole[copy], scores), view(row, second)


def _pack(views: Sequence[View]) -> PackedViews:
    lengths = [len(view.patches) for view in views]
    by_length = sorted(range(len(views)), key=lengths.__getitem__)
    order = torch.empty(len(views), dtype=torch.int64)
    order[torch.tensor(by_length)] = torch.arange(len(views))
    return PackedViews(
        torch.from_numpy(np.concatenate([views[i].patches for i in by_length])),
        torch.from_numpy(np.concatenate([views[i].positions for i in by_length])),
        tuple(lengths[i] for i in by_length),
        order,
    )
