"""The order of tags: the likeliest first, but so that no category crowds the others out."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHARES = 3
"""Of the first ``k`` tags at most ``k / SHARES``, rounded up, are of one category."""


def spread(
    likelihood: NDArray[np.float64], categories: Sequence[str], n: int, shares: int = SHARES
) -> list[int]:
    """Choose tags one by one: the likeliest of a category that has not had its share yet.

    The shorter list is always the beginning of the longer one. Where every category that has had less
    than its share is used up, the likeliest of the others follows.

    Parameters
    ----------
    likelihood
        Of each concept, shape ``(concepts,)``.
    categories
        Of each concept.
    n
        How many at most.
    shares
        See ``SHARES``.

    Returns
    -------
    list of int
        Indices of concepts.

    Examples
    --------
    >>> dances, moods = ["dance"] * 4, ["mood"] * 2
    >>> spread(np.array([0.9, 0.8, 0.7, 0.6, 0.3, 0.2]), dances + moods, 6, shares=2)
    [0, 4, 1, 5, 2, 3]
    """
    waiting = np.argsort(-likelihood, kind="stable").tolist()
    chosen: list[int] = []
    taken: Counter[str] = Counter()
    while waiting and len(chosen) < n:
        share = math.ceil((len(chosen) + 1) / shares)
        fair = (i for i in waiting if taken[categories[i]] < share)
        following = next(fair, waiting[0])
        waiting.remove(following)
        chosen.append(following)
        taken[categories[following]] += 1
    return chosen
