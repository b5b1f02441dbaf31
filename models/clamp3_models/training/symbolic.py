"""The contrastive stage of a small model: text, scores and performances at once, text tower frozen.

The paper's stage trains on text and one view of the music with the un-normalised ClipLoss at scale 1
and batches of thousands. A small model on two CPU cores gets further with normalised embeddings and
learnt temperatures, and with two things that cost little beside the encoder:

* every view is told from thousands of texts of the whole set, since their features are frozen;
* two views of a piece, score and performance or whole and passage, are drawn together.

What a text says truly of another piece is never counted against it. The paper's own stages are in
``clamp3_models.training.paper``.

References
----------
Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from clamp3_models.clamp3 import SymbolicEncoder, TextProjection, mean_pool
from clamp3_models.training.bank import Bank
from clamp3_models.training.batches import Batch, BatchSettings, PackedViews, Sampler
from clamp3_models.training.losses import symmetric_loss
from clamp3_models.training.truth import Truth
from clamp3_models.training.views import ViewSettings
from clamp3_models.training.whitening import Whitening
from clamp3_models.transformer import TransformerConfig

MAX_SCALE = math.log(100.0)
IMPOSSIBLE = -1e4
"""Logit of an answer that is left out of a choice."""


@dataclass(frozen=True, slots=True)
class SymbolicSettings:
    """How the stage is run."""

    steps: int
    learning_rate: float = 2e-3
    warmup_steps: int = 60
    restart_at: int = 0
    """Step at which the schedule begins anew with a fresh optimizer; 0: never."""
    restart_learning_rate: float = 1e-3
    weight_decay: float = 0.05
    """Of matrices; vectors are not decayed."""
    temperature: float = 0.07
    """At the start; learnt from there."""
    pair_loss_weight: float = 0.5
    whole_from: float = 0.9
    """Share of the run after which windows are no longer thinned."""
    seed: int = 42
    checkpoint_every: int = 50


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is trained: the symbolic encoder, into a space of so many dimensions."""

    symbolic: TransformerConfig
    dim: int
    text_residual: int = 0
    """Hidden layer beside the projection of texts; 0: none."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a step reports."""

    step: int
    text_loss: float
    pair_loss: float
    scale: float


class Student(nn.Module):
    """What is trained: names of the official state dict, and the temperatures beside them."""

    def __init__(self, sizes: Sizes, text_hidden: int, temperature: float) -> None:
        super().__init__()
        self.text_proj = TextProjection(text_hidden, sizes.dim, sizes.text_residual)
        if self.text_proj.outer is not None:
            nn.init.zeros_(self.text_proj.outer.weight)  # begin as if it were linear
        self.symbolic_model = SymbolicEncoder(sizes.symbolic)
        self.symbolic_proj = nn.Linear(sizes.symbolic.hidden_size, sizes.dim)
        self.text_scale = nn.Parameter(torch.tensor(-math.log(temperature)))
        self.pair_scale = nn.Parameter(torch.tensor(-math.log(temperature)))

    def music(self, views: PackedViews) -> Tensor:
        """Encode views to unit rows, ``(B, D)``."""
        hidden = self.symbolic_model(views.patches, views.lengths, views.positions)
        projected = self.symbolic_proj(mean_pool(hidden, views.lengths))
        return F.normalize(projected, dim=-1)[views.order]

    def text(self, features: Tensor) -> Tensor:
        """Project whitened features to unit rows, ``(B, D)``."""
        return F.normalize(self.text_proj(features), dim=-1)


