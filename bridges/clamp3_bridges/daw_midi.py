"""Makes a MIDI file as a DAW exports it into one like those of a library.

DAWs count thousands of ticks to a quarter note, leave the tempo to the song, put private events between
the notes, keep how fast each key was let go, and begin with the bars that somebody counted in. An encoder
reads all of that, and takes the same music for something else: a take that Ardour recorded was third among
three pieces, and is first without (docs/bridges/watch.md). A file without such things stays as it is, byte
for byte.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from clamp3_plugin.readers.midi import CHANNEL_KINDS, Event, MidiFile, parse_midi

DIVISION = 480
"""Ticks of a quarter note in what is written; most collections have as many."""
_GRID = 40
"""Ticks that times are rounded to, a twelfth of a quarter note. Sixteenths and triplets fall on it; the
milliseconds that a hand, a keyboard and a sound card add do not."""
_USUAL_TEMPO = 500_000  # microseconds of a quarter note where a file names no tempo
_FINEST = 1024
"""Files of collections go up to so many; those of Ardour and Bitwig have 19,200."""
_PRIVATE = frozenset({"sequencer_specific", "unknown_meta", "sysex"})
_KEPT = frozenset(CHANNEL_KINDS) | {"set_tempo", "time_signature", "key_signature", "track_name"}
_MICROSECONDS = 60_000_000  # of a minute
_SLOWEST = 0xFFFFFF  # what three bytes hold


def tidy(data: bytes, bpm: float | None = None, *, keep_silence: bool = False) -> bytes:
    """Give the file without what a DAW added, and with a tempo.

    Parameters
    ----------
    data
        A MIDI file.
    bpm
        Quarter notes a minute, for a file that names no tempo. Without it such a file of a DAW is given
        the 120 that MIDI means by saying nothing, since files of collections say it.
    keep_silence
        Leave the bars before the first note where they are, because a time of the file is asked for.

    Raises
    ------
    InputRefusedError
        The file cannot be read.
    """
    file = parse_midi(data)
    is_fine = file.division <= _FINEST and _PRIVATE.isdisjoint(_kinds(file))
    lacks_tempo = "set_tempo" not in _kinds(file) and not (is_fine and bpm is None)
    silence = 0 if keep_silence else _silence(file, in_bars=is_fine)
    if file.division < 0 or (is_fine and not silence and not lacks_tempo):
        return data
    tracks = [[_moved(event, silence) for event in track] for track in file.tracks]
    if lacks_tempo and tracks:
        tempo = _USUAL_TEMPO if bpm is None else min(_SLOWEST, round(_MICROSECONDS / bpm))
        tracks[0].insert(0, Event(0, "set_tempo", (tempo,)))
    written = replace(file, tracks=tuple(map(tuple, tracks)))
    return _write(written, grid=1 if is_fine else _GRID)


def is_midi(name: str) -> bool:
    """Tell by its name whether a file is MIDI.

    Examples
    --------
    >>> is_midi("Take 1.MID"), is_midi("take.wav")
    (True, False)
    """
    return name.lower().endswith((".mid", ".midi"))


def _kinds(file: MidiFile) -> set[str]:
    return {event.kind for track in file.tracks for event in track}


def _silence(file: MidiFile, *, in_bars: bool) -> int:
    """Count the ticks before the first note, or those of the whole bars among them.

    An upbeat begins within a bar; a take that was recorded begins anywhere.
    """
    events = [event for track in file.tracks for event in track]
    first = min((e.tick for e in events if e.kind == "note_on" and e.values[2]), default=0)
    if not in_bars:
        return first
    metres = [e for e in events if e.kind == "time_signature" and e.tick <= first]
    if len(metres) > 1:
        return 0  # a song that changes its metre before anybody plays is no count-in
    beats, unit = metres[0].values[:2] if metres else (4, 4)
    bar = file.division * 4 * beats // unit
    return first - first % bar if bar else 0


def _moved(event: Event, silence: int) -> Event:
    return event._replace(tick=max(0, event.tick - silence))


def _write(file: MidiFile, grid: int) -> bytes:
    chunks = [_track(track, file.division, grid) for track in file.tracks]
    numbers = (file.type, len(chunks), DIVISION)
    header = b"".join(number.to_bytes(2) for number in numbers)
    return b"MThd" + len(header).to_bytes(4) + header + b"".join(chunks)


def _track(events: Iterable[Event], division: int, grid: int) -> bytes:
    """Write a chunk."""
    body, now, last = bytearray(), 0, 0
    for event in events:
        tick = last = grid * round(event.tick * DIVISION / division / grid)
        if event.kind in _KEPT:
            body += _length(tick - now) + _message(event)
            now = tick
    body += _length(last - now) + b"\xff\x2f\x00"
    return b"MTrk" + len(body).to_bytes(4) + bytes(body)


def _message(event: Event) -> bytes:
    values = event.values
    if event.kind in CHANNEL_KINDS:
        channel, *rest = values
        if event.kind == "pitchwheel":
            rest = [rest[0] + 8192 & 0x7F, rest[0] + 8192 >> 7]
        elif event.kind == "note_off":
            rest[1] = 0  # nobody hears how fast a key was let go
        return bytes([0x80 + 16 * CHANNEL_KINDS.index(event.kind) + channel, *rest])
    meta = _METAS[event.kind]
    data = meta.data(event)
    return bytes([0xFF, meta.number]) + _length(len(data)) + data


@dataclass(frozen=True, slots=True)
class _Meta:
    number: int
    data: Callable[[Event], bytes]


def _metre(event: Event) -> bytes:
    beats, unit, *rest = event.values
    return bytes([beats, unit.bit_length() - 1, *rest])


def _key(event: Event) -> bytes:
    """Count the sharps of a key on the circle of fifths; flats count below 0."""
    name, is_minor = event.text.rstrip("m"), event.text.endswith("m")
    fifths = "FCGDAEB".index(name[0]) - 1 + 7 * (name.count("#") - name.count("b"))
    return (fifths - 3 * is_minor).to_bytes(1, signed=True) + bytes([is_minor])


_METAS = {
    "set_tempo": _Meta(0x51, lambda event: event.values[0].to_bytes(3)),
    "time_signature": _Meta(0x58, _metre),
    "key_signature": _Meta(0x59, _key),
    "track_name": _Meta(0x03, lambda event: event.text.encode("latin-1", "replace")),
}


def _length(number: int) -> bytes:
    """Write a number in as many groups of seven bits as it takes."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))
