"""Retrieval metrics: whether a query finds the item that belongs to it, and how near that is.

Every query is ranked among all references by cosine similarity, as in the reference's
``clamp3_eval.py``, ``clamp3_score.py`` and ``clamp3_search.py``.

Conventions
-----------
Embeddings are arrays of shape ``(n, D)``, one row an item, of any length (they are brought to unit
length here). Ranks count from 1, the best. Similarities are cosines, -1 to 1, in float32.

Metrics
-------
* :func:`mean_reciprocal_rank` - mean of 1/rank
* :func:`hit_rate` - share of queries whose target is among the first ``k``
* :func:`pairwise_similarity` - cosine of each query and its own reference
* :func:`group_similarity` - cosine of the means of two sets
* :func:`nearest` - what a user of the embeddings would be shown

References
----------
Wu et al., "CLaMP 3: Universal Music Information Retrieval Across Unaligned Modalities and Unseen
Languages", arXiv 2502.10362.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]

_EPSILON = 1e-8  # as torch.cosine_similarity: a zero vector is similar to nothing
_AT_ONCE = 1 << 22  # similarities computed at a time: 32 MB, however many queries there are


def ranks(
    query: FloatArray, reference: FloatArray, target_index: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Rank of every query's target among all references.

    A tie goes to the target: only what is truly nearer stands before it.

    Parameters
    ----------
    query : FloatArray
        Embeddings to search with, shape ``(n, D)``.
    reference : FloatArray
        Embeddings to search in, shape ``(m, D)``.
    target_index : NDArray of int
        Row of ``reference`` that each query should find, shape ``(n,)``, 0 to ``m - 1``.

    Returns
    -------
    NDArray of int64
        Ranks from 1, shape ``(n,)``.

    Raises
    ------
    ValueError
        Shapes that do not go together, a target that is no row, numbers that are not finite.

    Examples
    --------
    >>> reference = np.eye(3)
    >>> query = np.array([[1.0, 0.1, 0.0], [0.0, 0.5, 1.0]])
    >>> ranks(query, reference, np.array([0, 1])).tolist()
    [1, 2]
    """
    _check(query, reference)
    if target_index.shape != query.shape[:1]:
        raise ValueError(f"{len(query)} queries, but target_index has shape {target_index.shape}")
    if np.any((target_index < 0) | (target_index >= len(reference))):
        raise ValueError(f"a target lies outside the {len(reference)} references")
    found = [np.zeros(0, np.int64)]
    start = 0
    for similarity in _blocks(query, reference):
        targets = target_index[start : start + len(similarity)]
        own = np.take_along_axis(similarity, targets[:, None], axis=1)
        found.append(1 + np.count_nonzero(similarity > own, axis=1).astype(np.int64))
        start += len(similarity)
    return np.concatenate(found)


def mean_reciprocal_rank(ranks: NDArray[np.integer]) -> float:
    """Mean of 1/rank, 0 to 1; 1 where every target comes first.

    Parameters
    ----------
    ranks : NDArray of int
        Ranks from 1, shape ``(n,)``, ``n`` at least 1.

    Examples
    --------
    >>> mean_reciprocal_rank(np.array([1, 2, 4, 4]))
    0.5
    """
    _check_ranks(ranks)
    return float(np.mean(1.0 / ranks))


def hit_rate(ranks: NDArray[np.integer], k: int) -> float:
    """Share of queries whose target is among the first ``k``, 0 to 1 (Hit@k).

    Parameters
    ----------
    ranks : NDArray of int
        Ranks from 1, shape ``(n,)``, ``n`` at least 1.
    k : int
        How far down to look, at least 1.

    Examples
    --------
    >>> hit_rate(np.array([1, 3, 10, 11]), 10)
    0.75
    """
    _check_ranks(ranks)
    if k < 1:
        raise ValueError(f"k counts from 1 upwards, not {k}")
    return float(np.mean(ranks <= k))


