"""A score as the encoder reads it: interleaved ABC, bar by bar, with a map back to the page.

Conventions: bars count from 1 in the order they are written, empty bars at the start included;
onsets are seconds from 0, repeats not played out.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from clamp3_plugin.encoding import Ear
from clamp3_plugin.errors import UsageError
from clamp3_plugin.music import Metadata, Modality, Passage
from clamp3_plugin.readers.content import Stretches, text_of, written
from clamp3_plugin.readers.interleave import interleave
from clamp3_plugin.readers.score_state import Changes, header_in_force, line_in_force
from clamp3_plugin.readers.staves import header_of, line_of, voice_by_voice, voices_of

WINDOW_BARS = 8
"""Bars of an indexed passage: two phrases of four."""
HOP_BARS = 4


@dataclass(frozen=True, slots=True)
class ScoreBar:
    """One bar of all voices."""

    line: str
    """Interleaved ABC, ``[V:1]…|[V:2]…|``, without a line break."""
    index: int
    """Bar in the order written, from 1."""
    number: str
    """Number printed on the page, such as ``12`` or ``X1``."""
    onset: float | None = None
    """Second at which it begins."""
    position: float | None = None
    """Quarter notes from the start of the piece."""


@dataclass(frozen=True)  # without slots: what is looked up once for all excerpts is kept
class Score:
    """One piece of sheet music; satisfies ``Content``."""

    header: tuple[str, ...] = field(repr=False)
    """Lines of interleaved ABC before the music."""
    bars: tuple[ScoreBar, ...] = field(repr=False)
    metadata: Metadata
    end: float | None = None
    """Second at which the last bar of ``bars`` ends."""
    standard_abc: str = field(default="", repr=False)
    """The same in standard ABC; empty where the file held interleaved ABC."""
    voice_staves: tuple[int, ...] = ()
    """Staff of each voice, from 1 at the top; empty where every voice has its own."""

    @property
    def modality(self) -> Modality:
        """SCORE."""
        return Modality.SCORE

    @property
    def digest(self) -> str:
        """Empty: a score that is written otherwise is encoded again."""
        return ""

    @property
    def bar_count(self) -> int:
        """Bars of the piece, empty ones at the end included."""
        return max(self.metadata.bars or 0, self.bars[-1].index)

    def whole(self) -> str:
        """Write the piece in interleaved ABC."""
        return _text(self.header, self.bars)

    def passages(self) -> list[Passage]:
        """Cut windows of 8 bars, every 4 bars, the last at the end; none for a short piece."""
        count = len(self.bars)
        if count <= WINDOW_BARS:
            return []
        starts = [*range(0, count - WINDOW_BARS, HOP_BARS), count - WINDOW_BARS]
        return [self._passage(start, start + WINDOW_BARS) for start in starts]

    def excerpt(self, passage: Passage) -> str:
        """Write a part, with the key, metre, tempo and clefs that are in force where it begins.

        Raises
        ------
        UsageError
            The passage lies outside the piece, or is given in seconds and the piece has none.
        """
        return _text(*self._cut(*self._stretch(passage)))

    def indexed(self, ear: Ear) -> Stretches:  # noqa: ARG002 - there is nothing to listen to
        """Give the whole and its passages."""
        return written(self)

    def asked(self, ear: Ear, passage: Passage | None) -> Stretches:  # noqa: ARG002 - as above
        """Give the whole, or the part that is asked for."""
        return Stretches(text_of(self, passage))

    @cached_property
    def voices(self) -> tuple[str, ...]:
        """Names of the voices, from the top."""
        return tuple(voices_of(self.header, self.bars[0].line))

    @cached_property
    def staves(self) -> dict[str, int]:
        """Staff of every voice, from 1 at the top."""
        numbers = self.voice_staves or range(1, len(self.voices) + 1)
        return dict(zip(self.voices, numbers, strict=False))

    def of_staves(self, first: int, last: int) -> "Score":
        """Take a range of staves, from 1 at the top, with all bars.

        Raises
        ------
        UsageError
            They have no music, or are not there.
        """
        kept = [name for name, staff in self.staves.items() if first <= staff <= last]
        if not kept:
            lowest = max(self.staves.values())
            raise UsageError(
                f"There is no music on staves {first}-{last}: the lowest staff with notes is {lowest}.",
                "Staves count from 1 at the top.",
            )
        header = header_of(self.header, kept)
        bars = tuple(replace(bar, line=line_of(bar.line, kept)) for bar in self.bars)
        return replace(
            self,
            header=header,
            bars=bars,
            standard_abc=voice_by_voice(header, [bar.line for bar in bars]),
            voice_staves=tuple(self.staves[name] - first + 1 for name in kept),
        )

    def of_bars(self, passage: Passage) -> "Score":
        """Take a part as a score of its own, its bars counted and printed as in the whole.

        Raises
        ------
        UsageError
            As for ``excerpt``.
        """
        start, stop = self._stretch(passage)
        if (start, stop) == (0, len(self.bars)):
            return self
        header, bars = self._cut(start, stop)
        after = self.bars[stop].onset if stop < len(self.bars) else self.end
        abc = voice_by_voice(header, [bar.line for bar in bars])
        return replace(self, header=header, bars=bars, end=after, standard_abc=abc)

    @cached_property
    def _changes(self) -> Changes:
        return Changes.of(self.header, (bar.line for bar in self.bars))

    @cached_property
    def _indexes(self) -> list[int]:
        return [bar.index for bar in self.bars]

    @cached_property
    def _onsets(self) -> list[float]:
        """Second of every bar; empty where one is unknown."""
        onsets = [bar.onset for bar in self.bars if bar.onset is not None]
        return onsets if len(onsets) == len(self.bars) else []

    def _cut(self, start: int, stop: int) -> tuple[tuple[str, ...], tuple[ScoreBar, ...]]:
        """Give header and bars of a part that stands alone."""
        state = self._changes.before(start)
        first = self.bars[start]
        if not start:
            return header_in_force(self.header, state), self.bars[:stop]
        bars = (replace(first, line=line_in_force(first.line, state)), *self.bars[start + 1 : stop])
        return header_in_force(self.header, state), bars

    def _passage(self, start: int, stop: int) -> Passage:
        after = self.bars[stop].onset if stop < len(self.bars) else self.end
        first, last = self.bars[start], self.bars[stop - 1]
        end = after if first.onset is not None else None
        return Passage(first.index, last.index, first.onset, end, (first.number, last.number))

    def _stretch(self, passage: Passage) -> tuple[int, int]:
        """Find the positions in ``bars`` that a passage takes."""
        if passage.first_bar is not None and passage.last_bar is not None:
            return self._stretch_of_bars(passage.first_bar, passage.last_bar)
        onsets = self._onsets
        if passage.start is None or not onsets:
            raise UsageError(
                "This score has no tempo, so it has no seconds.",
                f"Ask for bars: it has {self.bar_count}.",
            )
        if self.end is not None and passage.start >= self.end:
            raise UsageError(
                f"Second {passage.start:g} is behind the end of the piece ({self.end:.1f} s)."
            )
        start = max(bisect_right(onsets, passage.start) - 1, 0)
        stop = len(onsets) if passage.end is None else bisect_left(onsets, passage.end)
        return start, max(stop, start + 1)

    def _stretch_of_bars(self, first: int, last: int) -> tuple[int, int]:
        if last > self.bar_count:
            raise UsageError(
                f"There are no bars {first}-{last}: the piece has {self.bar_count} bars."
            )
        indexes = self._indexes
        start, stop = bisect_left(indexes, first), bisect_right(indexes, last)
        if start == stop:
            raise UsageError(
                f"Bars {first}-{last} are empty.",
                f"The music stands in bars {indexes[0]}-{indexes[-1]}.",
            )
        return start, stop


def score_from_standard_abc(
    abc: str,
    *,
    bar_numbers: Sequence[str] = (),
    onsets: Sequence[float] = (),
    positions: Sequence[float] = (),
    voice_staves: Sequence[int] = (),
    metadata: Metadata | None = None,
) -> Score:
    """Make a score of one tune in standard ABC.

    Parameters
    ----------
    abc
        As the MusicXML converter and the ABC normaliser write it, with lines ``V:1``, ``V:2``, …
    bar_numbers
        Printed numbers of the bars; where there are none, bars are numbered as they stand.
    onsets
        Second at which each bar begins, and one more for the end; may be empty.
    positions
        The same in quarter notes from the start.
    voice_staves
        Staff of each voice, from 1 at the top; where it is empty, each voice has its own.

    Raises
    ------
    EmptyContentError
        No voice has a note.
    BrokenFileError
        No line opens a voice.
    """
    interleaved = interleave(abc)
    bars = tuple(
        ScoreBar(
            bar.line,
            bar.index,
            _number(bar_numbers, bar.index),
            _onset(onsets, bar.index),
            _onset(positions, bar.index),
        )
        for bar in interleaved.bars
    )
    known = replace(metadata or Metadata(), bars=interleaved.bar_count)
    if known.duration is None and len(onsets) > interleaved.bar_count:
        known = replace(known, duration=onsets[interleaved.bar_count])
    end = _onset(onsets, bars[-1].index + 1)
    return Score(interleaved.header, bars, known, end, abc, tuple(voice_staves))


def score_from_interleaved_abc(
    header: Sequence[str], lines: Sequence[str], *, metadata: Metadata
) -> Score:
    """Take a score that is interleaved already, as it is."""
    bars = tuple(ScoreBar(line, i, str(i)) for i, line in enumerate(lines, 1))
    return Score(tuple(header), bars, replace(metadata, bars=len(bars)))


def _number(numbers: Sequence[str], index: int) -> str:
    return (numbers[index - 1] if index <= len(numbers) else "") or str(index)


def _onset(onsets: Sequence[float], index: int) -> float | None:
    return onsets[index - 1] if index <= len(onsets) else None


def _text(header: Sequence[str], bars: Sequence[ScoreBar]) -> str:
    return "".join(f"{line}\n" for line in chain(header, (bar.line for bar in bars)))
