"""The worker's job: cut a stretch out of a recording and write it as Ogg Vorbis.

Runs in a process of its own (``readers.isolation``); the bytes come over its pipe.
"""

import io
from collections.abc import Iterator

from clamp3_plugin.errors import EmptyContentError
from clamp3_plugin.readers.audio.far_file import far_file
from clamp3_plugin.readers.audio.sources import Block, Source, open_source
from clamp3_plugin.readers.isolation.child import Ask, Job, serve_asking
from clamp3_plugin.readers.isolation.framing import Message

_CHANNELS = 2
_PIECE = 4096  # frames: libsndfile's Vorbis encoder keeps a whole write on its stack


def prepare(ask: Ask) -> Job:
    """Give the job."""
    import soundfile  # noqa: PLC0415 - the worker only

    def work(question: Message) -> Message:
        start, end = _number(question, "start"), _number(question, "end")
        written = io.BytesIO()
        with open_source(far_file(ask, int(_number(question, "length")))) as source:
            channels = min(source.channels, _CHANNELS)
            with soundfile.SoundFile(
                written, "w", source.rate, channels, format="OGG", subtype="VORBIS"
            ) as sound:
                frames = 0
                for block in _stretch(source, start, end):
                    frames += len(block)
                    for at in range(0, len(block), _PIECE):
                        sound.write(block[at : at + _PIECE, :channels])
        if not frames:
            raise EmptyContentError("The recording is shorter.")
        return Message({}, written.getvalue())

    return work


def _stretch(source: Source, start: float, end: float) -> Iterator[Block]:
    first, last = round(start * source.rate), round(end * source.rate)
    at = 0
    for block in source.blocks:
        kept = block[max(0, first - at) : max(0, last - at)]
        at += len(block)
        if len(kept):
            yield kept
        if at >= last:
            return


def _number(question: Message, name: str) -> float:
    value = question.fields.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


if __name__ == "__main__":
    serve_asking(prepare)
