"""The worker's job: look at an audio file, or decode it and pass on what the encoders hear.

Runs in a process of its own (``readers.isolation``). It asks the program for the file's bytes, and
gives it blocks of samples, one after the other; neither is ever here as a whole.
"""

from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.readers.audio.far_file import far_file
from clamp3_plugin.readers.audio.inspection import Inspection, check_announced
from clamp3_plugin.readers.audio.limits import RATE
from clamp3_plugin.readers.audio.resampling import Resampler, Samples
from clamp3_plugin.readers.audio.sources import open_source
from clamp3_plugin.readers.audio.tags import read_tags
from clamp3_plugin.readers.isolation.child import Ask, Job, serve_asking
from clamp3_plugin.readers.isolation.framing import Message


def prepare(ask: Ask) -> Job:
    """Import the decoder and the reader of tags."""
    import soundfile  # noqa: F401, PLC0415 - so that a worker that is ready is quick
    import tinytag  # noqa: F401, PLC0415

    def work(question: Message) -> Message:
        try:
            return (_decode if question.text("do") == "decode" else _look)(question, ask)
        except Clamp3Error as error:
            return Message({"refused": error.code, "reason": error.message, "hint": error.hint})

    return work


def _look(question: Message, ask: Ask) -> Message:
    """Say how long a file announces itself to be, and what its tags are."""
    file = far_file(ask, _length(question))
    with open_source(file) as source:
        check_announced(source)
        seconds = None if source.frames is None else source.frames / source.rate
    return Message({"announced": seconds, "tags": read_tags(file)})


def _decode(question: Message, ask: Ask) -> Message:
    with open_source(far_file(ask, _length(question))) as source:
        check_announced(source)
        inspection = Inspection(source)
        resampler = Resampler(source.rate, RATE)
        for block in source.blocks:
            _pass_on(resampler.push(inspection.mix(block)), ask)
        inspection.check()
        _pass_on(resampler.finish(), ask)
    return Message({"digest": inspection.digest, "clipped": inspection.clipped})


def _pass_on(samples: Samples, ask: Ask) -> None:
    if len(samples):
        ask(Message({"samples": len(samples)}, samples.astype("<f4", copy=False).tobytes()))


def _length(question: Message) -> int:
    length = question.fields.get("length")
    return length if isinstance(length, int) else 0


if __name__ == "__main__":
    serve_asking(prepare)
