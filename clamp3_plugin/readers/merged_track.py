"""All tracks of a MIDI file as one stream: its notes, and stretches of it that stand alone.

Conventions: times are ticks of the file. A stretch holds the notes that start in it; a note that
sounds on at its end is ended there, one that sounds on into it is left out.
"""

from bisect import bisect_left
from collections import defaultdict, deque
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from clamp3_plugin.readers.midi import TEXT_KINDS, Event, MidiFile
from clamp3_plugin.readers.mtf import merge, to_line

_LEFT_OUT = TEXT_KINDS | {"end_of_track"}
_BANKS = (0, 32)
_HELD = frozenset({*_BANKS, 1, 7, 10, 11, 64, 66, 67, 91, 93})
"""Controllers that hold by themselves: modulation, volume, pan, expression, pedals, effects.

Others are commands, or parts of a sequence (data entry) whose last values alone mean nothing.
"""


class Note(NamedTuple):
    """One note; ``end`` is that of the file where nothing ends it."""

    start: int
    end: int
    pitch: int
    velocity: int
    channel: int


class _Setting(NamedTuple):
    """What stays in force until it is set anew; sorts as it is to be written.

    ``channel`` is -1 for what concerns all. A bank (two controllers) has to be chosen
    before its program.
    """

    channel: int
    rank: int
    controller: int = 0


@dataclass(frozen=True, eq=False)
class MergedTrack:
    """The messages of all tracks in time, and which of them belong together."""

    division: int
    events: list[Event]
    ticks: list[int]
    """Tick of each event."""
    note_ends: dict[int, int]
    """Index of the event that starts a note: index of the one that ends it (absent: none)."""
    notes: list[Note]
    """By start."""
    settings: dict[_Setting, list[int]]
    """Indices of the events that set it, in the order in which settings are to be written."""

    @classmethod
    def of(cls, file: MidiFile) -> "MergedTrack":
        """Merge the tracks of a file."""
        events = merge(file.tracks)
        settings: defaultdict[_Setting, list[int]] = defaultdict(list)
        for index, event in enumerate(events):
            setting = _setting(event)
            if setting is not None:
                settings[setting].append(index)
        ends = _note_ends(events)
        return cls(
            division=file.division,
            events=events,
            ticks=[event.tick for event in events],
            note_ends=ends,
            notes=_notes(events, ends),
            settings=dict(sorted(settings.items())),
        )

    @cached_property
    def end(self) -> int:
        """Tick at which the last note ends, 0 without notes."""
        return max((note.end for note in self.notes), default=0)

    def has_note(self, start: int, end: int) -> bool:
        """Tell whether a note starts at or after one tick and before another."""
        at = bisect_left(self.notes, start, key=lambda note: note.start)
        return at < len(self.notes) and self.notes[at].start < end

    def cut(self, start: int, end: int) -> str:
        """Write a stretch as MTF: first what was set before and still holds, then its messages."""
        first, last = bisect_left(self.ticks, start), bisect_left(self.ticks, end)
        messages = self._messages(first, last, end)
        channels = {event.values[0] for event in messages if _starts_note(event)}
        lines = [f"ticks_per_beat {self.division}"]
        lines.extend(to_line(event, 0) for event in self._settings_at(first, start, channels))
        now = start
        for event in messages:
            lines.append(to_line(event, event.tick - now))
            now = event.tick
        lines.append(f"end_of_track {end - now}")
        return "\n".join(lines)

    def _messages(self, first: int, last: int, end: int) -> list[Event]:
        """Collect the events of a stretch; notes have both their ends in it."""
        messages: list[Event] = []
        kept_ends: set[int] = set()
        late: list[Event] = []
        for index in range(first, last):
            event = self.events[index]
            if event.kind in _LEFT_OUT or (_ends_note(event) and index not in kept_ends):
                continue
            messages.append(event)
            note_end = self.note_ends.get(index)
            if note_end is None:
                continue
            if note_end < last:
                kept_ends.add(note_end)
            else:
                late.append(self.events[note_end]._replace(tick=end))
        return messages + late

    def _settings_at(self, first: int, start: int, channels: set[int]) -> list[Event]:
        """Find what was set before a stretch and is not set anew at its very start."""
        held: list[Event] = []
        for setting, indices in self.settings.items():
            if setting.channel >= 0 and setting.channel not in channels:
                continue
            at = bisect_left(indices, first)
            anew = at < len(indices) and self.ticks[indices[at]] == start
            if at > 0 and not anew:
                held.append(self.events[indices[at - 1]])
        return held


def _starts_note(event: Event) -> bool:
    return event.kind == "note_on" and event.values[2] > 0


def _ends_note(event: Event) -> bool:
    return event.kind == "note_off" or (event.kind == "note_on" and event.values[2] == 0)


def _setting(event: Event) -> _Setting | None:
    """Tell what a message sets."""
    match event.kind:
        case "set_tempo":
            return _Setting(-1, 0)
        case "time_signature":
            return _Setting(-1, 1)
        case "key_signature":
            return _Setting(-1, 2)
        case "program_change":
            return _Setting(event.values[0], 1)
        case "control_change" if event.values[1] in _HELD:
            channel, controller, _ = event.values
            return _Setting(channel, 0 if controller in _BANKS else 2, controller)
        case "pitchwheel":
            return _Setting(event.values[0], 3)
        case _:
            return None


def _note_ends(events: list[Event]) -> dict[int, int]:
    """Pair starts and ends of notes: of equal notes the one that sounds longest ends first."""
    ends: dict[int, int] = {}
    sounding: defaultdict[tuple[int, ...], deque[int]] = defaultdict(deque)
    for index, event in enumerate(events):
        if _starts_note(event):
            sounding[event.values[:2]].append(index)
        elif _ends_note(event) and sounding[event.values[:2]]:
            ends[sounding[event.values[:2]].popleft()] = index
    return ends


def _notes(events: list[Event], ends: dict[int, int]) -> list[Note]:
    """List the notes by start."""
    notes: list[Note] = []
    for index, event in enumerate(events):
        if _starts_note(event):
            channel, pitch, velocity = event.values
            end = events[ends.get(index, -1)].tick
            notes.append(Note(event.tick, end, pitch, velocity, channel))
    return notes
