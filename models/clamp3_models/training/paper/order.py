"""Which examples a step sees, and by which randomness: functions of the seed and the step alone.

So there is no state of a random generator to keep: a run that goes on at step 1000 draws what it would
have drawn, whether it was stopped before or not, and examples do not depend on how many processes
share a batch.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

_DATA, _NOISE, _EVALUATION = range(3)
"""What numbers are drawn for; each use has a stream of its own."""


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a training set, epoch by epoch; what does not fill a batch is left out."""

    size: int
    batch: int
    """Examples of a step, over all processes."""
    seed: int

    def __post_init__(self) -> None:
        """Refuse a batch that cannot be filled."""
        if not 0 < self.batch <= self.size:
            raise ValueError(f"a batch of {self.batch} of {self.size} examples")

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.size // self.batch

    def batches(self, start: int, stop: int) -> Iterator[tuple[int, list[int]]]:
        """List the examples of each step, steps counted over all epochs.

        Examples
        --------
        >>> order = Order(size=4, batch=2, seed=0)
        >>> [sorted(rows) for _, rows in order.batches(0, 4)]
        [[0, 2], [1, 3], [1, 3], [0, 2]]
        >>> list(order.batches(1, 4)) == list(order.batches(0, 4))[1:]
        True
        """
        epoch, shuffled = -1, np.arange(self.size)
        for step in range(start, stop):
            if step // self.steps != epoch:
                epoch = step // self.steps
                shuffled = np.random.default_rng([self.seed, _DATA, epoch]).permutation(self.size)
            first = step % self.steps * self.batch
            yield step, shuffled[first : first + self.batch].tolist()

    def choose(self, step: int, row: int) -> random.Random:
        """Give the randomness by which an example is drawn in a step."""
        return _random(self.seed, _DATA, step, row)


def evaluation_choice(row: int) -> random.Random:
    """Give the randomness of an example in evaluation, the same in every epoch and every run."""
    return _random(_EVALUATION, row)


def seed_noise(seed: int, step: int, rank: int, chunk: int = 0) -> None:
    """Seed torch, NumPy and Python for the dropout of a step."""
    numbers = np.random.SeedSequence([seed, _NOISE, step, rank, chunk]).generate_state(2, np.uint64)
    torch.manual_seed(int(numbers[0]) & (2**63 - 1))
    np.random.seed(int(numbers[1]) & 0xFFFFFFFF)  # noqa: NPY002 - seeds whoever uses the global one
    random.seed(int(numbers[1]))


def _random(*numbers: int) -> random.Random:
    state = np.random.SeedSequence(numbers).generate_state(2, np.uint64)
    return random.Random(int(state[0]) << 64 | int(state[1]))  # noqa: S311 - reproducible, not secret
