"""The trainer of every stage: steps, epochs, evaluation, checkpoints, on one process or several.

AdamW with a rate that climbs over the warm-up and then stays. The reference makes its optimizer anew
after it has bound the schedule to it and loaded its state, so that neither has an effect there; here both
have. Everything drawn depends on the seed and the step alone (``order``), so a run that was killed and
started again ends with the same weights, bit for bit on a CPU.
"""

import logging
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from clamp3_models.training.paper.history import History
from clamp3_models.training.paper.order import Order, evaluation_choice, seed_noise
from clamp3_models.training.paper.ranks import Ranks
from clamp3_models.training.paper.state import RunFolder, Standing
from clamp3_plugin.errors import Clamp3Error, EmptyContentError, UsageError

E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)
E_contra = TypeVar("E_contra", contravariant=True)

Noise = Callable[[int], None]
"""Seeds the dropout of a chunk, the same whenever it is called for it."""
_ATTEMPTS = 100
"""Examples in a row that may be unreadable."""
_DRAW_EVERY_S = 60.0
_log = logging.getLogger(__name__)


class Examples(Protocol[E_co]):
    """What is trained with, or evaluated with."""

    def __len__(self) -> int:
        """Count the examples."""

    def draw(self, row: int, choose: random.Random, /) -> E_co:
        """Make an example for training."""

    def evaluation(self, row: int, choose: random.Random, /) -> E_co:
        """Make an example for evaluation."""


@dataclass(frozen=True, slots=True)
class Data(Generic[E_co]):
    """Both sets of a run."""

    training: Examples[E_co]
    evaluation: Examples[E_co]


class Task(Protocol[E_contra]):
    """What is learnt."""

    @property
    def model(self) -> nn.Module:
        """Everything that is trained, and what stands beside it."""

    def train_mode(self) -> None:
        """Turn dropout on where there is something to learn."""

    def backward(self, examples: Sequence[E_contra], noise: Noise, /) -> float:
        """Add this process's share to the gradients; gives the loss over all processes."""

    def loss(self, examples: Sequence[E_contra], /) -> float:
        """Give the loss over all processes."""


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How a stage is run; the defaults are those of the paper's contrastive stages."""

    epochs: int = 100
    batch_size: int = 256
    """Of one process."""
    chunk_size: int = 0
    """Examples computed at once, where memory is short; 0: all of a batch."""
    learning_rate: float = 1e-5
    warmup_steps: int = 1000
    weight_decay: float = 0.01
    bf16: bool = False
    """Compute in bfloat16 where that is enough; weights and losses stay float32."""
    seed: int = 42
    checkpoint_every: int = 1000
    """Steps; the end of an epoch has a checkpoint anyway."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        for name in ("epochs", "batch_size", "learning_rate", "checkpoint_every"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} = {getattr(self, name)}, but it must be above 0")
        for name in ("chunk_size", "warmup_steps", "weight_decay", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} = {getattr(self, name)}, but it cannot be below 0")

    def deciding(self) -> dict[str, str | int | float | bool]:
        """List what decides the weights after a given number of steps."""
        without = {"epochs", "checkpoint_every"}
        return {name: value for name, value in asdict(self).items() if name not in without}


@dataclass(frozen=True, slots=True)
class Told:
    """What a step reports."""

    step: int
    """Steps done."""
    steps: int
    """Of all epochs."""
    loss: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run happens."""

    folder: Path
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - a value
    ranks: Ranks = Ranks()  # noqa: RUF009 - frozen
    workers: int = 0
    """Processes that read examples ahead."""
    report: Callable[[Told], None] = lambda _: None


