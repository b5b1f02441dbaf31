"""The worker's job: music21 reads a file and writes it as MusicXML.

Runs in a process of its own (``readers.isolation``); nothing else imports music21.
"""

import warnings
from pathlib import Path

from clamp3_plugin.readers.isolation.child import Job, serve
from clamp3_plugin.readers.isolation.framing import Message

ENDINGS = {"humdrum": "krn", "mei": "mei", "midi": "mid"}


def prepare() -> Job:
    """Import music21, with a scratch folder of its own: it loads the pickles that it finds in one."""
    warnings.simplefilter("ignore")
    from music21 import converter, environment, stream  # noqa: PLC0415 - a second, in the worker only
    from music21.musicxml.m21ToXml import GeneralObjectExporter  # noqa: PLC0415

    settings = environment.Environment()  # for this process; UserSettings would write a file
    settings["directoryScratch"] = str(Path.cwd())
    settings["warnings"] = 0

    def convert(question: Message) -> Message:
        kind = question.text("format")
        path = Path.cwd() / f"score.{ENDINGS[kind]}"
        path.write_bytes(question.body)
        try:
            loaded = converter.Converter()
            loaded.parseFile(path, format=kind, forceSource=True, storePickle=False)
        finally:
            path.unlink()
        read = loaded.stream
        scores = list(read.scores) if isinstance(read, stream.Opus) else [read]
        written = [GeneralObjectExporter().parse(score) for score in scores]
        return Message({"sizes": [len(score) for score in written]}, b"".join(written))

    return convert


if __name__ == "__main__":
    serve(prepare)
