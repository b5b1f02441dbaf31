"""Pieces and rows in memory, and exact search among the vectors that are there too.

One matrix product over all rows is exact and, up to a size, quicker than any index. Of a larger library
the vectors of the first rows stay on the disk, behind an index. A ``View`` never changes once made, so
threads search while another writes; ``grow`` and ``without`` make the next one.

Conventions: rows of a piece stand together, the whole piece first. A stretch is four floats:
first and last bar, start and end in seconds, NaN where there is none.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.library.entries import PieceEntry
from clamp3_plugin.library.filters import PieceColumns
from clamp3_plugin.library.index import VectorIndex
from clamp3_plugin.music import Modality, Passage, Piece
from clamp3_plugin.readers.audio.fingerprint import Fingerprint

Mask = NDArray[np.bool_]
_MODALITIES = tuple(Modality)
SAMPLE = 4096
"""Rows of a modality that stand for all: a percentile is right within 0.8 points, 19 times of 20."""


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
    """What vectors stand for, and the vectors that are held in memory.

    ``piece`` int32 ``(n,)`` is the position of each row's piece, ``stretch`` float64 ``(n, 4)``,
    ``printed`` strings or None ``(n, 2)``, ``vectors`` float32 ``(held, dim)`` those of the last rows.
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


@dataclass(frozen=True, eq=False)
class Stored:
    """The first rows of a view, whose vectors are on the disk, by their row ids there."""

    index: VectorIndex
    ids: NDArray[np.uint64]
    sample: Mapping[Modality, NDArray[np.float32]]
    """Unit vectors of each modality, evenly taken: against them it is told what stands out."""

    def rows(self, ids: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Give the rows of the view with some ids; -1 for one that is no longer in it."""
        ordered, order = self._ordered
        place = np.minimum(np.searchsorted(ordered, ids), max(0, len(ordered) - 1))
        if not len(ordered):
            return np.full(len(ids), -1, np.intp)
        return np.where(ordered[place] == ids, order[place], -1)

    def keep(self, rows: Mask) -> "Stored":
        """Leave out some of them."""
        return Stored(self.index, self.ids[rows], self.sample)

    @cached_property
    def _ordered(self) -> tuple[NDArray[np.uint64], NDArray[np.intp]]:
        order = np.argsort(self.ids)
        return self.ids[order], order


class View:
    """Pieces and rows at one moment."""

    def __init__(
        self,
        pieces: list[Piece],
        rows: Rows,
        stored: Stored | None = None,
        scale: NDArray[np.float32] | None = None,
        buffers: Rows | None = None,
        *,
        known_by: Mapping[str, Fingerprint] | None = None,
    ) -> None:
        self.pieces = pieces
        self.rows = rows
        self.stored = stored
        # rounded to float16 in the store, rows are a little off unit length
        self._scale = _inverse_norms(rows.vectors) if scale is None else scale
        self._buffers = buffers or rows
        self._known_by = known_by or {}

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
    def codes(self) -> NDArray[np.int8]:
        """Number of each piece's modality, shape ``(pieces,)``."""
        return np.array([_MODALITIES.index(piece.modality) for piece in self.pieces], np.int8)

    @cached_property
    def lengths(self) -> NDArray[np.intp]:
        """Rows of each piece, shape ``(pieces,)``."""
        return np.diff(self.starts)

    def rows_of(self, piece: int) -> range:
        """Rows of the piece at a position; the first is the whole."""
        return range(self.starts[piece], self.starts[piece + 1])

    @property
    def first_held(self) -> int:
        """The first row whose vector is in memory."""
        return len(self.rows.piece) - len(self.rows.vectors)

    def passages(self, piece: int) -> tuple[Passage, ...]:
        """Give the passages of the piece at a position, in order."""
        return tuple(passage for row in self.rows_of(piece) if (passage := self.rows.passage(row)))

    def entry(self, piece: int) -> PieceEntry:
        """Give the piece at a position with its vectors, to be added again."""
        about, vectors = self.pieces[piece], self.vectors(self.rows_of(piece))
        known_by = self.fingerprints([piece]).get(about.id)
        return PieceEntry(about.modality, about.metadata, self.passages(piece), vectors, known_by)

    def vectors(self, rows: Sequence[int] | range | NDArray[np.intp]) -> NDArray[np.float32]:
        """Give vectors as the store keeps them, shape ``(len(rows), dim)``."""
        chosen = np.asarray(rows, np.intp)
        is_held = chosen >= self.first_held
        if self.stored is None or np.all(is_held):
            return self.rows.vectors[chosen - self.first_held]
        vectors = np.empty((len(chosen), self.rows.vectors.shape[1]), np.float32)
        vectors[is_held] = self.rows.vectors[chosen[is_held] - self.first_held]
        vectors[~is_held] = self.stored.index.take(self.stored.ids[chosen[~is_held]])
        return vectors

    def unit(self, rows: Sequence[int] | range | NDArray[np.intp]) -> NDArray[np.float32]:
        """Give rows at unit length, shape ``(len(rows), dim)``."""
        vectors = self.vectors(rows)
        return np.asarray(vectors * _inverse_norms(vectors)[:, None], np.float32)

    def fingerprints(self, pieces: Iterable[int]) -> dict[str, Fingerprint]:
        """Give the fingerprints of the pieces at some positions, by their ids; some have none."""
        ids = [self.pieces[piece].id for piece in pieces]
        held = {each: self._known_by[each] for each in ids if each in self._known_by}
        if self.stored is None:
            return held
        return held | self.stored.index.fingerprints([each for each in ids if each not in held])

    def of_modality(self, modality: Modality) -> NDArray[np.intp]:
        """Rows of a modality."""
        return np.flatnonzero(self.are(modality)[self.rows.piece])

    def are(self, modality: Modality) -> Mask:
        """Tell which pieces are of a modality, shape ``(pieces,)``."""
        return np.asarray(self.codes == _MODALITIES.index(modality), np.bool_)

    def rows_among(self, pieces: Mask | NDArray[np.intp]) -> NDArray[np.intp]:
        """Give the rows of several pieces, in order."""
        chosen = np.flatnonzero(pieces) if pieces.dtype == np.bool_ else np.sort(pieces)
        lengths = self.lengths[chosen]
        before = self.starts[chosen] - np.cumsum(lengths) + lengths
        return np.asarray(np.repeat(before, lengths) + np.arange(int(lengths.sum())), np.intp)

    def scores(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine of a unit vector ``(dim,)``, or of several ``(m, dim)``, with every row held.

        Returns
        -------
        ndarray
            float32, shape ``(held,)`` or ``(m, held)``.
        """
        products = (self.rows.vectors @ vector.T).T * self._scale
        return np.asarray(np.clip(products, -1, 1), np.float32)

    def part(self, pieces: NDArray[np.intp]) -> "View":
        """Give a view of some pieces only, in memory as a whole; their positions in order."""
        rows = self.rows_among(pieces)
        chosen, numbers = np.unique(self.rows.piece[rows], return_inverse=True)
        held = Rows(
            numbers.astype(np.int32), self.rows.stretch[rows], self.rows.printed[rows],
            self.vectors(rows),
        )  # fmt: skip
        known_by = self.fingerprints(chosen)
        return View([self.pieces[piece] for piece in chosen], held, known_by=known_by)

    def sampled(self) -> "View":
        """Give the same view with a sample of each modality's stored rows in memory."""
        if self.stored is None:
            return self
        sample = {}
        for modality in self.modalities(np.ones(len(self.pieces), np.bool_)):
            rows = self.of_modality(modality)
            rows = rows[rows < self.first_held]
            sample[modality] = self.unit(rows[:: max(1, -(-len(rows) // SAMPLE))])
        stored = Stored(self.stored.index, self.stored.ids, sample)
        return View(
            self.pieces, self.rows, stored, self._scale, self._buffers, known_by=self._known_by
        )

    def modalities(self, pieces: Mask) -> list[Modality]:
        """Name the modalities of some pieces, in their fixed order."""
        return [_MODALITIES[code] for code in np.unique(self.codes[pieces])]

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
        return self.in_order(found)

    def in_order(self, found: Iterable[Found]) -> list[Found]:
        """Sort by score; of equals the first by path."""
        return sorted(found, key=lambda hit: (-hit.score, self.pieces[hit.piece].path, hit.piece))

    def grow(self, pieces: list[Piece], rows: Rows, known_by: Mapping[str, Fingerprint]) -> "View":
        """Add pieces behind those that are there, with the fingerprints of some by their ids.

        The columns are buffers with room to grow: rows behind the end of this view are not its own,
        so they may be written while others search it.
        """
        own, buffers = self.rows, self._buffers
        number = rows.piece + np.int32(len(self.pieces))
        grown = Rows(
            _appended(buffers.piece, len(own.piece), number),
            _appended(buffers.stretch, len(own.stretch), rows.stretch),
            _appended(buffers.printed, len(own.printed), rows.printed),
            _appended(buffers.vectors, len(own.vectors), rows.vectors),
        )
        scale = np.concatenate([self._scale, _inverse_norms(rows.vectors)])
        count, held = len(own.piece) + len(number), len(scale)
        joined = Rows(
            grown.piece[:count], grown.stretch[:count], grown.printed[:count], grown.vectors[:held]
        )
        known_by = {**self._known_by, **known_by} if known_by else self._known_by
        return View(self.pieces + pieces, joined, self.stored, scale, grown, known_by=known_by)

    def without(self, paths: Collection[str]) -> "View":
        """Leave out the pieces of some files."""
        kept = np.array([piece.path not in paths for piece in self.pieces], np.bool_)
        if np.all(kept):
            return self
        rows = kept[self.rows.piece]
        first = self.first_held
        renumbered = (np.cumsum(kept) - 1).astype(np.int32)
        left = [piece for piece, keep in zip(self.pieces, kept, strict=True) if keep]
        known_by = self._known_by
        return View(
            left,
            Rows(
                renumbered[self.rows.piece[rows]],
                self.rows.stretch[rows],
                self.rows.printed[rows],
                self.rows.vectors[rows[first:]],
            ),
            self.stored and self.stored.keep(rows[:first]),
            self._scale[rows[first:]],
            known_by={piece.id: known_by[piece.id] for piece in left if piece.id in known_by},
        )


_Number = TypeVar("_Number", bound=np.generic)


def _appended(buffer: NDArray[_Number], used: int, more: NDArray[_Number]) -> NDArray[_Number]:
    """Write behind what is used of a buffer; gives the buffer, or a larger one with both in it."""
    end = used + len(more)
    if end > len(buffer):
        larger = np.empty((max(end, 2 * len(buffer)), *buffer.shape[1:]), buffer.dtype)
        larger[:used] = buffer[:used]
        buffer = larger
    buffer[used:end] = more
    return buffer


def _inverse_norms(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    squares = np.einsum("ij,ij->i", vectors, vectors)  # without a copy of the matrix
    return np.asarray(1 / np.sqrt(squares), np.float32)
