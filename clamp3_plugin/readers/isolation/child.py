"""The worker's side: limit the process, then do one job after the other until the program goes.

A job's module ends with ``if __name__ == "__main__": serve(job)`` and is started by ``worker.py``.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import BinaryIO

from clamp3_plugin.readers.isolation.framing import Message, receive, send
from clamp3_plugin.readers.isolation.limits import Limits

READY = "ready"
ASKING = "asking"
MEMORY = "memory"
FAILED = "failed"
_LONGEST_REASON = 300

Job = Callable[[Message], Message]
Ask = Callable[[Message], Message]
"""Asks the program something in the middle of a job, and gives its answer."""


def serve(prepare: Callable[[], Job]) -> None:
    """Answer every message on standard input with one on standard output.

    Parameters
    ----------
    prepare
        Imports what the job needs, which may take seconds, and gives the job; it runs under the
        limits too. What it prints, and what the job prints, goes to nobody.
    """
    serve_asking(lambda _: prepare())


def serve_asking(prepare: Callable[[Ask], Job]) -> None:
    """Serve as ``serve`` does, with jobs that may ask back: for more bytes, or to pass results on."""
    asking, answering = _own_streams()

    def ask(message: Message) -> Message:
        send(answering, Message({**message.fields, "state": ASKING}, message.body))
        answer = receive(asking)
        if answer is None:
            raise EOFError("the program has gone")
        return answer

    limits = Limits.of_text(sys.argv[1])
    _limit(limits)
    try:
        job = prepare(ask)
    except (ImportError, MemoryError) as error:
        send(answering, _failure(error))
        return
    send(answering, Message({"state": READY}))
    while (question := receive(asking)) is not None:
        _allow_seconds(seconds_for(question, limits))
        answer = _done(job, question)
        send(answering, answer)
        if answer.text("state") == MEMORY:
            return  # what is left of the heap is nobody's to rely on
    with contextlib.suppress(OSError):  # the program was killed, or left without closing
        Path.cwd().rmdir()


def seconds_for(question: Message, limits: Limits) -> float:
    """Tell how long a question may take: its own ``seconds``, where it has them, or the limit."""
    seconds = question.fields.get("seconds")
    return float(seconds) if isinstance(seconds, int | float) else limits.seconds


def _done(job: Job, question: Message) -> Message:
    try:
        return job(question)
    except Exception as error:  # noqa: BLE001 - foreign parsers raise anything, and all of it is the answer
        return _failure(error)


def _failure(error: Exception) -> Message:
    state = MEMORY if isinstance(error, MemoryError) else FAILED
    kind, reason = type(error).__name__, str(error)[:_LONGEST_REASON]
    return Message({"state": state, "kind": kind, "reason": reason})


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for messages, and let what is printed by others vanish."""
    asking = BufferedReader(os.fdopen(os.dup(0), "rb", buffering=0))
    answering = BufferedWriter(os.fdopen(os.dup(1), "wb", buffering=0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return asking, answering


def _limit(limits: Limits) -> None:
    """Set what the system can hold the process to; Windows has none of it, macOS not all."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - POSIX only

    for name, value in (
        ("RLIMIT_AS", limits.memory),
        ("RLIMIT_FSIZE", limits.file_bytes),
        ("RLIMIT_NOFILE", limits.descriptors),
        ("RLIMIT_CORE", 0),
    ):
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (OSError, ValueError):
            continue  # macOS refuses some of them; the deadline holds everywhere


def _allow_seconds(seconds: float) -> None:
    """Give the next file processor time: what was used before counts for the process."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - POSIX only

    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 1, hard))