class Trainer:
    """One run of the stage; the state after a step depends on settings, data and step alone.

    Parameters
    ----------
    bank : Bank
        Pieces, texts and music.
    text_features : ndarray
        float32 ``(texts, H)``: mean-pooled states of the frozen text tower for every text.
    sizes : Sizes
        Of the symbolic encoder and the space.
    settings, batches, views
        How the stage is run, and on what.
    """

    def __init__(
        self, bank: Bank, text_features: NDArray[np.float32], sizes: Sizes, *,
        settings: SymbolicSettings, batches: BatchSettings, views: ViewSettings,
    ) -> None:  # fmt: skip
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.whitening = Whitening.of(text_features)
        self.features = self.whitening(torch.from_numpy(text_features))
        """Of every text, whitened."""
        self.student = Student(sizes, text_features.shape[1], settings.temperature)
        self._optimizer = self._fresh_optimizer()
        self.truth = Truth(bank)
        families = {name: i for i, name in enumerate({piece.family: 0 for piece in bank.pieces})}
        self._families = torch.tensor([families[piece.family] for piece in bank.pieces])
        self._sampler = Sampler(bank, self.truth, batches, views, settings.seed)
        self._described = repr((sizes, settings, batches, views))
        self.step = 0

    def train(self, checkpoint: Path, report: Callable[[Progress], None]) -> None:
        """Train to the last step, going on from the checkpoint if there is one."""
        self._resume(checkpoint)
        self.student.train()
        settings = self.settings
        while self.step < settings.steps:
            if self.step == settings.restart_at:
                self._optimizer = self._fresh_optimizer()
            for group in self._optimizer.param_groups:
                group["lr"] = learning_rate(self.step, settings)
            thinned = self.step < settings.whole_from * settings.steps
            report(self._step(self._sampler.batch(self.step, thinned=thinned)))
            self.step += 1
            if self.step % settings.checkpoint_every == 0 or self.step == settings.steps:
                self._save(checkpoint)

    def trained(self) -> dict[str, Tensor]:
        """Give the trained part of the state dict, as a model folder has it."""
        student = self.student
        state = {key: value for key, value in student.state_dict().items() if "scale" not in key}
        return {**state, **self.whitening.taken_out_of(student.text_proj)}

    def _fresh_optimizer(self) -> torch.optim.AdamW:
        groups = _decayed(self.student, self.settings.weight_decay)
        return torch.optim.AdamW(groups, self.settings.learning_rate, (0.9, 0.98))

    def _step(self, batch: Batch) -> Progress:
        student = self.student
        views = student.music(batch.first), student.music(batch.second)
        texts = student.text(self.features[batch.texts])
        text_loss = self._text_loss(batch, views, texts)
        pair_loss = self._pair_loss(torch.from_numpy(batch.pieces), views)
        self._optimizer.zero_grad()
        torch.autograd.backward(text_loss + self.settings.pair_loss_weight * pair_loss)
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        self._optimizer.step()
        scale = student.text_scale.exp().item()
        return Progress(self.step, text_loss.item(), pair_loss.item(), scale)

    def _text_loss(self, batch: Batch, views: tuple[Tensor, Tensor], texts: Tensor) -> Tensor:
        """Tell every view from all texts of the batch, and every piece's text from all views."""
        scale = self.student.text_scale.clamp(max=MAX_SCALE).exp()
        B = len(batch.pieces)
        unfit = self.truth.unfit(batch.texts.numpy(), batch.pieces, batch.transposed)
        excluded = torch.from_numpy(unfit).t()
        excluded[:, :B].fill_diagonal_(0)
        answers = torch.arange(B)
        losses = []
        for view in views:
            logits = (scale * view @ texts.t()).masked_fill(excluded, IMPOSSIBLE)
            losses.append(F.cross_entropy(logits, answers))
            losses.append(F.cross_entropy(logits[:, :B].t(), answers))
        return torch.stack(losses).mean()

    def _pair_loss(self, pieces: Tensor, views: tuple[Tensor, Tensor]) -> Tensor:
        """Tell the second view of a piece from all other pieces' by the first, and the other way."""
        scale = self.student.pair_scale.clamp(max=MAX_SCALE).exp()
        families = self._families[pieces]
        related = families[:, None] == families[None]
        related.fill_diagonal_(0)
        logits = (scale * views[0] @ views[1].t()).masked_fill(related, IMPOSSIBLE)
        return symmetric_loss(logits)

    def _save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".tmp")
        torch.save(
            {
                "model": self.student.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "step": self.step,
                "settings": self._described,
            },
            unfinished,
        )
        unfinished.replace(path)

    def _resume(self, path: Path) -> None:
        if not path.exists():
            return
        saved = torch.load(path, weights_only=True)
        if saved["settings"] != self._described:
            raise ValueError(
                f"{path} belongs to a run with other settings; use another work folder"
            )
        self.student.load_state_dict(saved["model"])
        self._optimizer.load_state_dict(saved["optimizer"])
        self.step = int(saved["step"])


def learning_rate(step: int, settings: SymbolicSettings) -> float:
    """Learning rate of a step: a linear warm-up, then half a cosine down to nothing, once or twice."""
    restarted = 0 < settings.restart_at <= step
    start, peak, end = 0, settings.learning_rate, settings.restart_at or settings.steps
    if restarted:
        start, peak, end = settings.restart_at, settings.restart_learning_rate, settings.steps
    if step - start < settings.warmup_steps:
        return peak * (step - start + 1) / settings.warmup_steps
    done = (step - start - settings.warmup_steps) / max(1, end - start - settings.warmup_steps)
    return peak * 0.5 * (1 + math.cos(math.pi * done))


def _decayed(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
