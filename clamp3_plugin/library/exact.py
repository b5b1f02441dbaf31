"""Exact search in memory: every vector against the question, the best stretch of each piece.

One matrix product over all rows is exact and, up to some 300,000 rows, quicker than LanceDB's scan
and than the encoder that made the question. A ``View`` never changes once made, so threads search
while another writes; ``grow`` and ``without`` make the next one.

Conventions: rows of a piece stand together, the whole piece first. A stretch is four floats:
first and last bar, start and end in seconds, NaN where there is none.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.library.filters import PieceColumns
from clamp3_plugin.music import Modality, Passage, Piece

Mask = NDArray[np.bool_]
_MODALITIES = tuple(Modality)


def stretches(passages: Sequence[Passage | None]) -> NDArray[np.float64]:
    """Write passages as numbers, shape ``(n, 4)``; a whole piece is four NaN.

    Examples
    --------
    >>> stretches([None, Passage(first_bar=9, last_bar=16)]).shape
    (2, 4)
    """
    given = [
        (p.first_bar, p.last_bar, p.start, p.end) if p else (None, None, None, None)
        for p in passages
    ]
    return np.array(given, np.float64).reshape(-1, 4)


def printed_ends(passages: Sequence[Passage | None]) -> NDArray[np.object_]:
    """Write the printed numbers of passages, shape ``(n, 2)``; None where there are none.

    Examples
    --------
    >>> printed_ends([None, Passage(9, 16, printed=("8", "15"))]).tolist()
    [[None, None], ['8', '15']]
    """
    given = [(p and p.printed) or (None, None) for p in passages]
    return np.array(given, np.object_).reshape(-1, 2)


def passage_of(stretch: NDArray[np.float64]) -> Passage | None:
    """Read back one row of ``stretches``."""
    first, last, start, end = (None if np.isnan(value) else float(value) for value in stretch)
    if first is None and start is None:
        return None
    return Passage(
        first_bar=None if first is None else int(first),
        last_bar=None if last is None else int(last),
        start=start,
        end=end,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Vectors with what they stand for.

    ``piece`` int32 ``(n,)`` is the position of each row's piece, ``stretch`` float64 ``(n, 4)``,
    ``printed`` strings or None ``(n, 2)``, ``vectors`` float32 ``(n, dim)``.
    """

    piece: NDArray[np.int32]
    stretch: NDArray[np.float64]
    printed: NDArray[np.object_]
    vectors: NDArray[np.float32]

    def passage(self, row: int) -> Passage | None:
        """Give what a row stands for; None for a whole piece."""
        passage = passage_of(self.stretch[row])
        first, last = self.printed[row]
        if passage is None or first is None:
            return passage
        return replace(passage, printed=(first, last))


@dataclass(frozen=True, slots=True)
class Found:
    """A row that answers: the position of its piece, its own, and its cosine."""

    piece: int
    row: int
    score: float


