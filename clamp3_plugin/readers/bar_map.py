"""From the text that the encoder reads back to the page: bars, voices and staves by place in the text.

The patches of the encoder follow from the lines (``clamp3_models.patches.first_patches``).
"""

from dataclasses import dataclass
from itertools import accumulate

from clamp3_plugin.readers.score import Score
from clamp3_plugin.readers.score_state import VOICE_IN_BAR


@dataclass(frozen=True, slots=True)
class VoicePlace:
    """Where one voice of a bar stands in the text of the piece."""

    voice: str
    staff: int
    """From 1 at the top of the score."""
    start: int
    """First character, that of ``[V:``."""
    stop: int
    """Behind the last character."""


@dataclass(frozen=True, slots=True)
class BarPlace:
    """One bar: as counted, as printed, in time, and in the text of the piece."""

    index: int
    """Bar in the order written, from 1."""
    number: str
    """As printed on the page."""
    position: float | None
    """Quarter notes from the start of the piece."""
    onset: float | None
    """Seconds from the start of the piece."""
    line: int
    """Line of ``Score.whole()``, from 0."""
    voices: tuple[VoicePlace, ...]


def bar_map(score: Score) -> tuple[BarPlace, ...]:
    r"""Find every bar of ``score.whole()``.

    Examples
    --------
    >>> from clamp3_plugin.readers.score import score_from_standard_abc
    >>> score = score_from_standard_abc("X:1\nL:1/8\nK:C\nV:1 treble\nV:1\nC8|D8|\n")
    >>> [(bar.line, bar.voices[0].start) for bar in bar_map(score)]
    [(3, 21), (4, 30)]
    """
    lines = [*score.header, *(bar.line for bar in score.bars)]
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    places = enumerate(score.bars, len(score.header))
    return tuple(
        BarPlace(
            bar.index,
            bar.number,
            bar.position,
            bar.onset,
            number,
            _voices(score, bar.line, starts[number]),
        )
        for number, bar in places
    )


def _voices(score: Score, line: str, start: int) -> tuple[VoicePlace, ...]:
    found = list(VOICE_IN_BAR.finditer(line))
    stops = [*(opening.start() for opening in found[1:]), len(line)]
    return tuple(
        VoicePlace(opening[1], score.staves[opening[1]], start + opening.start(), start + stop)
        for opening, stop in zip(found, stops, strict=True)
    )
