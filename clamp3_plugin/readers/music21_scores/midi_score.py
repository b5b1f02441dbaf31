"""MIDI as a score, where that is asked for: music21 guesses bars, voices, spelling and note values.

Without being asked, MIDI is a performance: what it says exactly is when and how hard, and that is lost
here.
"""

from clamp3_plugin.errors import TooLargeError
from clamp3_plugin.readers.merged_track import MergedTrack
from clamp3_plugin.readers.midi import MidiFile, parse_midi
from clamp3_plugin.readers.midi_metadata import midi_metadata
from clamp3_plugin.readers.music21_scores.asking import musicxml_of
from clamp3_plugin.readers.music21_scores.title_block import TitleBlock, with_title_block
from clamp3_plugin.readers.musicxml_score import read_musicxml
from clamp3_plugin.readers.score import Score
from clamp3_plugin.readers.timeline import Timeline

MAX_QUARTERS = 20_000
"""Longest piece in quarter notes: every bar is written out, the empty ones too."""


def read_midi_score(data: bytes) -> list[Score]:
    """Read a MIDI file as a score.

    Raises
    ------
    InputRefusedError
        It is broken, without notes, or over a limit.
    """
    file = parse_midi(data)
    _check_length(file)
    track = MergedTrack.of(file)
    known = midi_metadata(file, track, Timeline.of(file.division, track.events))
    block = TitleBlock(known.title, "", [known.composer] if known.composer else [])
    return [
        score
        for document in musicxml_of(data, "midi")
        for score in read_musicxml(with_title_block(document, block))
    ]


def _check_length(file: MidiFile) -> None:
    last = max((event.tick for track in file.tracks for event in track), default=0)
    if file.division > 0 and last > MAX_QUARTERS * file.division:
        raise TooLargeError(
            f"The MIDI file lasts {last // file.division} quarter notes;"
            f" as a score, {MAX_QUARTERS} are allowed.",
            "Cut off what is silent at its end.",
        )
