"""One question to one view: every vector compared, or those compared that an index names.

Which way is taken depends on the view alone: where its first rows are on the disk, the index names
candidates among them. What was written since is in memory and compared as a whole, so it is found
before it is indexed.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.library.alignment import Clip, align
from clamp3_plugin.library.exact import Found, Mask, View
from clamp3_plugin.library.exclusion import Exclusion, pieces_allowed, rows_hidden
from clamp3_plugin.music import Modality
from clamp3_plugin.query import Filter, Hit

FEW_ROWS = 512
"""Of so few rows the vectors are read and compared: quicker than the index, and exact."""
_MOST_CANDIDATES = 8192
_CLIP_PIECES = 64


class Search(Protocol):
    """A question to a view."""

    view: View

    def modalities(self) -> list[Modality]:
        """Name the modalities of what may answer."""

    def best(self, modality: Modality, n: int, /) -> list[Found]:
        """Give the ``n`` best pieces of a modality, each by its best row."""

    def background(self, modality: Modality, /) -> NDArray[np.float32]:
        """Give the scores of all rows of a modality, allowed or not, or of a fair sample of them."""

    def places(self, clip: Clip, n: int, /) -> list[Hit]:
        """Give the pieces in which a clip has its best place, and the place."""


def search(view: View, vector: NDArray[np.float32], where: Filter, without: Exclusion) -> Search:
    """Ask a view with a unit vector, shape ``(dim,)``."""
    pieces = pieces_allowed(view, where, without)
    hidden = np.array(rows_hidden(view, without), np.intp)
    if view.stored is None:
        return _Everything(view, vector, pieces, hidden)
    return _Candidates(view, vector, pieces, hidden, where)


class _Everything:
    """Compares with every row."""

    def __init__(
        self, view: View, vector: NDArray[np.float32], pieces: Mask, hidden: NDArray[np.intp]
    ) -> None:
        self.view = view
        self._pieces = pieces
        self._allowed = pieces[view.rows.piece]
        self._allowed[hidden] = False
        self._scores = view.scores(vector)

    def modalities(self) -> list[Modality]:
        return self.view.modalities(self._pieces)

    def best(self, modality: Modality, n: int) -> list[Found]:
        among = self.view.are(modality)[self.view.rows.piece]
        return self.view.best(self._scores, n, self._allowed & among)

    def background(self, modality: Modality) -> NDArray[np.float32]:
        return self._scores[self.view.of_modality(modality)]

    def places(self, clip: Clip, n: int) -> list[Hit]:
        return align(self.view, clip, self._allowed, n)


class _Candidates:
    """Compares with what is in memory, and with those on the disk that the index names."""

    def __init__(
        self,
        view: View,
        vector: NDArray[np.float32],
        pieces: Mask,
        hidden: NDArray[np.intp],
        where: Filter,
    ) -> None:
        assert view.stored is not None  # noqa: S101 - what ``search`` chose by
        self.view = view
        self._stored = view.stored
        self._vector = vector
        self._pieces = pieces
        self._hidden = frozenset(hidden.tolist())
        self._where = where
        self._held = view.scores(vector)

    def modalities(self) -> list[Modality]:
        return self.view.modalities(self._pieces)

    def background(self, modality: Modality) -> NDArray[np.float32]:
        sample = self._stored.sample.get(modality)
        if sample is None:  # all of it is younger than the index
            rows = self.view.of_modality(modality)
            return self._held[rows[rows >= self.view.first_held] - self.view.first_held]
        return np.asarray(np.clip(sample @ self._vector, -1, 1), np.float32)

    def best(self, modality: Modality, n: int) -> list[Found]:
        among = self._pieces & self.view.are(modality)
        found = self._best_of(self._vector, self._held, modality, among, n)
        return self.view.in_order(found)[:n]

    def places(self, clip: Clip, n: int) -> list[Hit]:
        """Align with the pieces that windows of the clip are near to, before others of the sample."""
        among = self._pieces & self.view.are(clip.modality)
        windows = clip.vectors if len(clip.vectors) else self._vector[None]
        named = {
            hit.piece
            for window in windows
            for hit in self._best_of(
                window, self.view.scores(window), clip.modality, among, max(n, _CLIP_PIECES // 4)
            )
        }
        others = np.flatnonzero(self.view.are(clip.modality))
        others = others[:: max(1, len(others) // _CLIP_PIECES)]
        chosen = np.union1d(np.array(sorted(named), np.intp), others)
        part = self.view.part(chosen)
        allowed = among[chosen][part.rows.piece]
        allowed[np.isin(self.view.rows_among(chosen), list(self._hidden))] = False
        return align(part, clip, allowed, n)

    def _best_of(
        self,
        vector: NDArray[np.float32],
        held: NDArray[np.float32],
        modality: Modality,
        among: Mask,
        n: int,
    ) -> list[Found]:
        """Give at least the ``n`` best pieces among some, if there are as many, unordered."""
        count = 4 * n + 8
        while True:
            rows, scores, is_all = self._from_disk(vector, modality, among, count)
            young, young_scores = self._from_memory(held, among, count)
            best: dict[int, Found] = {}
            for row, score in zip(
                np.concatenate([rows, young]).tolist(),
                np.concatenate([scores, young_scores]).tolist(),
                strict=True,
            ):
                piece = int(self.view.rows.piece[row])
                if row not in self._hidden and (piece not in best or best[piece].score < score):
                    best[piece] = Found(piece, row, score)
            if is_all or len(best) >= n or count >= _MOST_CANDIDATES:
                return list(best.values())
            count *= 4

    def _from_memory(
        self, held: NDArray[np.float32], among: Mask, count: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        first = self.view.first_held
        rows = np.flatnonzero(among[self.view.rows.piece[first:]])
        if len(rows) > count:
            rows = rows[np.argpartition(-held[rows], count - 1)[:count]]
        return rows + first, held[rows]

    def _from_disk(
        self, vector: NDArray[np.float32], modality: Modality, among: Mask, count: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float32], bool]:
        """Name rows, best first, and their cosines; and tell whether that is all there is."""
        view = self.view
        allowed = int(view.lengths @ among)
        if allowed <= FEW_ROWS:
            rows = view.rows_among(among)
            rows = rows[rows < view.first_held]
            return rows, np.asarray(np.clip(view.unit(rows) @ vector, -1, 1), np.float32), True
        condition = view.columns.condition(self._where, modality, among)
        share = allowed / len(view.rows.piece)
        ids, cosines, is_all = self._stored.index.nearest(vector, count, condition, share)
        rows = self._stored.rows(ids)
        there = rows >= 0  # what was forgotten since still stands in the index
        there[there] = among[view.rows.piece[rows[there]]]
        return rows[there], np.clip(cosines[there], -1, 1), is_all
