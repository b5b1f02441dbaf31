"""Linear probes: how much of a label one linear layer can read off embeddings.

Conventions: features ``(n, D)``; the eval part is the first fifth (rounded up) of the files after a
seeded shuffle of their sorted names. As the reference has it, the label of a file is its name up to
the first ``_``. Labels may also be given by name: a word is a class, a list of words several labels
at once, a number or a list of numbers a target to predict.

The reference (``train_cls.py``) applies softmax twice, once in the layer and once in the loss, takes
one file at a time, and reports the epoch that was best on the eval part: that is a bug and an
optimistic choice, kept as ``Protocol.reference()`` to compare with its figures. The default is plain
cross-entropy, and the last epoch.

References
----------
Yuan et al., "MARBLE: Music Audio Representation Benchmark for Universal Evaluation", 2023.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clamp3_plugin.encoding import Embeddings
from clamp3_plugin.errors import EmptyContentError, UsageError

Label = str | float | Sequence[str] | Sequence[float]
Scores = NDArray[np.float64]
"""What a probe says of the eval part, shape ``(n, C)``: probabilities, or predicted numbers."""


class Task(Enum):
    """What kind of label there is."""

    CLASS = "classes"
    TAGS = "several labels"
    NUMBER = "numbers"


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a probe is trained."""

    learning_rate: float = 1e-3
    batch: int = 64
    epochs: int = 200
    seed: int = 42
    eval_share: float = 0.2
    softmax_twice: bool = False
    """The reference's bug; for classes only."""
    keep_best: bool = False
    """Report the epoch that was most accurate on the eval part, as the reference does."""

    @classmethod
    def reference(cls) -> "Protocol":
        """Give what the reference does, but for the 1,000 epochs that it may go on for."""
        return cls(1e-5, 1, 100, softmax_twice=True, keep_best=True)


@dataclass(frozen=True, slots=True)
class Probed:
    """How well it went on the eval part."""

    task: Task
    trained_on: int
    evaluated_on: int
    labels: tuple[str, ...]
    """Names of the columns; empty for numbers."""
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Targets:
    """Labels as numbers."""

    task: Task
    table: NDArray[np.float32]
    """Shape ``(n, C)``: one-hot, several-hot, or the numbers themselves."""
    names: tuple[str, ...] = ()


def label_of(name: str) -> str:
    """Take the label from the name of a file, up to the first ``_``.

    Examples
    --------
    >>> label_of("blues_00012.npy")
    'blues'
    """
    return name.partition("_")[0]


def targets_of(labels: Sequence[Label]) -> Targets:
    """Bring labels of one kind into a table.

    Raises
    ------
    UsageError
        They are of several kinds, or there is only one class.
    """
    if all(isinstance(label, str) for label in labels):
        wanted, task = [[str(label)] for label in labels], Task.CLASS
    elif all(isinstance(label, (list, tuple)) for label in labels) and any(
        isinstance(item, str) for label in labels for item in _items(label)
    ):
        wanted, task = [[str(item) for item in _items(label)] for label in labels], Task.TAGS
    else:
        return Targets(Task.NUMBER, _numbers(labels))
    names = sorted({name for some in wanted for name in some})
    if len(names) < 2:
        raise UsageError(f"There is only one label, {', '.join(names)!r}; a probe needs two.")
    table = np.array([[name in some for name in names] for some in wanted], np.float32)
    return Targets(task, table, tuple(names))


def _items(label: Label) -> Sequence[str | float]:
    return [label] if isinstance(label, (str, float, int)) else label


def _numbers(labels: Sequence[Label]) -> NDArray[np.float32]:
    try:
        table = np.array([_items(label) for label in labels], np.float32)
    except ValueError as error:
        raise UsageError("Labels must be all words, all lists of words, or all numbers.") from error
    if not np.isfinite(table).all():
        raise UsageError("A target is not finite.")
    return table


def probe(features: Embeddings, targets: Targets, protocol: Protocol | None = None) -> Probed:
    """Train a linear layer on four fifths and see how well it reads the rest.

    Parameters
    ----------
    features : Embeddings
        Shape ``(n, D)``, in order of the names of their files.
    targets : Targets
        Of the same ``n`` files.
    protocol : Protocol
        How to train.

    Raises
    ------
    EmptyContentError
        Too few files to part.
    """
    chosen = protocol or Protocol()
    train, held_out = split(len(features), chosen)
    if not train or len(held_out) < 2:
        raise EmptyContentError(
            f"{len(features)} files are too few for a probe.", "Give 10 or more."
        )
    x, y = torch.from_numpy(features), torch.from_numpy(targets.table)
    scores = _train(x[train], y[train], x[held_out], y[held_out], targets.task, chosen)
    figures = figures_of(targets.task, targets.table[held_out], scores)
    return Probed(targets.task, len(train), len(held_out), targets.names, figures)


