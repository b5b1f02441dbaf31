"""Where a clip lies in longer pieces: offset voting over windows.

A clip is a sequence of windows, and so is a piece. Every window of the clip votes, with its cosine to
every window of the piece, for the offset at which the two would lie upon each other. The sum of the
votes for an offset, over as many windows as the shorter of the two has, is the cosine between the clip
and that stretch of the piece, each taken as one long vector. Clip and piece need not be cut at the same
moments, so the best offset is refined by its neighbours.

Conventions: windows start at multiples of ``hop`` seconds, each from its own piece's start; the slots
of a piece are its offsets in hops, from ``-last`` where only the last window of the clip lies on its
first one. ``m`` rows stand for windows of pieces, ``n`` windows make the clip.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.library.exact import Mask, View
from clamp3_plugin.library.recognition import RECOGNISED, STEPS_PER_S, correlations
from clamp3_plugin.music import Modality, Passage
from clamp3_plugin.query import Hit
from clamp3_plugin.readers.audio.fingerprint import PHASES, Fingerprint

_COMPARED = 32
"""Recordings, of those most like it, in which a clip is looked for by its sound."""
MOST_WINDOWS = 24
"""A longer clip (two minutes) is asked with as a whole: it is a piece rather than a place in one."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A stretch of music, window by window, whose place in pieces of its modality is asked for."""

    modality: Modality
    vectors: NDArray[np.float32]
    """float32, shape ``(n, dim)``, unit rows."""
    starts: NDArray[np.float64]
    """Second at which each window starts, from the start of the clip."""
    seconds: float
    """Length of the clip."""
    hop: float
    """Seconds between windows."""
    fingerprints: NDArray[np.uint8] | None = None
    """Of a recording: shape ``(PHASES, T, BANDS)``."""


def align(view: View, clip: Clip, allowed: Mask, n: int) -> list[Hit]:
    """Find the pieces in which a clip has its best place, and the place.

    Parameters
    ----------
    view
        The library.
    clip
        What is asked with.
    allowed
        Which rows may answer, shape ``(rows,)``.
    n
        How many pieces at most.

    Returns
    -------
    list of Hit
        Best first: recordings that the clip was cut from before those that are like it. The passage
        is the place, as long as the clip; None where the piece is no longer.
    """
    rows = _windows(view, clip.modality)
    slots = _Slots.over(view, clip, rows)
    cosines = view.scores(clip.vectors)[:, rows]
    scores = slots.votes(cosines) / slots.shorter
    count = slots.voters(np.ones(len(rows), np.bool_))
    is_open = (count > 0) & (slots.voters(~allowed[rows]) == 0)
    background = scores[count == slots.shorter]
    ranked = np.where(is_open, scores, -np.inf)
    places = slots.best(ranked, max(n, _COMPARED))
    known_by = view.fingerprints(int(slots.pieces[place]) for place in places)
    hits = []
    for place in places:
        piece = int(slots.pieces[place])
        found = _recognised(known_by.get(view.pieces[piece].id), clip, slots, place, is_open)
        if found is not None:
            offset, slot = found, int(slots.near(place, np.array(found)))
        else:
            slot = int(slots.first[place] + np.argmax(ranked[slots.of(place)]))
            offset = slots.offset(slot, place, ranked, count)
        score = float(np.clip(scores[slot], -1, 1))
        below = int(np.count_nonzero(background < scores[slot]))
        percentile = 100 * below / max(1, len(background))
        stretch = _stretch(view, piece, clip, offset * clip.hop)
        hits.append((found is None, Hit(view.pieces[piece], stretch, score, percentile)))
    hits.sort(key=lambda each: (each[0], -each[1].score, each[1].piece.path, each[1].piece.tune))
    return [hit for _, hit in hits[:n]]


def _recognised(
    fingerprint: Fingerprint | None, clip: Clip, slots: "_Slots", place: int, is_open: Mask
) -> float | None:
    """Give the offset, in hops, from which on a recording is what the clip was cut from."""
    if fingerprint is None or clip.fingerprints is None:
        return None
    found = correlations(fingerprint, clip.fingerprints)
    offsets = np.arange(1 - PHASES, len(found) + 1 - PHASES) / (STEPS_PER_S * clip.hop)
    near = slots.near(place, np.stack([np.floor(offsets), np.ceil(offsets)]))
    found[~np.all(is_open[near], axis=0)] = -1
    best = int(np.argmax(found)) if len(found) else -1
    return float(offsets[best]) if best >= 0 and found[best] >= RECOGNISED else None


