"""A take as it is played: its notes, and the MIDI file that they make.

Conventions: times are seconds; a MIDI file of ours has 480 ticks a quarter note at 120 quarter notes a
minute, so that a second has 960 ticks whatever the tempo of the song is.
"""

import time
from dataclasses import dataclass, field

from clamp3_bridges.osc.arguments import Id
from clamp3_bridges.osc.jobs import Found
from clamp3_bridges.osc.queries import FindMidi, TakeNote
from clamp3_plugin.errors import EmptyContentError, TooLargeError, UsageError

MAX_NOTES = 20_000
MAX_SECONDS = 24 * 3600.0
WINDOW_S = 12.0
"""What a suggestion is asked with: the last seconds of the take, as long as a passage and a bit."""
MIN_NOTES = 4
"""Fewer notes say nothing."""
DIVISION = 480
TICKS_A_SECOND = 2 * DIVISION
_TEMPO = (500_000).to_bytes(3)


@dataclass
class Take:
    """Notes that come one after the other, until the take ends."""

    id: Id
    port: int
    """Where suggestions go."""
    reply_port: int = 0
    """The same if it was asked for; 0 where it is the sender's."""
    notes: list[TakeNote] = field(default_factory=list)
    heard: float = field(default_factory=time.monotonic)
    """When the last message of this take came."""
    asking: bool = False
    """A suggestion is being looked for."""
    asked: float = 0.0
    """When the last one was begun to be looked for."""
    rest_until: float = 0.0
    """When the next one may be."""
    fresh: bool = False
    """Notes came since."""
    suggestion: tuple[FindMidi, Found] | None = None
    """What the last one was asked with, and what comes of it."""

    def add(self, note: TakeNote) -> None:
        """Add a note; one of velocity 0 is what MIDI sends for a key let go, and no note.

        Raises
        ------
        UsageError
            It lies beyond a day, or lasts as long.
        TooLargeError
            There are too many.
        """
        self.heard = time.monotonic()
        if note.start + note.length > MAX_SECONDS:
            raise UsageError(f"A note ends at {note.start + note.length:g} s, after a day.")
        if len(self.notes) >= MAX_NOTES:
            raise TooLargeError(f"The take has more than {MAX_NOTES:,} notes.", "End it earlier.")
        if note.velocity:
            self.notes.append(note)
            self.fresh = True

    def found(self, question: FindMidi) -> Found | None:
        """Give the last suggestion if it asked the same, unless that failed."""
        if self.suggestion is None:
            return None
        asked, future = self.suggestion
        has_failed = future.done() and (future.cancelled() or future.exception() is not None)
        return future if asked == question and not has_failed else None

    def recent(self) -> list[TakeNote]:
        """Give the notes of the rolling window, by when they start."""
        since = max((note.start for note in self.notes), default=0.0) - WINDOW_S
        return [note for note in self.notes if note.start >= since]


def midi_file(notes: list[TakeNote]) -> bytes:
    """Write a MIDI file that begins with the first note.

    Raises
    ------
    EmptyContentError
        There are no notes.
    """
    if not notes:
        raise EmptyContentError("The take has no notes.", "Send take/note before take/end.")
    zero = min(note.start for note in notes)
    events = []
    for note in notes:
        start = round((note.start - zero) * TICKS_A_SECOND)
        end = max(start + 1, round((note.start + note.length - zero) * TICKS_A_SECOND))
        events.append((start, 1, bytes((0x90, note.pitch, note.velocity))))
        events.append((end, 0, bytes((0x80, note.pitch, 0))))  # 0: let go before struck again
    track, now = bytearray(b"\x00\xff\x51\x03" + _TEMPO), 0
    for tick, _, message in sorted(events):
        track += _length(tick - now) + message
        now = tick
    track += b"\x00\xff\x2f\x00"
    header = b"MThd" + (6).to_bytes(4) + bytes(2) + (1).to_bytes(2) + DIVISION.to_bytes(2)
    return header + b"MTrk" + len(track).to_bytes(4) + bytes(track)


def _length(number: int) -> bytes:
    """Write a number in as many groups of seven bits as it takes.

    Examples
    --------
    >>> _length(0).hex(), _length(200).hex()
    ('00', '8148')
    """
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))