def split(n: int, protocol: Protocol) -> tuple[list[int], list[int]]:
    """Part items, shuffled by the seed: train and eval, by index."""
    order = list(range(n))
    random.Random(protocol.seed).shuffle(order)  # noqa: S311 - no secret
    size = math.ceil(n * protocol.eval_share)
    return order[size:], order[:size]


def _train(
    x: Tensor, y: Tensor, x_eval: Tensor, y_eval: Tensor, task: Task, protocol: Protocol
) -> Scores:
    generator = torch.Generator().manual_seed(protocol.seed)
    bound = 1 / math.sqrt(x.shape[1])
    weight = torch.empty(y.shape[1], x.shape[1]).uniform_(-bound, bound, generator=generator)
    bias = y.mean(0) if task is Task.NUMBER else torch.zeros(y.shape[1])
    parameters = [weight.requires_grad_(), bias.clone().requires_grad_()]
    optimizer = torch.optim.AdamW(parameters, lr=protocol.learning_rate, weight_decay=0.01)
    best, best_accuracy = _scores(x_eval, parameters, task), -1.0
    for _ in range(protocol.epochs):
        for rows in torch.split(torch.randperm(len(x), generator=generator), protocol.batch):
            optimizer.zero_grad()
            loss = _loss(nn.functional.linear(x[rows], *parameters), y[rows], task, protocol)
            torch.autograd.backward(loss)
            optimizer.step()
        if protocol.keep_best and task is Task.CLASS:
            scores = _scores(x_eval, parameters, task)
            accuracy = float((scores.argmax(1) == y_eval.numpy().argmax(1)).mean())
            if accuracy > best_accuracy:
                best, best_accuracy = scores, accuracy
    return best if best_accuracy >= 0 else _scores(x_eval, parameters, task)


def _loss(out: Tensor, y: Tensor, task: Task, protocol: Protocol) -> Tensor:
    if task is Task.NUMBER:
        return nn.functional.mse_loss(out, y)
    if task is Task.TAGS:
        return nn.functional.binary_cross_entropy_with_logits(out, y)
    logits = out.softmax(1) if protocol.softmax_twice else out
    return nn.functional.cross_entropy(logits, y)


def _scores(x: Tensor, parameters: Sequence[Tensor], task: Task) -> Scores:
    with torch.inference_mode():
        out = nn.functional.linear(x, *parameters)
        if task is Task.CLASS:
            out = out.softmax(1)
        elif task is Task.TAGS:
            out = out.sigmoid()
    return out.double().numpy()


def figures_of(task: Task, truth: NDArray[np.float32], scores: Scores) -> dict[str, float]:
    """Measure scores against the truth.

    Classes that the eval part does not hold do not count in macro figures.

    Parameters
    ----------
    task : Task
        What they are.
    truth : NDArray of float32
        As in ``Targets.table``, shape ``(n, C)``.
    scores : Scores
        Shape ``(n, C)``.
    """
    from sklearn import metrics  # noqa: PLC0415 - in the extra `eval`

    if task is Task.NUMBER:
        error = float(metrics.mean_absolute_error(truth, scores))
        return {"R2": float(metrics.r2_score(truth, scores)), "mean absolute error": error}
    wanted = truth > 0
    seen = wanted.any(0) & ~wanted.all(0)
    by_label = {
        "ROC-AUC": float(metrics.roc_auc_score(wanted[:, seen], scores[:, seen], average="macro")),
        "AP": float(metrics.average_precision_score(wanted[:, seen], scores[:, seen])),
    }
    if task is Task.TAGS:
        found = metrics.f1_score(wanted, scores >= 0.5, average="macro", zero_division=0)
        return {"F1-macro": float(found), **by_label}
    true, said = wanted.argmax(1), scores.argmax(1)
    return {
        "accuracy": float(metrics.accuracy_score(true, said)),
        "F1-macro": float(metrics.f1_score(true, said, average="macro")),
        **by_label,
    }
