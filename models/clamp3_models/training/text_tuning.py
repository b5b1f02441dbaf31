"""The last stage of a small model: the music side is finished, and texts are fitted to it.

In the contrastive stage the projection of texts follows a music side that still moves and shows thinned
windows. Here every piece is embedded once, as a library embeds it, and only the projection learns on: a
step costs two matrix products, so it can be told from all the wrong answers that memory holds.

References
----------
Zhai et al., "LiT: Zero-Shot Transfer with Locked-image text Tuning", 2022 (one side locked, the other tuned).
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clamp3_models.clamp3 import mean_pool
from clamp3_models.patches import Patches
from clamp3_models.segments import passes, segments_of
from clamp3_models.training.bank import Bank
from clamp3_models.training.symbolic import IMPOSSIBLE, Student, Trainer
from clamp3_models.training.truth import Rows
from clamp3_models.training.views import without_headers

_POSITIONS_AT_ONCE = 8192
_TOLD = 256
"""How many pieces are embedded between two reports."""


@dataclass(frozen=True, slots=True)
class TextTuningSettings:
    """How the stage is run."""

    steps: int
    pieces: int = 256
    other_texts: int = 6000
    full_texts: float = 0.5
    """Share of pieces whose text is the full one, as its source has it."""
    forms: tuple[float, ...] = (0.45, 0.2, 0.25, 0.1)
    """Shares of whole scores, scores without headers, performances, and passages."""
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    seed: int = 42


@dataclass(frozen=True, slots=True)
class Heard:
    """A bank as the music side hears it, in forms: score, score without headers, performance, passage."""

    vectors: Tensor
    """Unit rows, float32 ``(n, D)``."""
    rows: tuple[tuple[tuple[int, ...], ...], ...]
    """Of every piece and form: its rows of ``vectors``; empty if it has none."""


def hear(
    student: Student, bank: Bank, window: int, progress: Callable[[int], None] = lambda _: None
) -> Heard:
    """Embed every piece of a bank, and its passages, as a library embeds them.

    Parameters
    ----------
    student : Student
        Its music side is used, and not changed.
    bank : Bank
        What is embedded; copies in other keys are not.
    window : int
        Patches of a segment.
    progress : callable
        Told how many pieces are done.
    """
    vectors: list[Tensor] = []
    rows = []
    length = 0
    for start in range(0, len(bank.pieces), _TOLD):
        inputs: list[Patches] = []
        for piece in bank.pieces[start : start + _TOLD]:
            scores = [bank.music(row) for row in piece.score.whole[:1]]
            parts = [*piece.score.passages, *piece.performance.passages]
            forms = [
                scores,
                [without_headers(patches) for patches in scores],
                [bank.music(row) for row in piece.performance.whole[:1]],
                [bank.music(row) for row in parts],
            ]
            places = []
            for form in forms:
                places.append(tuple(range(length, length + len(form))))
                inputs += form
                length += len(form)
            rows.append(tuple(places))
        vectors.append(_embedded(student, inputs, window))
        progress(min(start + _TOLD, len(bank.pieces)))
    return Heard(torch.cat(vectors), tuple(rows))


def _embedded(student: Student, inputs: Sequence[Patches], window: int) -> Tensor:
    """Embed pieces to unit rows: the mean of their segments by the positions each is the first to hold."""
    segments = [s for i, x in enumerate(inputs) for s in segments_of(i, len(x), window)]
    segments.sort(key=lambda segment: segment.length)
    totals = torch.zeros(len(inputs), student.symbolic_proj.out_features)
    with torch.inference_mode():
        for batch in passes(segments, _POSITIONS_AT_ONCE):
            packed = [inputs[s.owner][s.start : s.start + s.length] for s in batch]
            lengths = [s.length for s in batch]
            hidden = student.symbolic_model(torch.from_numpy(np.concatenate(packed)), lengths)
            projected = student.symbolic_proj(mean_pool(hidden, lengths))
            weights = torch.tensor([s.weight for s in batch])[:, None]
            totals.index_add_(0, torch.tensor([s.owner for s in batch]), projected * weights)
        return F.normalize(totals, dim=-1)


def tune_text(
    trainer: Trainer,
    bank: Bank,
    heard: Heard,
    settings: TextTuningSettings,
    report: Callable[[int, float], None],
) -> None:
    """Train the projection of texts in place.

    Parameters
    ----------
    trainer : Trainer
        At the end of the contrastive stage; the projection of texts of its student is changed.
    bank : Bank
        What it learnt from.
    heard : Heard
        The same bank, embedded by the student.
    settings : TextTuningSettings
        How the stage is run.
    report : callable
        Told every step and its loss.
    """
    student = trainer.student
    scale = nn.Parameter(student.text_scale.detach().clone())
    optimizer = torch.optim.AdamW(
        [*student.text_proj.parameters(), scale], settings.learning_rate,
        weight_decay=settings.weight_decay,
    )  # fmt: skip
    for step, (pieces, music, texts) in enumerate(_batches(bank, heard, settings)):
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * _cosine(step / settings.steps)
        B = len(pieces)
        excluded = torch.from_numpy(trainer.truth.unfit(texts, pieces, np.zeros(B, bool))).t()
        excluded[:, :B].fill_diagonal_(0)
        logits = scale.exp() * heard.vectors[music] @ student.text(trainer.features[texts]).t()
        logits = logits.masked_fill(excluded, IMPOSSIBLE)
        answers = torch.arange(B)
        by_music = F.cross_entropy(logits, answers)
        by_text = F.cross_entropy(logits[:, :B].t(), answers)
        loss = (by_music + by_text) / 2
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        report(step, loss.item())


def _batches(
    bank: Bank, heard: Heard, settings: TextTuningSettings
) -> Iterator[tuple[Rows, list[int], Rows]]:
    """Draw pieces, a row of ``heard`` for each, and rows of texts: theirs first, then others."""
    rng = np.random.default_rng(settings.seed)
    choose = random.Random(settings.seed)  # noqa: S311 - reproducible, not secret
    B = min(settings.pieces, len(bank.pieces))
    others = min(settings.other_texts, len(bank.texts))
    for _ in range(settings.steps):
        pieces = rng.choice(len(bank.pieces), B, replace=False)
        music = [_drawn(heard.rows[row], settings.forms, choose) for row in pieces]
        told = [bank.pieces[row].texts for row in pieces]
        full = [choose.random() < settings.full_texts for _ in told]
        own = [
            texts[0] if whole else choose.choice(texts)
            for texts, whole in zip(told, full, strict=True)
        ]
        rest = rng.choice(len(bank.texts), others, replace=False)
        yield pieces, music, np.concatenate([np.array(own), rest])


def _drawn(forms: Sequence[Sequence[int]], shares: Sequence[float], choose: random.Random) -> int:
    """Draw a form that a piece has, by the shares, then a row of it."""
    there = [(rows, share) for rows, share in zip(forms, shares, strict=True) if rows]
    (rows,) = choose.choices([rows for rows, _ in there], [share for _, share in there])
    return choose.choice(rows)


def _cosine(done: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * done))
