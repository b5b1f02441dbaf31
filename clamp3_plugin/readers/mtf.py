"""MIDI Text Format (MTF): the text of a performance that the encoder reads, one message a line.

The first line tells the division (``ticks_per_beat 480``), each further one a message of all
tracks merged, with the ticks since the message before. Messages of channels and of the system
tell that time after their name (``note_on 120 0 64 90``), meta events at their end
(``set_tempo 500000 0``).

``m3_compatible`` is how the official models were trained: texts are left out.
"""

import re
from collections.abc import Iterable

from clamp3_plugin.errors import BrokenFileError, TooLargeError
from clamp3_plugin.readers.midi import (
    CHANNEL_KINDS,
    KEYS,
    MAX_EVENTS,
    TEXT_KINDS,
    Event,
    MidiFile,
    check_division,
    check_event,
    too_many_events,
)

MAX_CHARACTERS = 16 << 20
_FRAME_RATES = ("24", "25", "29.97", "30")
_CHANNEL = frozenset(CHANNEL_KINDS)
_TIMED_FIRST = {  # name: how many numbers follow the time
    **dict.fromkeys(CHANNEL_KINDS, 3),
    "program_change": 2,
    "aftertouch": 2,
    "pitchwheel": 2,
    "quarter_frame": 2,
    "songpos": 1,
    "song_select": 1,
    **dict.fromkeys(("tune_request", "clock", "start", "stop", "continue", "active_sensing"), 0),
}
_TIMED_LAST = {  # name: how many numbers stand before the time
    "sequence_number": 1,
    "channel_prefix": 1,
    "midi_port": 1,
    "set_tempo": 1,
    "time_signature": 4,
    "smpte_offset": 6,
    "end_of_track": 0,
}
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt\\])")


def merge(tracks: Iterable[Iterable[Event]]) -> list[Event]:
    """Merge tracks in time, those of one tick in the order of the tracks."""
    return sorted((event for track in tracks for event in track), key=lambda event: event.tick)


def to_mtf(file: MidiFile, *, m3_compatible: bool = True) -> str:
    """Write a file as MTF, byte by byte as the reference writes it.

    Two losses of the reference belong to that: a text that is left out takes the time before it
    along, and so does an unknown meta event for the rest of its track.
    """
    events = merge(_without_unknown_deltas(track) for track in file.tracks)
    lines = [f"ticks_per_beat {file.division}"]
    now = 0
    for event in events:
        if event.kind == "end_of_track":
            continue
        if not (m3_compatible and event.kind in TEXT_KINDS):
            lines.append(to_line(event, event.tick - now))
        now = event.tick
    end = events[-1].tick if events else 0
    lines.append(f"end_of_track {end - now}")
    return "\n".join(lines)


def to_line(event: Event, delta: int) -> str:
    """Write one message, ``delta`` ticks after the one before."""
    kind, values = event.kind, event.values
    if kind in _TIMED_FIRST:
        return " ".join(map(str, (kind, delta, *values)))
    match kind:
        case "sysex":
            return f"sysex {delta} {list(values)}"
        case "sequencer_specific":
            return f"{kind} {values} {delta}"
        case "unknown_meta":
            return f"{kind} {values[0]} {values[1:]} {delta}"
        case "smpte_offset":
            return " ".join(map(str, (kind, _FRAME_RATES[values[0]], *values[1:], delta)))
    if kind in _TIMED_LAST:
        return " ".join(map(str, (kind, *values, delta)))
    return f"{kind} {event.text} {delta}".encode("unicode_escape").decode("ascii")


