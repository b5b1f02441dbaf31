"""Where a tick of a MIDI file lies in seconds and bars, by its tempos and time signatures.

Conventions: before the first tempo there are 120 quarter notes a minute, before the first time
signature the metre is 4/4 (both by the standard). A file without any time signature, and one
that counts SMPTE frames, has no bars. A time signature starts a bar wherever it stands.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from clamp3_plugin.readers.midi import Event

_DEFAULT_TEMPO = 500_000  # microseconds per quarter note
_ROUNDING = 1e-6  # ticks: what a detour over seconds may lose


class _Tempo(NamedTuple):
    tick: int
    second: float
    seconds_per_tick: float


class _Metre(NamedTuple):
    tick: int
    bar: int
    """Number of the bar that starts here."""
    ticks_per_bar: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Tempo map and metre map of a file."""

    tempos: tuple[_Tempo, ...]
    metres: tuple[_Metre, ...]

    @classmethod
    def of(cls, division: int, events: Iterable[Event]) -> "Timeline":
        """Collect the maps from events that are sorted by tick.

        Examples
        --------
        >>> line = Timeline.of(480, [Event(0, "time_signature", (3, 4, 24, 8))])
        >>> line.seconds(480), line.bar_start(2), line.bars(4321)
        (0.5, 1440, 4)
        """
        if division < 0:
            frames, ticks = -(division >> 8), division & 0xFF
            rate = 30_000 / 1001 if frames == 29 else frames
            return cls((_Tempo(0, 0.0, 1 / (rate * ticks)),), ())
        tempos = [_Tempo(0, 0.0, _DEFAULT_TEMPO / 1e6 / division)]
        metres: list[_Metre] = []
        for event in events:
            if event.kind == "set_tempo":
                tick, second, pace = tempos[-1]
                now = second + (event.tick - tick) * pace
                tempos.append(_Tempo(event.tick, now, event.values[0] / 1e6 / division))
            elif event.kind == "time_signature" and _is_metre(event):
                length = 4 * division * event.values[0] / event.values[1]
                metres = metres or [_Metre(0, 1, 4.0 * division)]
                metres.append(_Metre(event.tick, _bars_before(metres[-1], event.tick), length))
        return cls(tuple(tempos), tuple(metres))

    def seconds(self, tick: int) -> float:
        """Tell when a tick sounds."""
        at = bisect_right(self.tempos, tick, key=lambda tempo: tempo.tick) - 1
        start, second, pace = self.tempos[at]
        return second + (tick - start) * pace

    def tick(self, seconds: float) -> int:
        """Find the first tick at or after a moment."""
        at = bisect_right(self.tempos, seconds, key=lambda tempo: tempo.second) - 1
        start, second, pace = self.tempos[at]
        return ceil(start + (seconds - second) / pace - _ROUNDING)

    def bars(self, end: int) -> int | None:
        """Count the bars that start before a tick; None where there are no bars."""
        if not self.metres:
            return None
        at = bisect_right(self.metres, max(end - 1, 0), key=lambda metre: metre.tick) - 1
        return _bars_before(self.metres[at], end) - 1

    def bar_start(self, bar: int) -> int:
        """Find the tick at which a bar starts, in a file that has bars."""
        at = bisect_right(self.metres, bar, key=lambda metre: metre.bar) - 1
        tick, first, length = self.metres[at]
        start = ceil(tick + (bar - first) * length)
        # The last bar before a new metre may be cut short by it.
        return min(start, self.metres[at + 1].tick) if at + 1 < len(self.metres) else start


def _is_metre(event: Event) -> bool:
    """Leave out what damaged files claim: 0/4, or 4 over two to the power of 200."""
    return event.values[0] > 0 and event.values[1] <= 128


def _bars_before(metre: _Metre, tick: int) -> int:
    """Give the number that a bar from a tick on has, as the first after those of a metre."""
    return metre.bar + ceil((tick - metre.tick) / metre.ticks_per_bar)
