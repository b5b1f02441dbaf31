"""A performance: a MIDI or MTF file as the content that an encoder reads.

Conventions: times are seconds from the start of the file, by its tempos.
"""

from dataclasses import dataclass, field

from clamp3_plugin.encoding import Ear
from clamp3_plugin.errors import EmptyContentError, TooLargeError, UsageError
from clamp3_plugin.music import Metadata, Modality, Passage
from clamp3_plugin.readers.content import Stretches, text_of, written
from clamp3_plugin.readers.merged_track import MergedTrack
from clamp3_plugin.readers.midi import MidiFile, parse_midi
from clamp3_plugin.readers.midi_metadata import midi_metadata
from clamp3_plugin.readers.mtf import parse_mtf, to_mtf
from clamp3_plugin.readers.timeline import Timeline
from clamp3_plugin.readers.windows import windows

MAX_HOURS = 24


@dataclass(frozen=True, eq=False)
class Performance:
    """One piece of performed music (satisfies ``readers.content.Content``)."""

    text: str = field(repr=False)
    """The whole piece as MTF."""
    track: MergedTrack = field(repr=False)
    timeline: Timeline = field(repr=False)
    metadata: Metadata

    @property
    def modality(self) -> Modality:
        """PERFORMANCE."""
        return Modality.PERFORMANCE

    @property
    def digest(self) -> str:
        """Empty: a performance that is written otherwise is encoded again."""
        return ""

    @property
    def duration(self) -> float:
        """Seconds until the last note ends."""
        return self.timeline.seconds(self.track.end)

    def whole(self) -> str:
        """Text of the whole piece: MTF as the official models were trained on."""
        return self.text

    def passages(self) -> list[Passage]:
        """Windows of 10 s, every 5 s, without those in which no note starts.

        The last one ends with the piece.
        """
        found = windows(self.duration)
        return [window for window in found if self.track.has_note(*self._stretch(window))]

    def excerpt(self, passage: Passage) -> str:
        """Text of a part: MTF that stands alone.

        Tempo, metre, key, programs and controllers in force are set at its start. It holds the
        notes that start in it; one that sounds longer is ended at the end.

        Raises
        ------
        UsageError
            The passage lies outside the piece, no note starts in it, or bars are asked for where
            the file has none.
        """
        start, end = self._stretch(passage)
        if not self.track.has_note(start, end):
            raise UsageError(
                f"No note starts in {_describe(passage)}.", "Ask for a longer passage."
            )
        return self.track.cut(start, end)

    def indexed(self, ear: Ear) -> Stretches:  # noqa: ARG002 - there is nothing to listen to
        """Give the whole and its passages."""
        return written(self)

    def asked(self, ear: Ear, passage: Passage | None) -> Stretches:  # noqa: ARG002 - as above
        """Give the whole, or the part that is asked for."""
        return Stretches(text_of(self, passage))

    def of_staves(self, first: int, last: int) -> "Performance":
        """Refuse to take staves, of which there are none."""
        raise UsageError(
            f"Staves {first}-{last} were asked for; a performance (MIDI) has no staves.",
            "Ask for bars or seconds.",
        )

    def notes(self) -> list[tuple[float, float, int, int, int]]:
        """List the notes by start: start and length in seconds, pitch, velocity, channel."""
        seconds = self.timeline.seconds
        return [
            (seconds(start), seconds(end) - seconds(start), pitch, velocity, channel)
            for start, end, pitch, velocity, channel in self.track.notes
        ]

    def _stretch(self, passage: Passage) -> tuple[int, int]:
        """Find the ticks of a passage."""
        if passage.first_bar is not None and passage.last_bar is not None:
            self._check_bars(passage)
            bar_start = self.timeline.bar_start
            return bar_start(passage.first_bar), bar_start(passage.last_bar + 1)
        start = passage.start or 0.0
        if not 0 <= start < self.duration:
            raise UsageError(
                f"{_describe(passage).capitalize()} were asked for; the piece has"
                f" {self.duration:.1f} s."
            )
        end = self.track.end
        if passage.end is not None and passage.end < self.duration:
            end = self.timeline.tick(passage.end)
        return self.timeline.tick(start), end

    def _check_bars(self, passage: Passage) -> None:
        bars = self.metadata.bars
        if bars is None:
            raise UsageError(
                "The file has no time signature, so its bars cannot be counted.",
                "Give the passage in seconds.",
            )
        if (passage.last_bar or 0) > bars:
            raise UsageError(
                f"{_describe(passage).capitalize()} were asked for; the piece has {bars} bars."
            )


def read_midi(data: bytes) -> list[Performance]:
    """Read a MIDI file: one piece, or each track of a type 2 file that has notes.

    Raises
    ------
    InputRefusedError
        It is broken, too large, or without notes.
    """
    file = parse_midi(data)
    pieces = [file]
    if file.type == 2:
        alone = [MidiFile(0, file.division, (track,)) for track in file.tracks]
        pieces = [piece for piece in alone if _has_notes(piece)] or [file]
    performances = [performance_of(piece) for piece in pieces]
    if not performances[0].track.notes:
        raise EmptyContentError("The file has no notes.", "Was it exported with its tracks muted?")
    return performances


def performance_of(file: MidiFile) -> Performance:
    """Make a performance of what a MIDI file says.

    Raises
    ------
    TooLargeError
        It lasts too long.
    """
    return _performance(file, to_mtf(file))


def read_mtf(text: str) -> list[Performance]:
    """Read MTF: one piece, whose whole text is encoded as it is, even without a note.

    Raises
    ------
    InputRefusedError
        It is no MTF, or too large.
    """
    return [_performance(parse_mtf(text), text)]


def _performance(file: MidiFile, text: str) -> Performance:
    track = MergedTrack.of(file)
    timeline = Timeline.of(file.division, track.events)
    hours = timeline.seconds(max(track.ticks, default=0)) / 3600
    if hours > MAX_HOURS:
        raise TooLargeError(
            f"The file lasts {hours:,.1f} hours, the limit is {MAX_HOURS}.",
            "Cut off what follows its last note, or correct its tempo.",
        )
    return Performance(text, track, timeline, midi_metadata(file, track, timeline))


def _has_notes(piece: MidiFile) -> bool:
    return any(event.kind == "note_on" and event.values[2] for event in piece.tracks[0])


def _describe(passage: Passage) -> str:
    if passage.first_bar is not None:
        return f"bars {passage.first_bar}-{passage.last_bar}"
    end = "" if passage.end is None else f"{passage.end:g}"
    return f"seconds {passage.start:g}-{end}"
