"""Standard MIDI Files: bytes in, tracks of timed events out, within limits.

Conventions: ``tick`` is absolute in its track, from 0; a ``division`` below 0 counts SMPTE frames.

What the reference (mido 1.3) reads is read alike. Where it drops a file, this reader

- skips chunks that are no tracks, as the standard asks, and unwraps a RIFF (``RMID``) file;
- leaves out a single meta event without sense (a key of 9 sharps, a tempo of 2 bytes) and a
  system exclusive event that is no 7-bit data; time goes on over them;
- keeps the tracks of a type 2 file (``performance`` makes each a piece of its own);
- says what is wrong with everything else.
"""

from dataclasses import dataclass
from typing import NamedTuple

from clamp3_plugin.errors import BrokenFileError, TooLargeError

MAX_BYTES = 4 << 20
MAX_EVENTS = 200_000
MAX_TICK = 1 << 27
MIN_TEMPO = 1_000  # microseconds per quarter note, i.e. 60,000 quarters a minute
_EXPORT_AGAIN = "Export or download it again."
_SHORTEN = "Cut it into shorter files."

CHANNEL_KINDS = (
    "note_off",
    "note_on",
    "polytouch",
    "control_change",
    "program_change",
    "aftertouch",
    "pitchwheel",
)
_CHANNEL_SIZES = (2, 2, 2, 2, 1, 1, 2)
_SYSTEM = {  # status byte: name, number of data bytes
    0xF1: ("quarter_frame", 1),
    0xF2: ("songpos", 2),
    0xF3: ("song_select", 1),
    0xF6: ("tune_request", 0),
    0xF8: ("clock", 0),
    0xFA: ("start", 0),
    0xFB: ("continue", 0),
    0xFC: ("stop", 0),
    0xFE: ("active_sensing", 0),
}
_TEXTS = {
    0x01: "text",
    0x02: "copyright",
    0x03: "track_name",
    0x04: "instrument_name",
    0x05: "lyrics",
    0x06: "marker",
    0x07: "cue_marker",
    0x09: "device_name",
}
TEXT_KINDS = frozenset(_TEXTS.values())
_MAJOR = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"]
_MINOR = [
    "Abm",
    "Ebm",
    "Bbm",
    "Fm",
    "Cm",
    "Gm",
    "Dm",
    "Am",
    "Em",
    "Bm",
    "F#m",
    "C#m",
    "G#m",
    "D#m",
    "A#m",
]
KEYS = frozenset(_MAJOR + _MINOR)