class Trainer(Generic[E]):
    """One run of one stage."""

    def __init__(
        self,
        task: Task[E],
        data: Data[E],
        *,
        modality: str,
        begun_from: str,
        settings: TrainSettings,
        place: Place,
    ) -> None:
        self._task = task
        self._training = data.training
        self._evaluation = data.evaluation
        self._settings = settings
        self._place = place
        world = place.ranks.world
        deciding = {
            **settings.deciding(),
            "begun_from": begun_from,
            "examples": len(data.training),
            "processes": world,
        }
        self.folder = RunFolder(place.folder, modality, deciding)
        self._order = _order_of(len(data.training), settings, world)
        self._learning = [p for p in task.model.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(
            self._learning, settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._history = History(place.folder)
        self._drawn = time.monotonic()

    @property
    def steps(self) -> int:
        """Steps of all epochs."""
        return self._settings.epochs * self._order.steps

    def run(self) -> Standing:
        """Train to the end, from the checkpoint if there is one.

        Raises
        ------
        Clamp3Error
            The loss is no number any more, or the data cannot be read.
        UsageError
            The folder belongs to a run of other settings.
        """
        standing = self.folder.restore(self._task.model, self._optimizer)
        self._place.ranks.wait()
        if self._place.ranks.leads:
            self._history.rewind(standing.step)
        began = time.monotonic()
        for examples in self._batches(standing.step):
            loss = self.step(examples, standing.step)
            standing = replace(standing, step=standing.step + 1)
            self._tell(standing, loss)
            if standing.step % self._order.steps == 0:
                standing = self._end_epoch(standing, time.monotonic() - began)
                began = time.monotonic()
            elif standing.step % self._settings.checkpoint_every == 0:
                self._save(standing)
        if self._place.ranks.leads:
            self._history.draw()
        self._place.ranks.wait()
        return standing

    def step(self, examples: Sequence[E], step: int) -> float:
        """Learn from a batch, this process's part of it, and give its loss.

        Raises
        ------
        Clamp3Error
            The loss is no number any more.
        """
        settings, rank = self._settings, self._place.ranks.rank
        for group in self._optimizer.param_groups:
            group["lr"] = settings.learning_rate * warmed(step, settings.warmup_steps)
        self._task.train_mode()
        self._optimizer.zero_grad()
        loss = self._task.backward(
            examples, lambda chunk: seed_noise(settings.seed, step, rank, chunk)
        )
        if not math.isfinite(loss):
            raise Clamp3Error(
                f"The loss is {loss} at step {step + 1}.",
                "Lower learning_rate or lengthen warmup_steps, and begin in another work folder.",
            )
        self._place.ranks.sum_gradients(self._learning)
        self._optimizer.step()
        return loss

    def _end_epoch(self, standing: Standing, seconds: float) -> Standing:
        loss = self.evaluate()
        standing = replace(standing, epoch=standing.step // self._order.steps)
        is_best = loss < standing.min_eval_loss
        if is_best:
            standing = replace(standing, best_epoch=standing.epoch, min_eval_loss=loss)
        if self._place.ranks.leads:
            if is_best:
                self.folder.save_best(self._task.model, standing)
            self._history.add(
                {
                    "step": standing.step,
                    "epoch": standing.epoch,
                    "train_loss": self._history.mean_loss(standing.step - self._order.steps),
                    "eval_loss": loss,
                    "seconds": round(seconds, 1),
                }
            )
            if time.monotonic() - self._drawn > _DRAW_EVERY_S:
                self._history.draw()
                self._drawn = time.monotonic()
        self._save(standing)
        return standing

    @torch.no_grad()
    def evaluate(self) -> float:
        """Give the mean loss over the evaluation set, in batches as in training."""
        self._task.model.eval()
        ranks, size = self._place.ranks, len(self._evaluation)
        batch = min(self._order.batch, size // ranks.world * ranks.world)
        if not batch:
            raise UsageError(
                f"{size} examples to evaluate with are too few for {ranks.world} processes."
            )
        losses = []
        for start in range(0, size - batch + 1, batch):
            rows = _own(range(start, start + batch), ranks)
            losses.append(
                self._task.loss(
                    [_readable(self._evaluation, row, self._example_to_evaluate) for row in rows]
                )
            )
        return sum(losses) / len(losses)

    def _example_to_evaluate(self, row: int) -> E:
        return self._evaluation.evaluation(row, evaluation_choice(row))

    def _batches(self, start: int) -> Iterator[Sequence[E]]:
        """Read the batches of the steps that are left, this process's part of each."""
        return iter(
            DataLoader(
                _Drawn(self._training, self._order),
                batch_sampler=_Places(self._order, self._place.ranks, start, self.steps),
                num_workers=self._place.workers,
                collate_fn=list,
            )
        )

    def _tell(self, standing: Standing, loss: float) -> None:
        if self._place.ranks.leads:
            rate = self._optimizer.param_groups[0]["lr"]
            self._history.add({"step": standing.step, "loss": loss, "learning_rate": rate})
            self._place.report(Told(standing.step, self.steps, loss))

    def _save(self, standing: Standing) -> None:
        if self._place.ranks.leads:
            self.folder.save(self._task.model, self._optimizer, standing)


def warmed(step: int, warmup_steps: int) -> float:
    """Share of the learning rate: climbing to the whole over the warm-up.

    Examples
    --------
    >>> [warmed(step, 4) for step in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    return min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0


def batched(examples: Sequence[E], size: int) -> Iterator[Sequence[E]]:
    """Cut examples into chunks; 0 leaves them together."""
    for start in range(0, len(examples), size or len(examples)):
        yield examples[start : start + (size or len(examples))]


def precision(device: torch.device, *, bf16: bool) -> AbstractContextManager[object]:
    """Compute in bfloat16 where that is enough, if asked to."""
    return torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext()


@dataclass(frozen=True, slots=True)
class _Places:
    """Batches of ``(step, row)``, as a sampler."""

    order: Order
    ranks: Ranks
    start: int
    stop: int

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        for step, rows in self.order.batches(self.start, self.stop):
            yield [(step, row) for row in _own(rows, self.ranks)]


class _Drawn(Dataset[E]):
    """Examples by step and row."""

    def __init__(self, examples: Examples[E], order: Order) -> None:
        self._examples = examples
        self._order = order

    def __getitem__(self, place: tuple[int, int]) -> E:
        step, row = place
        return _readable(
            self._examples, row, lambda i: self._examples.draw(i, self._order.choose(step, i))
        )


def _readable(examples: Examples[E], row: int, make: Callable[[int], E]) -> E:
    """Make an example; one that cannot be read is replaced by the next that can."""
    for i in range(min(_ATTEMPTS, len(examples))):
        tried = (row + i) % len(examples)
        try:
            return make(tried)
        except Clamp3Error as error:
            _log.warning("example %d is left out: %s", tried, error)
    raise EmptyContentError(
        f"{_ATTEMPTS} examples in a row cannot be read.", "The log names them and says why."
    )


def _own(rows: Sequence[int], ranks: Ranks) -> Sequence[int]:
    """Take this process's part of a batch."""
    share = len(rows) // ranks.world
    return rows[ranks.rank * share : (ranks.rank + 1) * share]


def _order_of(size: int, settings: TrainSettings, world: int) -> Order:
    batch = settings.batch_size * world
    if size < batch:
        raise UsageError(
            f"{size} examples to train with do not fill a batch of {batch}.",
            "Give more records, or a smaller batch_size.",
        )
    return Order(size, batch, settings.seed)
