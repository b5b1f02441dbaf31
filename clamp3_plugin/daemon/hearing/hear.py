"""Give a passage as sound, in Ogg Vorbis: whatever the piece is."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import BinaryIO

from clamp3_plugin.daemon.hearing.performed import performed_tones
from clamp3_plugin.daemon.hearing.synthesizer import play
from clamp3_plugin.daemon.hearing.tones import midi_file
from clamp3_plugin.daemon.hearing.written import written_tones
from clamp3_plugin.errors import BrokenFileError, EmptyContentError
from clamp3_plugin.music import Modality, Passage, Piece
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.isolation.limits import Limits
from clamp3_plugin.readers.isolation.worker import JobError, Worker

LONGEST_S = 180.0
"""Of a passage that is asked for without an end, or longer."""
_MOST_BYTES = 32 << 20  # that are remembered
_READ_BYTES = 1 << 20
_WORKER = Worker("clamp3_plugin.daemon.hearing.job", Limits(seconds=30), needs="soundfile")

Text = Callable[[Piece, Passage | None], str]
"""Gives a passage as an encoder reads it: interleaved ABC, or MTF."""


class Heard:
    """Passages that were heard lately: who plays one often plays it again."""

    def __init__(self) -> None:
        self._sounds: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...]) -> bytes | None:
        """Give a sound, if it is remembered."""
        with self._lock:
            if key in self._sounds:
                self._sounds.move_to_end(key)
            return self._sounds.get(key)

    def put(self, key: tuple[object, ...], sound: bytes) -> None:
        """Remember a sound; the oldest go where there is no room."""
        with self._lock:
            self._sounds[key] = sound
            while sum(map(len, self._sounds.values())) > _MOST_BYTES:
                self._sounds.popitem(last=False)


def hear_written(piece: Piece, passage: Passage | None, text: Text) -> bytes:
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
    if piece.modality is Modality.SCORE:
        tones = list(written_tones(written, piece.metadata.tempo))
    else:
        tones = list(performed_tones(written))
    sounding = [tone for tone in tones if tone.start < LONGEST_S]
    if not sounding:
        raise EmptyContentError("There are no notes in this passage.")
    return play(midi_file(sounding))


def hear_recording(file: BinaryIO, passage: Passage | None) -> bytes:
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
        return _WORKER.ask(Message(question), give).body
    except JobError as error:
        raise BrokenFileError(f"This recording cannot be cut ({error.kind}).") from error