def parse_mtf(text: str) -> MidiFile:
    """Parse MTF, with or without texts, into a file of one track.

    Raises
    ------
    BrokenFileError
        A line is no message; the error names it.
    TooLargeError
        It is over a limit of a MIDI file.
    """
    if len(text) > MAX_CHARACTERS:
        raise TooLargeError(
            f"The MTF text has {len(text):,} characters, the limit is {MAX_CHARACTERS:,}.",
            "Cut it into shorter files.",
        )
    first, *lines = text.split("\n")
    if len(lines) > MAX_EVENTS:
        raise too_many_events()
    division = re.fullmatch(r"ticks_per_beat (-?\d{1,5})", first.strip())
    if division is None:
        raise BrokenFileError(
            f"This is no MTF: its first line is {first[:40]!r}, not 'ticks_per_beat' and a number.",
            "Make MTF with: clamp3 convert FILE.mid --to mtf",
        )
    check_division(int(division[1]))
    events: list[Event] = []
    now = 0
    for number, line in enumerate(lines, start=2):
        if line.strip():
            events.append(check_event(_parse_line(line.rstrip("\r"), now, number)))
            now = events[-1].tick
    return MidiFile(0, int(division[1]), (tuple(events),))


def _without_unknown_deltas(track: Iterable[Event]) -> Iterable[Event]:
    """Take out the time before unknown meta events, which the reference loses."""
    lost = before = 0
    for event in track:
        if event.kind == "unknown_meta":
            lost += event.tick - before
        before = event.tick
        yield event._replace(tick=event.tick - lost) if lost else event


def _parse_line(line: str, now: int, number: int) -> Event:
    try:
        delta, event = _parse_message(line)
    except ValueError as error:
        raise BrokenFileError(
            f"Line {number} of the MTF is no message: {line[:60]!r} ({error}).",
            "Make MTF with: clamp3 convert FILE.mid --to mtf",
        ) from error
    return event._replace(tick=now + delta)


def _parse_message(line: str) -> tuple[int, Event]:
    """Parse a line into its delta and the message, at tick 0.

    Raises
    ------
    ValueError
        It is none; the text says why.
    """
    kind, _, rest = line.partition(" ")
    if kind in _TIMED_FIRST:
        delta, *values = map(int, rest.split())
        _check_values(kind, values)
        return _delta(delta), Event(0, kind, tuple(values))
    if kind == "sysex":
        time, _, data = rest.partition(" ")
        return _delta(int(time)), Event(0, kind, _numbers(data))
    content, _, time = rest.rpartition(" ")
    delta = _delta(int(time))
    if kind in TEXT_KINDS:
        return delta, Event(0, kind, (), _unescape(content))
    match kind:
        case "key_signature":
            if content not in KEYS:
                raise ValueError(f"there is no key {content!r}")
            return delta, Event(0, kind, (), content)
        case "sequencer_specific":
            return delta, Event(0, kind, _numbers(content))
        case "unknown_meta":
            number, _, data = content.partition(" ")
            return delta, Event(0, kind, (int(number), *_numbers(data)))
        case "smpte_offset":
            rate, _, others = content.partition(" ")
            content = f"{_FRAME_RATES.index(rate)} {others}"
    if kind not in _TIMED_LAST:
        raise ValueError("unknown kind of message")
    values = [int(value) for value in content.split()]
    _check_values(kind, values)
    return delta, Event(0, kind, tuple(values))


def _delta(delta: int) -> int:
    if delta < 0:
        raise ValueError(f"time runs backwards by {-delta} ticks")
    return delta


def _check_values(kind: str, values: list[int]) -> None:
    size = _TIMED_FIRST.get(kind, _TIMED_LAST.get(kind))
    if len(values) != size:
        raise ValueError(f"{len(values)} numbers instead of {size}")
    low, high = (-8192, 8191) if kind == "pitchwheel" else (0, 127)
    if kind in _CHANNEL and not (
        values[0] in range(16) and low <= min(values) <= max(values) <= high
    ):
        raise ValueError("a number is out of range")


def _numbers(text: str) -> tuple[int, ...]:
    """Parse ``[1, 2]``, ``(1, 2)``, ``(1,)`` and ``()``."""
    return tuple(int(number) for number in text.strip("[]()").split(",") if number.strip())


def _unescape(text: str) -> str:
    r"""Undo the escapes of a text.

    Examples
    --------
    >>> _unescape(r"Fl\xf6te\n")
    'Flöte\n'
    """
    plain = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
    return _ESCAPE.sub(lambda match: plain.get(match[1]) or chr(int(match[1][1:], 16)), text)
