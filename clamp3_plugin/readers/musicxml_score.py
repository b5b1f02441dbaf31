"""Make a score of a MusicXML file, plain or zipped."""

from collections.abc import Sequence
from itertools import pairwise

from clamp3_plugin.readers.key_estimate import with_estimated_key
from clamp3_plugin.readers.musicxml.convert import convert_musicxml
from clamp3_plugin.readers.musicxml.parse import TreeLimits
from clamp3_plugin.readers.mxl import MAX_SCORE, unzip_score
from clamp3_plugin.readers.score import Score, score_from_standard_abc

_ZIP = b"PK"
_UNZIPPED = TreeLimits(size=MAX_SCORE)
"""Of a zipped score the size has been counted, against a limit of its own."""


def read_musicxml(data: bytes) -> list[Score]:
    """Read a MusicXML file; what is zipped shows in its bytes, not in its name.

    Raises
    ------
    InputRefusedError
        It is broken, too large, no MusicXML, or without notes.
    """
    if data.startswith(_ZIP):
        converted = convert_musicxml(unzip_score(data), _UNZIPPED)
    else:
        converted = convert_musicxml(data)
    score = score_from_standard_abc(
        converted.abc,
        bar_numbers=converted.bar_numbers,
        onsets=in_seconds(converted.bar_onsets, converted.tempo_map),
        positions=converted.bar_onsets,
        voice_staves=converted.voice_staves,
        metadata=converted.metadata,
    )
    return [with_estimated_key(score)]


def in_seconds(positions: Sequence[float], tempo_map: Sequence[tuple[float, float]]) -> list[float]:
    """Turn quarter notes from the start into seconds; nothing where no tempo is known.

    Parameters
    ----------
    positions
        Quarter notes, ascending.
    tempo_map
        Position and quarter notes per minute of every change, ascending; what comes before the
        first has its tempo.

    Examples
    --------
    >>> in_seconds([0, 4, 8], [(0, 120), (4, 60)])
    [0.0, 2.0, 6.0]
    """
    if not tempo_map:
        return []
    starts = [0.0, *(position for position, _ in tempo_map[1:])]
    changes = [(start, qpm) for start, (_, qpm) in zip(starts, tempo_map, strict=True)]
    elapsed = [0.0]
    for (start, qpm), (end, _) in pairwise(changes):
        elapsed.append(elapsed[-1] + (end - start) * 60 / qpm)
    seconds: list[float] = []
    i = 0
    for position in positions:
        while i + 1 < len(changes) and changes[i + 1][0] <= position:
            i += 1
        start, qpm = changes[i]
        seconds.append(elapsed[i] + (position - start) * 60 / qpm)
    return seconds