def pairwise_similarity(query: FloatArray, reference: FloatArray) -> NDArray[np.float32]:
    """Cosine of each query and the reference in the same row.

    Parameters
    ----------
    query, reference : FloatArray
        Embeddings, shape ``(n, D)`` both.

    Returns
    -------
    NDArray of float32
        Cosine similarities, -1 to 1, shape ``(n,)``.

    Examples
    --------
    >>> pairwise_similarity(np.array([[3.0, 0.0], [1.0, 0.0]]), np.eye(2)).tolist()
    [1.0, 0.0]
    """
    _check(query, reference)
    if len(query) != len(reference):
        raise ValueError(f"{len(query)} queries do not pair with {len(reference)} references")
    cosines = np.einsum("nd,nd->n", _unit(query), _unit(reference))
    return np.asarray(cosines, np.float32)


def group_similarity(query: FloatArray, reference: FloatArray) -> float:
    """Cosine of the mean query and the mean reference, -1 to 1.

    The means are of the embeddings as they are, so a longer one weighs more.

    Parameters
    ----------
    query : FloatArray
        Embeddings, shape ``(n, D)``, ``n`` at least 1.
    reference : FloatArray
        Embeddings, shape ``(m, D)``, ``m`` at least 1.

    Examples
    --------
    >>> group_similarity(np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([[5.0, 5.0]]))
    1.0
    """
    _check(query, reference)
    if not len(query) or not len(reference):
        raise ValueError(f"a group is empty: {len(query)} queries, {len(reference)} references")
    return float(pairwise_similarity(_mean(query), _mean(reference))[0])


def nearest(
    query: FloatArray, reference: FloatArray, top_k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the references nearest to one query, best first; ties stay in their order.

    Parameters
    ----------
    query : FloatArray
        One embedding, shape ``(D,)``.
    reference : FloatArray
        Embeddings to search in, shape ``(m, D)``.
    top_k : int
        How many to give, at least 1; all where there are fewer.

    Returns
    -------
    index : NDArray of int64
        Rows of ``reference``, shape ``(min(top_k, m),)``.
    similarity : NDArray of float32
        Their cosine similarities, -1 to 1, the same shape.

    Examples
    --------
    >>> index, similarity = nearest(np.array([0.0, 2.0]), np.eye(2), top_k=5)
    >>> index.tolist(), similarity.tolist()
    ([1, 0], [1.0, 0.0])
    """
    if top_k < 1:
        raise ValueError(f"top_k counts from 1 upwards, not {top_k}")
    _check(query[None], reference)
    (similarity,) = next(_blocks(query[None], reference))
    index = np.argsort(-similarity, kind="stable")[:top_k]
    return index, similarity[index]


def _blocks(query: FloatArray, reference: FloatArray) -> Iterator[NDArray[np.float32]]:
    """Cosines of the queries with all references, as many queries at a time as fit.

    Computed in float64 and then rounded: a matrix product may give equal rows sums that differ in
    the last bit, and two references with the same content have to tie.
    """
    columns = _unit(reference).T
    step = max(1, _AT_ONCE // max(1, len(reference)))
    for start in range(0, len(query), step):
        yield (_unit(query[start : start + step]) @ columns).astype(np.float32)


def _unit(embeddings: FloatArray) -> NDArray[np.float64]:
    rows = np.asarray(embeddings, np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, _EPSILON), np.float64)


def _mean(embeddings: FloatArray) -> NDArray[np.float64]:
    return np.asarray(np.mean(embeddings, axis=0, keepdims=True, dtype=np.float64), np.float64)


def _check(query: FloatArray, reference: FloatArray) -> None:
    if query.ndim != 2 or reference.ndim != 2 or query.shape[1] != reference.shape[1]:
        raise ValueError(f"embeddings must be (n, D) and (m, D): {query.shape}, {reference.shape}")
    if not np.isfinite(query).all() or not np.isfinite(reference).all():
        raise ValueError("an embedding holds numbers that are not finite")


def _check_ranks(ranks: NDArray[np.integer]) -> None:
    if not len(ranks):
        raise ValueError("there are no ranks to average")
    if np.min(ranks) < 1:
        raise ValueError(f"ranks count from 1 upwards, not {np.min(ranks)}")
