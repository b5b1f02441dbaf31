"""What a MIDI file says of itself: title, composer, key, metre, tempo, instruments, lengths.

Only what is written counts: a file without a tempo has none, though it is played at 120. The key
alone is estimated where none is written, and says so.
"""

import re
from collections.abc import Iterator

from clamp3_plugin.music import Metadata
from clamp3_plugin.readers.general_midi import DRUM_CHANNEL, INSTRUMENTS
from clamp3_plugin.readers.key_estimate import estimated_key_of_notes
from clamp3_plugin.readers.merged_track import MergedTrack
from clamp3_plugin.readers.midi import MAX_TICK, Event, MidiFile
from clamp3_plugin.readers.timeline import Timeline

_LONGEST = 200  # characters of a title or name
_WORD = re.compile(r"[^\W\d_]+")
_COMPOSER = re.compile(
    r"^[ \t]*(?:composer[ \t]*[:=]|composed by:?|music by:?|c:)[ \t]*(\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_PARTS = """
untitled unnamed noname no name new file midi smf seq sequence song track tracks staff stave
system part voice inst instrument channel conductor tempo control master meta header time signature
melody chords harmony accompaniment solo lead vocal vocals lyrics words right left hand upper
lower up down rh lh r l the and drum drums drumset drumkit kit percussion perc strings brass
woodwinds winds horn horns keyboard keys synth organ soprano mezzo alto tenor baritone bass
choir flute guitar piano klavier violin i ii iii iv v
"""
_PART_WORDS = frozenset(_WORD.findall(_PARTS + " ".join(INSTRUMENTS).lower()))


def midi_metadata(file: MidiFile, track: MergedTrack, timeline: Timeline) -> Metadata:
    """Collect what the events of a file say."""
    first = {event.kind: event for event in reversed(track.events)}
    tempo, meter, key = (
        first.get(kind) for kind in ("set_tempo", "time_signature", "key_signature")
    )
    estimate = "" if key else estimated_key_of_notes(_pitched_notes(track))
    return Metadata(
        title=_title(file),
        composer=_composer(track.events),
        key=key.text if key else estimate,
        meter=f"{meter.values[0]}/{meter.values[1]}" if meter else "",
        tempo=round(60e6 / tempo.values[0], 3) if tempo else None,
        instruments=_instruments(track.events),
        bars=timeline.bars(track.end),
        duration=round(timeline.seconds(track.end), 3),
        key_is_estimated=bool(estimate),
    )


def _pitched_notes(track: MergedTrack) -> Iterator[tuple[int, float]]:
    """Give pitch and length of the notes; one that is never ended would outweigh all others."""
    longest = 4 * track.division if track.division > 0 else MAX_TICK
    for note in track.notes:
        if note.channel != DRUM_CHANNEL:
            yield note.pitch, min(note.end - note.start, longest)


def _title(file: MidiFile) -> str:
    """Take the name of the first track, which by the standard is that of the music.

    Many programs name the part there instead: a name of words like "Piano" or "Track 1" is none,
    nor is that of a track with notes beside tracks of other names.
    """
    names = [_name(track) for track in file.tracks]
    if not names:
        return ""
    title = names[0]
    has_notes = any(event.kind == "note_on" for event in file.tracks[0])
    if has_notes and any(name not in {"", title} for name in names[1:]):
        return ""
    words = _WORD.findall(title.lower())
    return "" if _PART_WORDS.issuperset(words) else title


def _name(track: tuple[Event, ...]) -> str:
    return next((_clean(event.text) for event in track if event.kind == "track_name"), "")


def _composer(events: list[Event]) -> str:
    for event in events:
        if event.kind in {"text", "copyright"}:
            found = _COMPOSER.search(_decode(event.text))
            if found is not None:
                return _clean(found[1])
    return ""


def _instruments(events: list[Event]) -> tuple[str, ...]:
    """Name the instruments in the order in which they first play."""
    programs: dict[int, str] = {DRUM_CHANNEL: "Drums"}
    playing: dict[str, None] = {}
    for event in events:
        if event.kind == "program_change" and event.values[0] != DRUM_CHANNEL:
            programs[event.values[0]] = INSTRUMENTS[event.values[1]]
        elif event.kind == "note_on" and event.values[0] in programs:
            playing[programs[event.values[0]]] = None
    return tuple(playing)


def _decode(text: str) -> str:
    """Read as UTF-8 what was taken for Latin-1, where it is UTF-8.

    Examples
    --------
    >>> _decode("PrÃ©lude"), _decode("Prélude")
    ('Prélude', 'Prélude')
    """
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _clean(text: str) -> str:
    """Make one line of a text; nothing of what holds control characters, as that is no text."""
    line = " ".join(_decode(text).strip("\0").split())
    return line[:_LONGEST] if line.isprintable() else ""
