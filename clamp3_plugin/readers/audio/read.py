"""Read an audio file: have a worker decode it, and check what it sends."""

import queue
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import BinaryIO

import numpy as np

from clamp3_plugin.errors import (
    BrokenFileError,
    EmptyContentError,
    InputRefusedError,
    TooLargeError,
    UnsupportedFormatError,
)
from clamp3_plugin.readers.audio.inspection import check_length
from clamp3_plugin.readers.audio.limits import MAX_BYTES, MAX_LEVEL, MAX_SECONDS, RATE, READ_BYTES
from clamp3_plugin.readers.audio.recording import Recording
from clamp3_plugin.readers.audio.resampling import Samples
from clamp3_plugin.readers.audio.tags import clean, metadata_of
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.isolation.limits import Limits
from clamp3_plugin.readers.isolation.worker import JobError, Worker

SLOWEST = 10
"""Times real time that decoding must reach on the processor, beyond the seconds for every file."""

_MODULE = "clamp3_plugin.readers.audio.job"
_LIMITS = Limits(seconds=10)
_EXPORT = "Export it again, as WAV or FLAC."
_WORKERS = 2  # a clip that somebody waits for need not wait for an hour that is being indexed
_FREE: "queue.LifoQueue[Worker]" = queue.LifoQueue()
for _ in range(_WORKERS):
    _FREE.put(Worker(_MODULE, _LIMITS, needs="soundfile tinytag", advice=_EXPORT))

_REFUSALS: Mapping[str, type[InputRefusedError]] = MappingProxyType(
    {
        kind.code: kind
        for kind in (BrokenFileError, EmptyContentError, TooLargeError, UnsupportedFormatError)
    }
)
_RESAMPLED_LEVEL = 4 * MAX_LEVEL  # a low-pass filter overshoots


def read_audio(file: BinaryIO) -> Recording:
    """Read an audio file of any format that is known here; it need not have a name.

    Parameters
    ----------
    file
        Open for reading, with ``seek``; read in pieces, some of them more than once.

    Raises
    ------
    InputRefusedError
        It is no audio file, broken, over a limit, too short, or silent.
    """
    size = file.seek(0, 2)
    if size == 0:
        raise EmptyContentError("The file is empty (0 bytes).")
    if size > MAX_BYTES:
        raise TooLargeError(
            f"The file has {size / 2**20:,.1f} MiB, the limit for audio is {MAX_BYTES // 2**20}.",
            "Export it as FLAC, or split it into its pieces.",
        )
    with _free_worker() as worker:
        exchange = _Exchange(file)
        known = _ask(worker, Message({"do": "look", "length": size}), exchange)
        announced = known.fields.get("announced")
        seconds = float(announced) if isinstance(announced, int | float) else float(MAX_SECONDS)
        if not 0 <= seconds <= MAX_SECONDS:
            raise BrokenFileError("The decoder's answer makes no sense.", _EXPORT)
        exchange.make_room(seconds)
        deadline = _LIMITS.seconds + seconds / SLOWEST
        question = Message({"do": "decode", "length": size, "seconds": deadline})
        answer = _ask(worker, question, exchange)
    samples = exchange.samples()
    clipped = answer.fields.get("clipped")
    return Recording(
        samples,
        metadata_of(_texts(known.fields.get("tags")), len(samples) / RATE),
        answer.text("digest"),
        float(clipped) if isinstance(clipped, int | float) else 0.0,
    )


class _Exchange:
    """Gives a worker the bytes that it asks for, and takes the samples that it sends."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._room: Samples = np.empty(0, np.float32)
        self._used = 0

    def make_room(self, seconds: float) -> None:
        """Take address space for what is announced; memory is used as it is filled."""
        self._room = np.empty(int((seconds + 1) * RATE), np.float32)

    def __call__(self, message: Message) -> Message:
        """Answer the worker.

        Raises
        ------
        InputRefusedError
            It asks or sends what it should not, or the file cannot be read on.
        """
        start, size = message.fields.get("read"), message.fields.get("bytes")
        if isinstance(start, int) and isinstance(size, int) and start >= 0:
            return Message({}, self._bytes(start, min(size, READ_BYTES)))
        self._take(np.frombuffer(message.body[: len(message.body) // 4 * 4], "<f4"))
        return Message({})

    def samples(self) -> Samples:
        """Give what was sent, read-only."""
        if not self._used:
            raise EmptyContentError("There are no samples in it.")
        samples = self._room[: self._used]
        samples.flags.writeable = False
        return samples

    def _bytes(self, start: int, size: int) -> bytes:
        try:
            self._file.seek(start)
            return self._file.read(size)
        except OSError as error:
            raise BrokenFileError(f"Reading it failed ({error.strerror}).") from error

    def _take(self, block: Samples) -> None:
        end = self._used + len(block)
        check_length(end / RATE)
        if not np.all(np.abs(block) <= _RESAMPLED_LEVEL):  # NaN is not either
            raise BrokenFileError("The decoder gave samples that are none.", _EXPORT)
        if end > len(self._room):  # more than it announced; memory is used as it is filled
            room = np.empty((MAX_SECONDS + 1) * RATE, np.float32)
            room[: self._used] = self._room[: self._used]
            self._room = room
        self._room[self._used : end] = block
        self._used = end


def _texts(value: object) -> dict[str, str]:
    """Take of a worker's answer what is text."""
    fields = value if isinstance(value, dict) else {}
    return {str(name): text for name, text in fields.items() if isinstance(text, str)}


@contextmanager
def _free_worker() -> Iterator[Worker]:
    worker = _FREE.get()
    try:
        yield worker
    finally:
        _FREE.put(worker)


def _ask(worker: Worker, question: Message, exchange: _Exchange) -> Message:
    try:
        answer = worker.ask(question, exchange)
    except JobError as error:
        raise BrokenFileError(f"It cannot be decoded ({error.kind}).", _EXPORT) from error
    if code := answer.text("refused"):
        kind = _REFUSALS.get(code, BrokenFileError)
        raise kind(clean(answer.text("reason")), clean(answer.text("hint")))
    return answer
