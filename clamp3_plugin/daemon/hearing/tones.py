"""What sounds when: tones of a performance or of a score, and as a MIDI file of their own.

Conventions: times are seconds from the start of the passage; pitches are MIDI numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clamp3_plugin.readers.general_midi import DRUM_CHANNEL

_TICKS = 1000  # a second: at 120 quarters a minute, half as many a quarter
_HEADER = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01" + (_TICKS // 2).to_bytes(2, "big")
_END = b"\x00\xff\x2f\x00"
_CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]


@dataclass(frozen=True, slots=True)
class Tone:
    """One tone."""

    start: float
    length: float
    pitch: int
    velocity: int = 84
    program: int = 0
    """Of General MIDI, from 0; -1 for drums."""


def midi_file(tones: Sequence[Tone]) -> bytes:
    """Write tones as a Standard MIDI File of one track.

    Examples
    --------
    >>> midi_file([Tone(0, 1, 60)])[:4]
    b'MThd'
    """
    programs = sorted({tone.program for tone in tones} - {-1})
    channels = {program: _CHANNELS[i % len(_CHANNELS)] for i, program in enumerate(programs)}
    channels[-1] = DRUM_CHANNEL
    events = [(0, 0, bytes([0xC0 | channels[program], program])) for program in programs]
    for tone in tones:
        channel = channels[tone.program]
        start = round(_TICKS * tone.start)
        end = max(start + 1, round(_TICKS * (tone.start + tone.length)))
        events.append((start, 2, bytes([0x90 | channel, tone.pitch, tone.velocity])))
        events.append((end, 1, bytes([0x80 | channel, tone.pitch, 0])))
    track = b"".join(_track(sorted(events))) + _END
    return _HEADER + b"MTrk" + len(track).to_bytes(4, "big") + track


def _track(events: Iterable[tuple[int, int, bytes]]) -> Iterable[bytes]:
    now = 0
    for tick, _, message in events:
        yield _variable(tick - now) + message
        now = tick


def _variable(number: int) -> bytes:
    r"""Write a number in sevens of bits, as the standard does times.

    Examples
    --------
    >>> _variable(0), _variable(200)
    (b'\x00', b'\x81H')
    """
    written = [number & 0x7F]
    while number := number >> 7:
        written.append(0x80 | (number & 0x7F))
    return bytes(reversed(written))
