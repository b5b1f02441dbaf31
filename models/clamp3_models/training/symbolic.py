"""The contrastive stage of text and notation: symbolic encoder and both projections, text frozen.

The paper's stage trains everything with the un-normalised ClipLoss at scale 1; a small model learns
better with normalised embeddings, a learnt temperature, several right answers per text, and a second
loss that draws two excerpts of one piece together (score and performance alike). The paper's own loss
stays available as ``clip_loss``.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from clamp3_models.clamp3 import SymbolicEncoder, mean_pool
from clamp3_models.training.bank import Bank
from clamp3_models.training.batches import Batch, PackedExcerpts, Sampler
from clamp3_models.training.losses import multi_positive_loss
from clamp3_models.transformer import TransformerConfig

MAX_SCALE = math.log(100.0)


@dataclass(frozen=True, slots=True)
class SymbolicSettings:
    """How the stage is run."""

    steps: int
    batch_size: int = 192
    learning_rate: float = 7e-4
    warmup_steps: int = 60
    weight_decay: float = 0.02
    temperature: float = 0.07
    """At the start; learnt from there."""
    piece_loss_weight: float = 0.5
    balance: float = 0.5
    max_patches: int = 96
    """Of an excerpt; shorter ones train faster, and what is indexed is short."""
    seed: int = 42
    checkpoint_every: int = 50


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is trained: the symbolic encoder, into a space of so many dimensions."""

    symbolic: TransformerConfig
    dim: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What a step reports."""

    step: int
    text_loss: float
    piece_loss: float
    scale: float


class _Student(nn.Module):
    """What is trained: names of the official state dict, and the temperature beside them."""

    def __init__(self, config: TransformerConfig, text_hidden: int, dim: int) -> None:
        super().__init__()
        self.text_proj = nn.Linear(text_hidden, dim)
        self.symbolic_model = SymbolicEncoder(config)
        self.symbolic_proj = nn.Linear(config.hidden_size, dim)
        self.log_scale = nn.Parameter(torch.zeros(()))

    def music(self, excerpts: PackedExcerpts) -> Tensor:
        hidden = self.symbolic_model(excerpts.patches, excerpts.lengths)
        projected = self.symbolic_proj(mean_pool(hidden, excerpts.lengths))
        return F.normalize(projected, dim=-1)[excerpts.order]

    def text(self, features: Tensor) -> Tensor:
        return F.normalize(self.text_proj(features), dim=-1)


def train_symbolic(
    bank: Bank,
    text_features: NDArray[np.float32],
    sizes: Sizes,
    *,
    settings: SymbolicSettings,
    work: Path,
    report: Callable[[Progress], None],
) -> dict[str, Tensor]:
    """Train, resuming from the checkpoint in ``work`` if there is one.

    Parameters
    ----------
    bank : Bank
        Pieces, texts and excerpts.
    text_features : ndarray
        float32 ``(texts, H)``: mean-pooled states of the frozen text tower for every text.
    sizes : Sizes
        Of the symbolic encoder and the space.
    settings : SymbolicSettings
        How the stage is run.
    work : Path
        Folder of the checkpoint.
    report : callable
        Told about every step.

    Returns
    -------
    dict of str to Tensor
        Trained part of the state dict: ``symbolic_model.*``, ``symbolic_proj.*``, ``text_proj.*``.
    """
    torch.manual_seed(settings.seed)
    features = torch.from_numpy(text_features)
    student = _Student(sizes.symbolic, features.shape[1], sizes.dim)
    student.log_scale.data.fill_(-math.log(settings.temperature))
    optimizer = torch.optim.AdamW(
        student.parameters(),
        settings.learning_rate,
        (0.9, 0.98),
        weight_decay=settings.weight_decay,
    )
    checkpoint = work / "checkpoint.pt"
    start = _resume(checkpoint, student, optimizer, settings)
    sampler = Sampler(
        bank,
        batch_size=settings.batch_size,
        balance=settings.balance,
        max_patches=settings.max_patches,
        seed=settings.seed,
    )
    student.train()
    for step in range(start, settings.steps):
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * schedule(step, settings)
        report(_step(student, optimizer, sampler.batch(step), features, settings, step))
        if (step + 1) % settings.checkpoint_every == 0 or step + 1 == settings.steps:
            _save(checkpoint, student, optimizer, step + 1, settings)
    return {key: value for key, value in student.state_dict().items() if key != "log_scale"}


def schedule(step: int, settings: SymbolicSettings) -> float:
    """Share of the learning rate: a linear warm-up, then half a cosine down to nothing."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * done))


def _step(
    student: _Student, optimizer: torch.optim.Optimizer, batch: Batch, features: Tensor,
    settings: SymbolicSettings, step: int,
) -> Progress:  # fmt: skip
    first, second = student.music(batch.first), student.music(batch.second)
    said = student.text(features[batch.texts])
    scale = student.log_scale.clamp(max=MAX_SCALE).exp()
    text_loss = multi_positive_loss(scale * said @ first.t(), batch.text_matches)
    piece_loss = multi_positive_loss(scale * first @ second.t(), batch.piece_matches)
    optimizer.zero_grad()
    torch.autograd.backward(text_loss + settings.piece_loss_weight * piece_loss)
    nn.utils.clip_grad_norm_(student.parameters(), 1.0)
    optimizer.step()
    return Progress(step, text_loss.item(), piece_loss.item(), scale.item())


def _save(
    path: Path, student: nn.Module, optimizer: torch.optim.Optimizer, step: int,
    settings: SymbolicSettings,
) -> None:  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    torch.save(
        {
            "model": student.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
            "settings": asdict(settings),
        },
        unfinished,
    )
    unfinished.replace(path)


def _resume(
    path: Path, student: nn.Module, optimizer: torch.optim.Optimizer, settings: SymbolicSettings
) -> int:
    if not path.exists():
        return 0
    saved = torch.load(path, weights_only=True)
    if saved["settings"] != asdict(settings):
        raise ValueError(f"{path} belongs to a run with other settings; use another work folder")
    student.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    return int(saved["step"])
