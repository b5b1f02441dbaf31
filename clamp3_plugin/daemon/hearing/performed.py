"""The tones of a performance, from its messages as an encoder reads them."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

from clamp3_plugin.daemon.hearing.tones import Tone
from clamp3_plugin.readers.general_midi import DRUM_CHANNEL
from clamp3_plugin.readers.performance import Performance, read_mtf

_LONGEST_S = 30.0  # a note that nothing ends lasts to the end of the file


def performed_tones(mtf: str) -> Iterator[Tone]:
    r"""Give the tones of MTF, in time.

    Examples
    --------
    >>> mtf = "ticks_per_beat 480\nnote_on 0 0 60 64\nnote_off 480 0 60 0"
    >>> [(tone.start, tone.length, tone.pitch) for tone in performed_tones(mtf)]
    [(0.0, 0.5, 60)]
    """
    (performance,) = read_mtf(mtf)
    programs = _programs(performance)
    for start, length, pitch, velocity, channel in performance.notes():
        program = -1
        if channel != DRUM_CHANNEL:
            changes = programs[channel]
            at = bisect_right(changes, start, key=lambda change: change[0]) - 1
            program = changes[at][1] if at >= 0 else 0
        yield Tone(start, min(length, _LONGEST_S), pitch, velocity, program)


def _programs(performance: Performance) -> defaultdict[int, list[tuple[float, int]]]:
    changes: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for event in performance.track.events:
        if event.kind == "program_change":
            channel, program = event.values
            changes[channel].append((performance.timeline.seconds(event.tick), program))
    return changes
