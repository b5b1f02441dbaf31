"""Which pieces answer, and in which order: by cosine within a modality, by shares among several.

Cosines of different pairs of modalities lie on different scales (a text is never as near to a score
as another score is), so one list by cosine would be a list of one modality. Where several may answer,
each gets its share of the hits, and its hits stand together: first those of the question's own
modality, then those whose best stands out most from all else of its modality.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.library.alignment import Clip, align
from clamp3_plugin.library.exact import Mask, View
from clamp3_plugin.music import Modality
from clamp3_plugin.query import Hit

LEAST_BACKGROUND = 20
"""Of fewer rows nobody knows what stands out."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a question was before it was a vector."""

    modality: Modality = Modality.TEXT
    clip: Clip | None = None
    """Where it is a stretch of music whose place is asked for."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The hits of one modality, best first, and by how much the best stands out."""

    hits: list[Hit]
    is_own: bool
    prominence: float


def rank(
    view: View, vector: NDArray[np.float32], n: int, allowed: Mask, origin: Origin
) -> list[Hit]:
    """Find the pieces nearest to a vector, each once, by the stretch that fits best.

    Parameters
    ----------
    vector
        float32, shape ``(dim,)``, unit length.
    n
        How many at most.
    allowed
        Which rows may answer, shape ``(rows,)``.
    """
    scores = view.scores(vector)
    groups = []
    for modality in view.modalities(allowed):
        rows = view.of_modality(modality)
        hits = _of_modality(view, scores, n, allowed, modality, origin.clip)
        best = max((hit.score for hit in hits), default=-1.0)
        prominence = _prominence(scores[rows], best)
        groups.append(_Group(hits, modality is origin.modality, prominence))
    groups.sort(key=lambda group: (not group.is_own, -group.prominence))
    counts = shares([len(group.hits) for group in groups], n)
    return [hit for group, count in zip(groups, counts, strict=True) for hit in group.hits[:count]]


def shares(there: Sequence[int], n: int) -> list[int]:
    """Deal ``n`` among groups, the first ones first; what one has not, the others get.

    Examples
    --------
    >>> shares([100, 2, 100], 10), shares([5, 5], 1), shares([3], 10)
    ([4, 2, 4], [1, 0], [3])
    """
    given = [0] * len(there)
    while sum(given) < min(n, sum(there)):
        for place, most in enumerate(there):
            if given[place] < most and sum(given) < n:
                given[place] += 1
    return given


def _of_modality(
    view: View,
    scores: NDArray[np.float32],
    n: int,
    allowed: Mask,
    modality: Modality,
    clip: Clip | None,
) -> list[Hit]:
    if clip is not None and clip.modality is modality:
        return align(view, clip, allowed, n)
    among = np.zeros(len(allowed), np.bool_)
    among[view.of_modality(modality)] = True
    found = view.best(scores, n, allowed & among)
    return [
        Hit(view.pieces[hit.piece], view.rows.passage(hit.row), hit.score, percentile)
        for hit, percentile in zip(found, view.percentiles(scores, found), strict=True)
    ]


def _prominence(background: NDArray[np.float32], best: float) -> float:
    """Tell how many standard deviations the best score is above all; 0 where that says nothing."""
    spread = float(background.std())
    if len(background) < LEAST_BACKGROUND or spread < 1e-6:
        return 0.0
    return (best - float(background.mean())) / spread
