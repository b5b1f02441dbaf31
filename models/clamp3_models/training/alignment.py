"""Draw languages together: phrases in any language to where the same phrase in English lies.

The contrastive stage trains with a frozen text tower, whose languages lie near each other but not on
one point; among thousands of pieces that nearly tie, that is enough to find others. Here the top of
the tower and the projection learn from the tag vocabulary: a phrase of one to three concepts in some
language is drawn to what the model before gave for it in English, and English texts stay where they
were. Music is not touched.

References
----------
Reimers and Gurevych, "Making Monolingual Sentence Embeddings Multilingual using Knowledge
Distillation", 2020.
"""

import copy
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clamp3_models.training.text_tower import TextTower
from clamp3_models.training.texts import labels, languages

_SEPARATORS = (" ", ", ", "\n")


@dataclass(frozen=True, slots=True)
class AlignmentSettings:
    """How the stage is run."""

    steps: int
    layers: int = 4
    """From the top of the text tower; those below stay as they are."""
    phrases: int = 48
    """Of a batch, in a language each."""
    english_texts: int = 16
    """Of a batch: texts of the training set, which stay where they are."""
    learning_rate: float = 2e-4
    seed: int = 42


@dataclass(frozen=True, slots=True)
class TextSide:
    """Text tower and projection."""

    tower: TextTower
    projection: nn.Linear

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode to unit rows, ``(n, D)``."""
        return F.normalize(self.projection(self.tower.pooled(texts)), dim=-1)


def align(
    side: TextSide,
    english: Sequence[str],
    settings: AlignmentSettings,
    report: Callable[[int, float], None],
) -> None:
    """Train the top of the text side in place.

    Parameters
    ----------
    side : TextSide
        What the contrastive stage left.
    english : sequence of str
        Texts of the training set, as their sources write them.
    settings : AlignmentSettings
        How the stage is run.
    report : callable
        Told every step and its loss, the mean distance ``1 - cosine`` to the target.
    """
    teacher = copy.deepcopy(side)
    trained = _open_top(side, settings.layers)
    optimizer = torch.optim.AdamW(trained, settings.learning_rate, weight_decay=0.0)
    choose = random.Random(settings.seed)  # noqa: S311 - reproducible, not secret
    for step in range(settings.steps):
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * (1 - step / settings.steps)
        pairs = [_phrase(choose) for _ in range(settings.phrases)]
        kept = [choose.choice(english) for _ in range(settings.english_texts)]
        with torch.no_grad():
            target = teacher.encode([said for said, _ in pairs] + kept)
        found = side.encode([other for _, other in pairs] + kept)
        loss = (1 - (found * target).sum(-1)).mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        report(step, loss.item())


def _open_top(side: TextSide, layers: int) -> list[nn.Parameter]:
    """Let only the top layers and the projection learn."""
    model = side.tower.model.eval().requires_grad_(requires_grad=False)
    opened: list[nn.Module] = [*model.encoder.layer[-layers:], side.projection]
    for module in opened:
        module.requires_grad_(requires_grad=True)
    return [parameter for module in opened for parameter in module.parameters()]


def _phrase(choose: random.Random) -> tuple[str, str]:
    """Say one to three concepts in English and in another language."""
    table = labels()
    concepts = choose.sample(sorted(table), choose.choice((1, 1, 1, 2, 2, 3)))
    language, separator = choose.choice(languages()), choose.choice(_SEPARATORS)
    english, other = (
        separator.join(table[concept][code] for concept in concepts) for code in ("en", language)
    )
    return english, other
