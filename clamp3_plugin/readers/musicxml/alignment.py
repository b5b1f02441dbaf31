"""All parts brought to the same bars, and those bars placed in time.

Conventions: times are quarter notes from the start, repeats not played.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import lcm

from clamp3_plugin.readers.musicxml.barlines import Barline
from clamp3_plugin.readers.musicxml.events import Mark
from clamp3_plugin.readers.musicxml.measures import Measure, Part
from clamp3_plugin.readers.musicxml.values import Ticks

DEFAULT_TEMPO = 120.0


def align(parts: Sequence[Part], lengths: Sequence[Fraction]) -> list[Measure]:
    """Give all parts the same bars, each with something in every voice.

    Where a part ends early or has an empty measure, its bars become unprinted rests; a measure that
    is empty in all parts goes, and leaves its barline to the one before. Without this, the voices
    could not be written bar by bar beside each other.

    Returns
    -------
    list of Measure
        One part's measures, as long in time as the longest of all parts.
    """
    longest = max(parts, key=lambda part: len(part.measures))
    for part in parts:
        for here, model in enumerate(longest.measures):
            if here == len(part.measures):
                ending = Barline(model.barline.style, model.barline.ending)
                part.measures.append(Measure(model.number, barline=ending))
            measure = part.measures[here]
            if not measure.length and lengths[here]:
                measure.length = lengths[here] * measure.per_quarter
    empty = [
        not lengths[here] and not any(_has_events(part, here) for part in parts)
        for here in range(len(lengths))
    ]
    for part in parts:
        _drop(part, empty)
        _fill_timeless(part)
    return [
        Measure(measure.number, length=length)
        for measure, length in zip(
            longest.measures,
            (length for length, gone in zip(lengths, empty, strict=True) if not gone),
            strict=True,
        )
    ]


def bar_lengths(parts: Sequence[Part]) -> list[Fraction]:
    """Give the length of each measure in quarter notes: that of the longest part."""
    lengths = [Fraction(0)] * max(len(part.measures) for part in parts)
    for part in parts:
        for here, measure in enumerate(part.measures):
            quarters = measure.quarters
            # nearly always one object, and fractions are slow
            if quarters is not lengths[here] and quarters > lengths[here]:
                lengths[here] = quarters
    return lengths


def running_sums(lengths: Sequence[Ticks]) -> list[Fraction]:
    """Add up lengths: where each bar begins, and where the last ends.

    Examples
    --------
    >>> [str(onset) for onset in running_sums([Fraction(3, 4), Fraction(3, 2)])]
    ['0', '3/4', '9/4']
    """
    # one denominator for all: whole numbers add up faster
    unit = lcm(*{length.denominator for length in lengths})
    counts = (length.numerator * (unit // length.denominator) for length in lengths)
    return [Fraction(count, unit) for count in accumulate(counts, initial=0)]


def tempo_map(
    parts: Sequence[Part], lengths: Sequence[Fraction]
) -> tuple[tuple[float, float], ...]:
    """Collect the tempos of all parts as (quarter notes from the start, quarter notes a minute)."""
    onsets = running_sums(lengths)
    tempos = {
        float(onsets[measure] + offset): quarters
        for part in reversed(parts)
        for measure, offset, quarters in part.tempos
    }
    tempos.setdefault(0.0, DEFAULT_TEMPO)
    return tuple(sorted(tempos.items()))


def seconds(tempos: Sequence[tuple[float, float]], end: float) -> float:
    """Add up how long the music takes until ``end``.

    Examples
    --------
    >>> seconds([(0.0, 120.0), (4.0, 60.0)], 8.0)
    6.0
    """
    stops = [*(onset for onset, _ in tempos[1:]), end]
    return sum(
        max(0.0, min(stop, end) - onset) * 60 / quarters
        for (onset, quarters), stop in zip(tempos, stops, strict=True)
    )


def _has_events(part: Part, here: int) -> bool:
    bars = part.measures[here].bars
    return any(events for voice, events in bars.items() if voice in part.sounding)


def _drop(part: Part, empty: Sequence[bool]) -> None:
    kept: list[Measure] = []
    for measure, gone in zip(part.measures, empty, strict=True):
        if not gone:
            kept.append(measure)
        elif kept:
            last = kept[-1].barline
            if measure.barline.style != "|":
                last.style = measure.barline.style
            last.ending = measure.barline.ending or last.ending
    part.measures[:] = kept


def _fill_timeless(part: Part) -> None:
    """Put something into every voice of a measure that takes no time in any part."""
    for measure in part.measures:
        if measure.length == 0:
            for voice in part.sounding:
                if not measure.bars.get(voice):
                    measure.bars[voice] = [Mark(0, " x")]
