"""The reader's job, with a weakness: some files do to its process what a hostile file might."""

import json
import os
import time
from collections.abc import Callable
from functools import partial

from clamp3_plugin.readers.apart import job
from clamp3_plugin.readers.isolation.child import Ask, Job, serve_asking
from clamp3_plugin.readers.isolation.framing import Message

TEXTS = ("title", "composer", "lyricist", "key", "meter", "artist", "album")
METADATA: dict[str, object] = {
    **dict.fromkeys(TEXTS, ""), "tempo": None, "instruments": [], "bars": 1, "duration": None,
    "key_is_estimated": False, "tempo_is_estimated": False,
}  # fmt: skip
PIECE = {"modality": "score", "metadata": METADATA, "interleaved": False}
PIECE |= {"whole": "X:1\n", "bars": [1], "passages": [], "texts": []}
LIES = {
    "nothing": b"[]",
    "no json": b"[",
    "no list": b"{}",
    "no pieces": b"[1]",
    "a pickle": b"\x80\x04K\x01.",
    "depth": b"[" * 100_000,
    "a text too many": json.dumps([PIECE | {"texts": ["x"]}]).encode(),
    "another modality": json.dumps([PIECE | {"modality": "audio"}]).encode(),
    "a title of numbers": json.dumps([PIECE | {"metadata": METADATA | {"title": 1}}]).encode(),
    "no number": json.dumps([PIECE | {"metadata": METADATA | {"tempo": float("nan")}}]).encode(),
    "bars that are words": json.dumps([PIECE | {"bars": ["one"]}]).encode(),
    "bars backwards": json.dumps([PIECE | {"passages": [[9, 1, None, None, None]], "texts": [""]}]).encode(),
}  # fmt: skip
"""What a worker that was taken over may send."""
TRUTH = json.dumps([PIECE]).encode()


def prepare(ask: Ask) -> Job:
    honest = job.prepare(ask)

    def flood() -> Message:
        while True:
            ask(Message({}, bytes(3 * 2**24)))

    def hang() -> Message:
        time.sleep(60)
        return Message({})

    def spin() -> Message:
        while True:
            pass

    deeds: dict[bytes, Callable[[], Message]] = {
        b"die": lambda: os._exit(139),
        b"hang": hang,
        b"spin": spin,
        b"grow": lambda: Message({}, b"x" * 2**30),
        b"flood": flood,
        b"truth": lambda: Message({}, TRUTH),
    }
    deeds |= {name.encode(): partial(Message, {}, lie) for name, lie in LIES.items()}

    def work(question: Message) -> Message:
        deed = deeds.get(question.body)
        return deed() if deed else honest(question)

    return work


if __name__ == "__main__":
    serve_asking(prepare)
