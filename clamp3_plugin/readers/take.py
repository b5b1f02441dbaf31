"""What was played by hand, as a notation program would have written it.

To an encoder that knows the files of collections, a hand's milliseconds are other music. A take is
therefore put on a grid, its notes are held until the next where the hand let go a little before or
after it, and all are struck alike. For 40 tunes among 248 MIDI files, played with a hand's deviations,
that raised mini's mean reciprocal rank from 0.02 to 0.31 at 120 quarter notes a minute, and from 0.02 to
0.09 at tempos between 80 and 160 (``benchmarks/takes.py``). The grid alone did next to nothing.

Conventions: a step is a thirty-second note at 120 quarter notes a minute, the tempo that is written
whatever the one that was played.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from clamp3_plugin.readers.general_midi import DRUM_CHANNEL
from clamp3_plugin.readers.midi import Event, MidiFile
from clamp3_plugin.readers.performance import Performance, performance_of, read_midi

_DIVISION = 480
_STEP = 60  # ticks
_STEPS_A_SECOND = 2 * _DIVISION / _STEP
_VELOCITY = 80
_BEGINNING = (  # as files of collections have it
    Event(0, "set_tempo", (500_000,)),
    Event(0, "time_signature", (4, 4, 24, 8)),
    Event(0, "program_change", (0, 0)),
)

_Step = tuple[int, int, int, int]
"""First step, step after the last, pitch, channel."""


def read_take(data: bytes) -> list[Performance]:
    """Read a MIDI file that was played; it begins with its first note. Pedals and the like are left out.

    Raises
    ------
    InputRefusedError
        It is broken, too large, or without notes.
    """
    played, *_ = read_midi(data)
    events = sorted(
        _events(list(_steps(played.notes()))), key=lambda event: (event.tick, event.kind)
    )
    return [performance_of(MidiFile(0, _DIVISION, ((*_BEGINNING, *events),)))]


def _steps(notes: Sequence[tuple[float, float, int, int, int]]) -> Iterator[_Step]:
    zero = min(start for start, *_ in notes)
    starts = sorted({_step(start - zero) for start, *_ in notes})
    for start, length, pitch, _, channel in notes:
        first, last = _step(start - zero), _step(start + length - zero)
        yield first, _held(first, max(last, first + 1), starts), pitch, channel


def _held(first: int, last: int, starts: Sequence[int]) -> int:
    """Tell when a note ends that was let go about when another began."""
    following = bisect_left(starts, last)
    if starts[following - 1] == last - 1 > first:
        return last - 1  # one step into the next
    if following < len(starts) and starts[following] - last <= last - first:
        return starts[following]
    return last


def _events(notes: Sequence[_Step]) -> Iterator[Event]:
    for first, last, pitch, channel in notes:
        place = channel if channel == DRUM_CHANNEL else 0
        yield Event(_STEP * first, "note_on", (place, pitch, _VELOCITY))
        yield Event(_STEP * last, "note_off", (place, pitch, 0))


def _step(seconds: float) -> int:
    return round(_STEPS_A_SECOND * seconds)