class View:
    """Pieces and rows at one moment."""

    def __init__(
        self,
        pieces: list[Piece],
        rows: Rows,
        scale: NDArray[np.float32] | None = None,
        buffer: NDArray[np.float32] | None = None,
    ) -> None:
        self.pieces = pieces
        self.rows = rows
        # rounded to float16 in the store, rows are a little off unit length
        self._scale = _inverse_norms(rows.vectors) if scale is None else scale
        self._buffer = rows.vectors if buffer is None else buffer

    @classmethod
    def empty(cls, dim: int) -> "View":
        """Start without rows."""
        nothing = np.zeros((0, dim), np.float32)
        return cls([], Rows(np.zeros(0, np.int32), stretches([]), printed_ends([]), nothing))

    @cached_property
    def columns(self) -> PieceColumns:
        """What filters look at."""
        return PieceColumns(self.pieces)

    @cached_property
    def positions(self) -> dict[str, int]:
        """Where each piece stands, by its id."""
        return {piece.id: position for position, piece in enumerate(self.pieces)}

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """First row of each piece, and the number of rows: shape ``(pieces + 1,)``."""
        return np.searchsorted(self.rows.piece, np.arange(len(self.pieces) + 1))

    @cached_property
    def _modality(self) -> NDArray[np.int8]:
        codes = [_MODALITIES.index(piece.modality) for piece in self.pieces]
        return np.array(codes, np.int8)[self.rows.piece]

    def rows_of(self, piece: int) -> range:
        """Rows of the piece at a position; the first is the whole."""
        return range(self.starts[piece], self.starts[piece + 1])

    def unit(self, rows: Sequence[int] | NDArray[np.intp]) -> NDArray[np.float32]:
        """Give rows at unit length, shape ``(len(rows), dim)``."""
        chosen = np.asarray(rows, np.intp)
        return np.asarray(self.rows.vectors[chosen] * self._scale[chosen, None], np.float32)

    def of_modality(self, modality: Modality) -> NDArray[np.intp]:
        """Rows of a modality."""
        return np.flatnonzero(self._modality == _MODALITIES.index(modality))

    def scores(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine of a unit vector ``(dim,)``, or of several ``(m, dim)``, with every row.

        Returns
        -------
        ndarray
            float32, shape ``(n,)`` or ``(m, n)``.
        """
        products = (self.rows.vectors @ vector.T).T * self._scale
        return np.asarray(np.clip(products, -1, 1), np.float32)

    def modalities(self, among: Mask) -> list[Modality]:
        """Name the modalities of some rows, in their fixed order."""
        return [_MODALITIES[code] for code in np.unique(self._modality[among])]

    def best(self, scores: NDArray[np.float32], n: int, among: Mask) -> list[Found]:
        """Take the ``n`` best pieces, each by its best row among those let through.

        Parameters
        ----------
        scores
            float32, shape ``(rows,)``.
        n
            How many at most.
        among
            Which rows may answer, shape ``(rows,)``.
        """
        if not np.any(among):
            return []
        ranked = np.where(among, scores, -np.inf)
        of_piece = np.maximum.reduceat(ranked, self.starts[:-1])
        count = min(n, int(np.count_nonzero(of_piece > -np.inf)))
        top = np.argpartition(-of_piece, count - 1)[:count]
        found = []
        for piece in map(int, top):
            first = int(self.starts[piece])
            row = first + int(np.argmax(ranked[first : self.starts[piece + 1]]))
            found.append(Found(piece, row, float(scores[row])))
        return sorted(found, key=lambda hit: (-hit.score, self.pieces[hit.piece].path, hit.piece))

    def percentiles(self, scores: NDArray[np.float32], found: Sequence[Found]) -> list[float]:
        """Place each score among those of all rows of the same modality, 0 to 100."""
        backgrounds = {
            code: np.sort(scores[self._modality == code])
            for code in {int(self._modality[hit.row]) for hit in found}
        }
        return [
            100 * int(np.searchsorted(background, scores[hit.row])) / len(background)
            for hit in found
            for background in [backgrounds[int(self._modality[hit.row])]]
        ]

    def grow(self, pieces: list[Piece], rows: Rows) -> "View":
        """Add pieces behind those that are there.

        The matrix is a buffer with room to grow: rows behind the end of this view are not its
        own, so they may be written while others search it.
        """
        before, after = len(self.rows.vectors), len(self.rows.vectors) + len(rows.vectors)
        buffer = self._buffer
        if after > len(buffer):
            buffer = np.empty((max(after, 2 * len(buffer)), rows.vectors.shape[1]), np.float32)
            buffer[:before] = self.rows.vectors
        buffer[before:after] = rows.vectors
        joined = Rows(
            np.concatenate([self.rows.piece, rows.piece + np.int32(len(self.pieces))]),
            np.concatenate([self.rows.stretch, rows.stretch]),
            np.concatenate([self.rows.printed, rows.printed]),
            buffer[:after],
        )
        scale = np.concatenate([self._scale, _inverse_norms(rows.vectors)])
        return View(self.pieces + pieces, joined, scale, buffer)

    def without(self, paths: Collection[str]) -> "View":
        """Leave out the pieces of some files."""
        kept = np.array([piece.path not in paths for piece in self.pieces], np.bool_)
        if np.all(kept):
            return self
        rows = kept[self.rows.piece]
        renumbered = (np.cumsum(kept) - 1).astype(np.int32)
        return View(
            [piece for piece, keep in zip(self.pieces, kept, strict=True) if keep],
            Rows(
                renumbered[self.rows.piece[rows]],
                self.rows.stretch[rows],
                self.rows.printed[rows],
                self.rows.vectors[rows],
            ),
            self._scale[rows],
        )


def _inverse_norms(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    squares = np.einsum("ij,ij->i", vectors, vectors)  # without a copy of the matrix
    return np.asarray(1 / np.sqrt(squares), np.float32)
