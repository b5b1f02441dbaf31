"""Give a passage as sound, in Ogg Vorbis: whatever the piece is; and when the bars of a score begin in it."""

from collections.abc import Callable, Sequence
from typing import BinaryIO

from clamp3_plugin.daemon.hearing.performed import performed_tones
from clamp3_plugin.daemon.hearing.sound import Sound, Timeline
from clamp3_plugin.daemon.hearing.synthesizer import play
from clamp3_plugin.daemon.hearing.tones import midi_file
from clamp3_plugin.daemon.hearing.written import playing_of
from clamp3_plugin.daemon.service import WrittenPassage
from clamp3_plugin.errors import BrokenFileError, EmptyContentError
from clamp3_plugin.music import Modality, Passage, Piece
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.isolation.limits import Limits
from clamp3_plugin.readers.isolation.worker import JobError, Worker

LONGEST_S = 180.0
"""Of a passage that is asked for without an end, or longer."""
_READ_BYTES = 1 << 20
_WORKER = Worker("clamp3_plugin.daemon.hearing.job", Limits(seconds=30), needs="soundfile")

Text = Callable[[Piece, Passage | None], WrittenPassage]
"""Gives a passage as an encoder reads it: interleaved ABC, or MTF."""


def hear_written(piece: Piece, passage: Passage | None, text: Text) -> Sound:
    """Have a passage of a score or a performance played.

    Raises
    ------
    UnsupportedFormatError
        There is nothing to play it with.
    EmptyContentError
        There are no notes in it.
    Clamp3Error
        What ``text`` raises.
    """
    written = text(piece, passage)
    timeline = Timeline()
    if piece.modality is Modality.SCORE:
        playing = playing_of(written.text, piece.metadata.tempo)
        tones, timeline = playing.tones, _timeline(written.bars, playing.starts)
    else:
        tones = list(performed_tones(written.text))
    sounding = [tone for tone in tones if tone.start < LONGEST_S]
    if not sounding:
        raise EmptyContentError("There are no notes in this passage.")
    return Sound(play(midi_file(sounding)), timeline)


def _timeline(bars: Sequence[int], starts: Sequence[float]) -> Timeline:
    """Take the bars that begin within what is heard."""
    heard = [start for start in starts[: len(bars)] if start < LONGEST_S]
    return Timeline(bars[: len(heard)], heard, starts[len(heard)])


def hear_recording(file: BinaryIO, passage: Passage | None) -> Sound:
    """Cut a passage out of a recording.

    Raises
    ------
    BrokenFileError
        It cannot be decoded, or is shorter.
    """
    start = (passage.start if passage else None) or 0.0
    end = passage.end if passage and passage.end is not None else start + LONGEST_S
    size = file.seek(0, 2)

    def give(message: Message) -> Message:
        at, count = message.fields.get("read"), message.fields.get("bytes")
        if not isinstance(at, int) or not isinstance(count, int) or at < 0:
            raise BrokenFileError("The decoder asks for what is not there.")
        file.seek(at)
        return Message({}, file.read(min(count, _READ_BYTES)))

    question = {"length": size, "start": start, "end": min(end, start + LONGEST_S)}
    try:
        return Sound(_WORKER.ask(Message(question), give).body)
    except JobError as error:
        raise BrokenFileError(f"This recording cannot be cut ({error.kind}).") from error