class Event(NamedTuple):
    """One message of a track.

    ``values`` are the numbers of the message in the order of its bytes: channel first, a pitch
    bend from -8192 to 8191, the denominator of a metre as it is written, the frame rate of an
    SMPTE offset as its number 0 to 3. ``text`` holds a text (Latin-1) or the name of a key.
    """

    tick: int
    kind: str
    values: tuple[int, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class MidiFile:
    """The header and the tracks, as they are in the file."""

    type: int
    division: int
    """Ticks of a quarter note; below 0: SMPTE frames a second (high byte), ticks a frame."""
    tracks: tuple[tuple[Event, ...], ...]


def parse_midi(data: bytes) -> MidiFile:
    """Parse a MIDI file.

    Raises
    ------
    BrokenFileError
        It is cut short, damaged or no MIDI file.
    TooLargeError
        It is over one of the limits above.
    """
    if len(data) > MAX_BYTES:
        raise TooLargeError(
            f"The MIDI file has {len(data):,} bytes, the limit is {MAX_BYTES:,}.", _SHORTEN
        )
    data = _unwrap_riff(data)
    start = _header_end(data)
    midi_type, count, division = (
        int.from_bytes(data[at : at + 2], signed=True) for at in (8, 10, 12)
    )
    check_division(division)
    tracks: list[tuple[Event, ...]] = []
    room = MAX_EVENTS
    while len(tracks) < count:
        name, body, start = _chunk(data, start, len(tracks) + 1)
        if name == b"MTrk":
            tracks.append(_TrackReader(body, len(tracks) + 1, room).read())
            room -= len(tracks[-1])
    return MidiFile(midi_type, division, tuple(tracks))


def check_division(division: int) -> None:
    """Refuse a division by which no time can be told."""
    if division == 0 or (division < 0 and division & 0xFF == 0):
        raise BrokenFileError(f"The time division is {division}: no time passes.", _EXPORT_AGAIN)


def check_event(event: Event) -> Event:
    """Refuse an event that lies too late or runs too fast."""
    if event.tick > MAX_TICK:
        raise TooLargeError(
            f"An event lies at tick {event.tick:,}, the limit is {MAX_TICK:,}.", _SHORTEN
        )
    if event.kind == "set_tempo" and event.values[0] < MIN_TEMPO:
        raise TooLargeError(
            f"A tempo is {event.values[0]} microseconds a quarter note, at least {MIN_TEMPO:,}"
            " are allowed.",
            "Correct the tempo in the program that made the file.",
        )
    return event


def too_many_events() -> TooLargeError:
    """Make the error for a file of too many events."""
    return TooLargeError(f"The file has more than {MAX_EVENTS:,} events.", _SHORTEN)


def _unwrap_riff(data: bytes) -> bytes:
    """Take the MIDI file out of a RIFF file (``.rmi``); give back anything else as it is."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return data
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"data":
            return data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise BrokenFileError("The RIFF file holds no MIDI data.", _EXPORT_AGAIN)


def _header_end(data: bytes) -> int:
    """Check the header chunk and tell where it ends."""
    if not data:
        raise BrokenFileError("The file is empty (0 bytes).", _EXPORT_AGAIN)
    if not data.startswith(b"MThd"[: len(data)]):
        raise BrokenFileError(
            f"This is no MIDI file: it begins with {data[:12]!r}, not with b'MThd'.",
            "Give it the extension of what it is, or export it as MIDI.",
        )
    size = int.from_bytes(data[4:8])
    if len(data) < 14 or len(data) < 8 + size:
        raise BrokenFileError(
            f"The file is cut short in its header ({len(data)} bytes).", _EXPORT_AGAIN
        )
    if size < 6:
        raise BrokenFileError(f"The header has {size} bytes instead of 6.", _EXPORT_AGAIN)
    return 8 + size


def _chunk(data: bytes, start: int, track: int) -> tuple[bytes, bytes, int]:
    """Read a chunk: its name, its content, and where the next one starts."""
    size = int.from_bytes(data[start + 4 : start + 8])
    end = start + 8 + size
    if len(data) < start + 8 or len(data) < end:
        raise BrokenFileError(
            f"The file is cut short in track {track}: it has {len(data)} bytes, "
            f"{max(end, start + 8)} or more are announced.",
            _EXPORT_AGAIN,
        )
    return data[start : start + 4], data[start + 8 : end], end


class _TrackReader:
    """Reads the events of one track chunk, from left to right."""

    def __init__(self, body: bytes, track: int, room: int) -> None:
        self._body = body
        self._track = track
        self._room = room
        self._at = 0

    def read(self) -> tuple[Event, ...]:
        events: list[Event] = []
        tick = count = 0
        running = 0
        while self._at < len(self._body):
            count += 1  # those that are left out take time too
            if count > self._room:
                raise too_many_events()
            tick += self._length()
            status = self._byte()
            if status < 0x80:
                if not running:
                    raise self._broken(f"data byte {status} without a status byte before it")
                status = running
                # The reference loses this byte where the running status is an exclusive one.
                self._at -= status not in {0xF0, 0xF7}
            elif status != 0xFF:
                running = status
            event = self._event(tick, status)
            if event is not None:
                events.append(check_event(event))
            if tick > MAX_TICK:  # left-out events pass time too
                check_event(Event(tick, "left_out"))
        return tuple(events)

    def _event(self, tick: int, status: int) -> Event | None:
        if status < 0xF0:
            kind = (status >> 4) - 8
            data = self._data(_CHANNEL_SIZES[kind])
            if kind == 6:
                return Event(tick, "pitchwheel", (status & 15, (data[0] | data[1] << 7) - 8192))
            return Event(tick, CHANNEL_KINDS[kind], (status & 15, *data))
        if status == 0xFF:
            return _meta(tick, self._byte(), self._take(self._length()))
        if status in {0xF0, 0xF7}:
            content = self._take(self._length()).removeprefix(b"\xf0").removesuffix(b"\xf7")
            return Event(tick, "sysex", tuple(content)) if content.isascii() else None
        if status not in _SYSTEM:
            raise self._broken(f"undefined status byte 0x{status:02X}")
        name, size = _SYSTEM[status]
        data = self._data(size)
        match name:
            case "songpos":
                return Event(tick, name, (data[0] | data[1] << 7,))
            case "quarter_frame":
                return Event(tick, name, (data[0] >> 4, data[0] & 15))
            case _:
                return Event(tick, name, tuple(data))

    def _byte(self) -> int:
        if self._at >= len(self._body):
            raise self._broken("it ends inside an event")
        self._at += 1
        return self._body[self._at - 1]

    def _take(self, size: int) -> bytes:
        start = self._at
        self._at += size
        if self._at > len(self._body):
            raise self._broken("it ends inside an event")
        return self._body[start : self._at]

    def _data(self, size: int) -> bytes:
        data = self._take(size)
        if not data.isascii():
            raise self._broken(f"data byte {max(data)}, the highest is 127")
        return data

    def _length(self) -> int:
        """Read a number of variable length, which the standard limits to four bytes."""
        number = 0
        for _ in range(4):
            byte = self._byte()
            number = number << 7 | byte & 0x7F
            if byte < 0x80:
                return number
        raise self._broken("a number of more than 4 bytes")

    def _broken(self, what: str) -> BrokenFileError:
        return BrokenFileError(
            f"Track {self._track} is damaged at its byte {min(self._at, len(self._body))}: {what}.",
            _EXPORT_AGAIN,
        )


_META = {  # type byte: name, number of bytes that are read
    0x00: ("sequence_number", 2),
    0x20: ("channel_prefix", 1),
    0x21: ("midi_port", 1),
    0x51: ("set_tempo", 3),
    0x54: ("smpte_offset", 5),
    0x58: ("time_signature", 4),
}


def _meta(tick: int, number: int, data: bytes) -> Event | None:
    """Read a meta event; None where it makes no sense."""
    if number in _TEXTS:
        return Event(tick, _TEXTS[number], (), data.decode("latin-1"))
    if number in _META:
        name, size = _META[number]
        values = _meta_values(name, data, size)
        return None if values is None else Event(tick, name, values)
    match number:
        case 0x2F:
            return Event(tick, "end_of_track")
        case 0x59:
            key = _key(data)
            return Event(tick, "key_signature", (), key) if key else None
        case 0x7F:
            return Event(tick, "sequencer_specific", tuple(data))
        case _:
            return Event(tick, "unknown_meta", (number, *data))


def _meta_values(name: str, data: bytes, size: int) -> tuple[int, ...] | None:
    if not data and name in {"sequence_number", "midi_port"}:
        return (0,)  # some programs write them so
    if len(data) < size:
        return None
    match name:
        case "sequence_number" | "set_tempo":
            return (int.from_bytes(data[:size]),)
        case "time_signature":
            return (data[0], 2 ** data[1], data[2], data[3])
        case "smpte_offset":
            rate, hours, (minutes, seconds, frames, hundredths) = (
                data[0] >> 5,
                data[0] & 31,
                data[1:5],
            )
            if rate > 3 or minutes > 59 or seconds > 59 or hundredths > 99:
                return None
            return (rate, hours, minutes, seconds, frames, hundredths)
        case _:
            return (data[0],)


def _key(data: bytes) -> str:
    """Name a key, ``F#m`` for 3 sharps in minor; empty where there is no such key."""
    if len(data) < 2 or data[1] > 1:
        return ""
    fifths = int.from_bytes(data[:1], signed=True)
    return (_MINOR if data[1] else _MAJOR)[fifths + 7] if -7 <= fifths <= 7 else ""
