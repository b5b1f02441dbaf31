"""Cut long inputs into what a tower sees at once, and pack segments into passes.

References
----------
github.com/sanderwood/clamp3 ``code/extract_clamp3.py``: full segments, then the last ``length`` positions.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """Positions of one input that a tower sees at once."""

    owner: int
    """Index of the input."""
    start: int
    length: int
    weight: int
    """Positions that no earlier segment of the same input holds."""


def segments_of(owner: int, n: int, length: int) -> Iterator[Segment]:
    """Cut ``n`` positions as the reference does; the last segment reaches back to be full."""
    full, rest = divmod(n, length)
    for i in range(full):
        yield Segment(owner, i * length, length, length)
    if rest:
        start = max(0, n - length)
        yield Segment(owner, start, n - start, rest)


def passes(segments: list[Segment], budget: int) -> Iterator[list[Segment]]:
    """Take segments in their order, as many at a time as have ``budget`` positions together."""
    batch: list[Segment] = []
    positions = 0
    for segment in segments:
        if batch and positions + segment.length > budget:
            yield batch
            batch, positions = [], 0
        batch.append(segment)
        positions += segment.length
    if batch:
        yield batch
