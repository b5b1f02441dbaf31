"""Which rows may answer: what a filter lets through, less what the question itself is made of."""

from dataclasses import dataclass, replace

from clamp3_plugin.library.exact import Mask, View, passage_of
from clamp3_plugin.music import Passage
from clamp3_plugin.query import Filter


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What must not answer: whole pieces, or of a piece the stretches near a passage."""

    pieces: frozenset[str] = frozenset()
    passages: tuple[tuple[str, Passage], ...] = ()


def pieces_allowed(view: View, where: Filter, without: Exclusion) -> Mask:
    """Tell for each piece whether it may answer, be it with some of its rows only."""
    allowed = view.columns.mask(where)
    for identity in without.pieces & view.positions.keys():
        allowed[view.positions[identity]] = False
    return allowed


def rows_hidden(view: View, without: Exclusion) -> list[int]:
    """Name the rows that may not answer though their piece may."""
    return [
        row
        for identity, passage in without.passages
        if identity in view.positions
        for row in view.rows_of(view.positions[identity])
        if _near(passage_of(view.rows.stretch[row]), passage)
    ]


def _near(stretch: Passage | None, passage: Passage) -> bool:
    """Tell whether a stretch overlaps a passage or is its neighbour; a whole piece overlaps."""
    if stretch is None:
        return True
    wider = replace(
        passage,
        first_bar=passage.first_bar and max(1, passage.first_bar - 1),
        last_bar=passage.last_bar and passage.last_bar + 1,
    )
    return stretch.overlaps(wider) or (
        stretch.first_bar is None
        and stretch.start is not None
        and passage.start is not None
        and (stretch.end == passage.start or stretch.start == passage.end)
    )


def same_bars(stretch: Passage | None, passage: Passage | None) -> bool:
    """Tell whether two passages count the same bars, whether or not both know the seconds."""
    return (
        stretch is not None
        and passage is not None
        and stretch.first_bar is not None
        and (stretch.first_bar, stretch.last_bar) == (passage.first_bar, passage.last_bar)
    )
