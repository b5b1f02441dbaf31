"""Which pieces answer, and in which order: by cosine within a modality, by shares among several.

Cosines of different pairs of modalities lie on different scales (a text is never as near to a score
as another score is), so one list by cosine would be a list of one modality. Where several may answer,
each gets its share of the hits, and its hits stand together: first those of the question's own
modality, then those whose best stands out most from all else of its modality.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.library.alignment import Clip
from clamp3_plugin.library.searching import Search
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


def rank(search: Search, n: int, origin: Origin) -> list[Hit]:
    """Find the pieces nearest to a vector, each once, by the stretch that fits best.

    Parameters
    ----------
    search
        What is asked, of whom.
    n
        How many at most.
    """
    modalities = search.modalities()
    if len(modalities) > 1 and search.view.stored is not None:  # LanceDB lets go of the interpreter
        with ThreadPoolExecutor(len(modalities)) as threads:
            groups = list(threads.map(lambda each: _group(search, n, each, origin), modalities))
    else:
        groups = [_group(search, n, modality, origin) for modality in modalities]
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


def _group(search: Search, n: int, modality: Modality, origin: Origin) -> _Group:
    background = search.background(modality)
    hits = _of_modality(search, n, modality, origin.clip, background)
    best = max((hit.score for hit in hits), default=-1.0)
    return _Group(hits, modality is origin.modality, _prominence(background, best))


def _of_modality(
    search: Search,
    n: int,
    modality: Modality,
    clip: Clip | None,
    background: NDArray[np.float32],
) -> list[Hit]:
    if clip is not None and clip.modality is modality:
        return search.places(clip, n)
    view = search.view
    return [
        Hit(
            view.pieces[hit.piece],
            view.rows.passage(hit.row),
            hit.score,
            100 * int(np.count_nonzero(background < np.float32(hit.score))) / len(background),
        )
        for hit in search.best(modality, n)
    ]


def _prominence(background: NDArray[np.float32], best: float) -> float:
    """Tell how many standard deviations the best score is above all; 0 where that says nothing."""
    spread = float(background.std())
    if len(background) < LEAST_BACKGROUND or spread < 1e-6:
        return 0.0
    return (best - float(background.mean())) / spread
