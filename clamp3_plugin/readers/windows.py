"""The windows in seconds that a long performance or recording is indexed by, beside the whole."""

from math import ceil

from clamp3_plugin.music import Passage

WINDOW = 10.0
HOP = 5.0
SHORTEST_IN_WINDOWS = 12.0
"""A piece up to this length is found as a whole only."""


def windows(duration: float) -> list[Passage]:
    """Cut a piece of so many seconds; the last window ends with the piece.

    Examples
    --------
    >>> [(window.start, window.end) for window in windows(17.0)]
    [(0.0, 10.0), (5.0, 15.0), (10.0, 17.0)]
    """
    if duration <= SHORTEST_IN_WINDOWS:
        return []
    count = 1 + ceil((duration - WINDOW) / HOP)
    return [Passage(start=i * HOP, end=min(i * HOP + WINDOW, duration)) for i in range(count)]
