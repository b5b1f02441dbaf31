"""A piano roll: the notes of a performance as bars, time from left to right, one colour a channel.

Picture and time span are of the same width, without margins: whoever plays it can draw a cursor.
"""

from collections import defaultdict
from collections.abc import Sequence

from clamp3_plugin.errors import EmptyContentError

_INK = ("#1f4e79", "#b5541c", "#3b7d3b", "#7b4a9e", "#a3333d", "#4d6b6b", "#8a6d1a", "#555f9c")
_DRUMS, _DRUM_CHANNEL = "#8c8c8c", 9
_RULE = "#d8d8d8"
_ASPECT = 0.24
_LEAST_PITCHES = 24  # two octaves: a tune of five notes is no row of blocks
_OCTAVE = 12

Note = tuple[float, float, int, int, int]
"""Start and length in seconds, pitch, velocity, channel."""


def piano_roll(notes: Sequence[Note], start: float, end: float, width: int) -> bytes:
    """Draw the notes that sound between two seconds.

    Raises
    ------
    EmptyContentError
        None does.
    """
    heard = [note for note in notes if note[0] < end and note[0] + note[1] > start]
    if not heard or end <= start:
        raise EmptyContentError("No note sounds in this passage.")
    low, high = _range([note[2] for note in heard])
    height = round(width * _ASPECT)
    row = height / (high - low + 1)
    scale = width / (end - start)
    cells: dict[int, dict[tuple[int, int], int]] = defaultdict(dict)
    for onset, length, pitch, _, channel in heard:
        left = round((max(onset, start) - start) * scale)
        right = round((min(onset + length, end) - start) * scale)
        place = (left, pitch)  # what is drawn at the same place is drawn once
        channels = cells[channel]
        channels[place] = max(channels.get(place, 2), right - left)
    rules = "".join(
        f"M0 {height - (pitch - low) * row:.1f}h{width}"
        for pitch in range(low, high + 1)
        if pitch % _OCTAVE == 0
    )
    drawn = "".join(
        f'<path fill="{_colour(channel)}" d="{_bars(places, low, height, row)}"/>'
        for channel, places in sorted(cells.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}">'
        f'<path fill="none" stroke="{_RULE}" stroke-width="1.5" d="{rules}"/>{drawn}</svg>'
    ).encode("ascii")


def _range(pitches: Sequence[int]) -> tuple[int, int]:
    """Give the lowest and highest pitch of the picture, with a little air."""
    low, high = min(pitches) - 1, max(pitches) + 1
    missing = max(0, _LEAST_PITCHES - (high - low + 1))
    return low - missing // 2, high + (missing + 1) // 2


def _bars(places: dict[tuple[int, int], int], low: int, height: int, row: float) -> str:
    thick = max(row * 0.86, 2)
    return "".join(
        f"M{left} {height - (pitch - low + 1) * row:.1f}h{wide}v{thick:.1f}h-{wide}z"
        for (left, pitch), wide in places.items()
    )


def _colour(channel: int) -> str:
    return _DRUMS if channel == _DRUM_CHANNEL else _INK[channel % len(_INK)]