def _windows(view: View, modality: Modality) -> NDArray[np.intp]:
    """Rows of passages given in seconds; a piece without passages is its own only window."""
    rows = view.of_modality(modality)
    _, first, counts = np.unique(view.rows.piece[rows], return_index=True, return_counts=True)
    kept = ~np.isnan(view.rows.stretch[rows, 2])
    kept[first[counts == 1]] = True
    return np.asarray(rows[kept], np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class _Slots:
    """The offsets of all pieces side by side."""

    pieces: NDArray[np.int32]
    """Position of each piece that has slots, shape ``(p,)``."""
    first: NDArray[np.int64]
    """First slot of each, and the number of all: shape ``(p + 1,)``."""
    last: int
    """Number, in hops, of the clip's last window."""
    asked: NDArray[np.int64]
    """Number of each window of the clip, shape ``(n,)``."""
    at: NDArray[np.int64]
    """Slot for which a window of a piece is voted for by the clip's window 0, shape ``(m,)``; window
    ``k`` votes ``k`` slots before, and these are slots of the same piece."""
    shorter: NDArray[np.float64]
    """Windows of the clip, or of the slot's piece if it has fewer; shape ``(slots,)``."""

    @classmethod
    def over(cls, view: View, clip: Clip, rows: NDArray[np.intp]) -> "_Slots":
        asked = np.rint(clip.starts / clip.hop).astype(np.int64)
        last = int(asked.max())
        starts = np.nan_to_num(view.rows.stretch[rows, 2])
        number = np.rint(starts / clip.hop).astype(np.int64)
        pieces, owner, counts = np.unique(
            view.rows.piece[rows], return_inverse=True, return_counts=True
        )
        highest = np.zeros(len(pieces), np.int64)
        np.maximum.at(highest, owner, number)
        lengths = highest + last + 1
        first = np.concatenate([[0], np.cumsum(lengths)])
        at = first[owner] + number + last
        shorter = np.repeat(np.minimum(counts, len(asked)), lengths).astype(np.float64)
        return cls(pieces, first, last, asked, at, shorter)

    def votes(self, cosines: NDArray[np.float32]) -> NDArray[np.float64]:
        """Sum the votes for each slot.

        Parameters
        ----------
        cosines
            Float32, shape ``(n, m)``.
        """
        size = int(self.first[-1])
        votes = np.zeros(size)
        for number, of_window in zip(self.asked, cosines, strict=True):
            votes[: size - number] += np.bincount(self.at, of_window, size)[number:]
        return votes

    def voters(self, windows: Mask) -> NDArray[np.int64]:
        """Count for each slot the votes that come from some windows of pieces, shape ``(m,)``."""
        size = int(self.first[-1])
        count = np.zeros(size, np.int64)
        there = np.bincount(self.at[windows], minlength=size)
        for number in self.asked:
            count[: size - number] += there[number:]
        return count

    def of(self, place: int) -> slice:
        return slice(int(self.first[place]), int(self.first[place + 1]))

    def best(self, ranked: NDArray[np.float64], n: int) -> list[int]:
        """Give the places, in ``pieces``, of the pieces with the best slots."""
        if not len(self.pieces):
            return []
        of_piece = np.maximum.reduceat(ranked, self.first[:-1])
        count = min(n, int(np.count_nonzero(of_piece > -np.inf)))
        return [int(place) for place in np.argsort(-of_piece, kind="stable")[:count]]

    def near(self, place: int, hops: NDArray[np.float64]) -> NDArray[np.int64]:
        """Give the slots of a piece that are nearest to offsets in hops."""
        own = self.of(place)
        slots = own.start + self.last + np.rint(hops)
        return np.asarray(np.clip(slots, own.start, own.stop - 1), np.int64)

    def offset(
        self, slot: int, place: int, ranked: NDArray[np.float64], count: NDArray[np.int64]
    ) -> float:
        """Give the offset of a slot in hops, refined by how its neighbours fit.

        Two windows are the less alike the less they overlap, on either side by as much: so the top
        of the tent through the three scores is taken.
        """
        found = slot - int(self.first[place]) - self.last
        own, around = self.of(place), slice(slot - 1, slot + 2)
        has_neighbours = own.start < slot < own.stop - 1 and np.all(np.isfinite(ranked[around]))
        if not (has_neighbours and np.ptp(count[around]) == 0):
            return float(found)
        before, here, after = (float(score) for score in ranked[around])
        fall = here - min(before, after)
        return found + (0.5 * (after - before) / fall if fall > 0 else 0.0)


def _stretch(view: View, piece: int, clip: Clip, offset: float) -> Passage | None:
    """Give the seconds of a place; None for a piece that is no longer than the clip."""
    length = _length(view, piece)
    if length <= clip.seconds:
        return None
    start = round(min(max(0.0, offset), length - clip.seconds), 2)
    return Passage(start=start, end=round(min(start + clip.seconds, length), 2))


def _length(view: View, piece: int) -> float:
    known = view.pieces[piece].metadata.duration or 0.0
    ends = np.nan_to_num(view.rows.stretch[list(view.rows_of(piece)), 3])
    return max(known, float(ends.max()))
