"""How sure a figure is: bootstrap confidence intervals over the items it was measured on.

Conventions: ``n`` items, ``R`` resamples. A resample draws ``n`` items with replacement; what it drew
is a row of *counts*, so that every figure that is a weighted mean is one matrix product. The random
numbers depend on ``n`` and the seed alone: two figures over the same items share their resamples,
which makes intervals of their ratio honest.

References
----------
Efron & Tibshirani, "An Introduction to the Bootstrap", 1993 (the percentile interval).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
_COVERAGE = 95.0
_SEED = 2025


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


@lru_cache(maxsize=4)
def counts(n: int, resamples: int = RESAMPLES, seed: int = _SEED) -> NDArray[np.float64]:
    """Count how often each resample drew each item.

    Returns
    -------
    NDArray of float64
        Shape ``(resamples, n)``; every row sums to ``n``.
    """
    drawn = np.random.default_rng([seed, n]).integers(0, n, (resamples, n))
    places = drawn + n * np.arange(resamples)[:, None]
    return np.bincount(places.ravel(), minlength=resamples * n).reshape(resamples, n).astype(float)


def mean(values: NDArray[np.floating] | NDArray[np.bool_]) -> Estimate:
    """Estimate the mean of one value an item.

    Parameters
    ----------
    values : NDArray
        Shape ``(n,)``, ``n`` at least 1.

    Examples
    --------
    >>> str(mean(np.ones(8)))
    '1.000 (1.000-1.000)'
    """
    items = np.asarray(values, float)
    return estimate(float(items.mean()), counts(len(items)) @ items / len(items))


def ratio(above: NDArray[np.floating], below: NDArray[np.floating]) -> Estimate:
    """Estimate the ratio of two means over the same items.

    Parameters
    ----------
    above, below : NDArray of float
        Shape ``(n,)`` both; ``below`` does not sum to zero.
    """
    drawn = counts(len(above))
    return estimate(float(above.sum() / below.sum()), (drawn @ above) / (drawn @ below))


def macro_mean(values: NDArray[np.bool_], members: NDArray[np.bool_]) -> Estimate:
    """Estimate the mean over classes of the mean over each class's items.

    Parameters
    ----------
    values : NDArray of bool
        What is averaged, shape ``(n,)``.
    members : NDArray of bool
        Which items belong to which class, shape ``(n, C)``; no class is empty. A class that a
        resample did not draw does not count in it.
    """
    drawn = counts(len(values))
    hits = np.asarray(values[:, None] & members, float)
    sizes = np.asarray(members, float)
    with np.errstate(invalid="ignore"):
        by_class = (drawn @ hits) / (drawn @ sizes)
    value = float(np.mean(hits.sum(0) / sizes.sum(0)))
    return estimate(value, np.nanmean(by_class, axis=1))


def estimate(value: float, resampled: NDArray[np.floating]) -> Estimate:
    """Give a figure the interval that its resamples span."""
    tail = (100 - _COVERAGE) / 2
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return Estimate(value, float(low), float(high))
