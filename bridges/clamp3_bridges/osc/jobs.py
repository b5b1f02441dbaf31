"""Questions under way: each in a thread of its own, so that none waits for another.

Everything here runs in the event loop's thread, save what the daemon is asked with. Each question that
was taken ends in one end or one error: when it is answered, or at once when it is cancelled.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from clamp3_bridges.osc.answers import NOT_READY, Answer, End, Failure, Progress
from clamp3_bridges.osc.arguments import Id
from clamp3_bridges.osc.asking import Ask
from clamp3_bridges.osc.queries import Question
from clamp3_plugin.errors import Clamp3Error, DaemonBusyError

MAX_PENDING = 32
"""As many threads there are, so that no question waits for another one here."""
CROWDED = 8
"""Where so many are under way nobody looks for suggestions."""
FIRST_PROGRESS_S = 0.5
NEXT_PROGRESS_S = 2.0

Send = Callable[[Answer, int], None]
"""Sends an answer to a port of this machine."""

Found = Future[list[Answer]]
"""The answers of a question, once they are there."""

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Job:
    """A question and how far it came."""

    question: Question
    port: int
    started: float = field(default_factory=time.monotonic)
    told: float = 0.0
    stage: tuple[float, str] = (0.0, "waiting")

    def tell(self, fraction: float, what: str) -> None:
        """Note how far it came; called from its thread."""
        self.stage = (fraction, what)


class Jobs:
    """Takes questions, sends their answers."""

    def __init__(self, ask: Ask, send: Send) -> None:
        self._ask = ask
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(MAX_PENDING, "osc")
        self._jobs: list[Job] = []
        self._pending = 0  # cancelled ones too, while the daemon still works on them

    def start(self, question: Question, port: int, found: Found | None = None) -> None:
        """Take a question, unless it is a repetition of one under way.

        Parameters
        ----------
        question, port
            What is asked, and where the answers go.
        found
            Where the same is being looked for already, or was found.

        Raises
        ------
        DaemonBusyError
            Too many are under way.
        """
        if any(job.question == question and job.port == port for job in self._jobs):
            return
        if self._pending >= MAX_PENDING:
            raise DaemonBusyError(f"{MAX_PENDING} queries are under way.", "Ask again in a moment.")
        self._pending += 1
        job = Job(question, port)
        self._jobs.append(job)
        self._then(found or self._submit(job), lambda future: self._finish(job, future))

    def suggest(self, question: Question, done: Callable[[Found], None]) -> Found | None:
        """Ask without a promise to answer; ``done`` is called in the loop. None where it is busy."""
        if self._pending >= CROWDED - 1:
            return None
        self._pending += 1

        def finish(future: Found) -> None:
            self._pending -= 1
            done(future)

        future = self._submit(Job(question, 0))
        self._then(future, finish)
        return future

    def cancel(self, id_: Id) -> bool:
        """End the questions of an id now; gives whether there were any."""
        cancelled = [job for job in self._jobs if job.question.id == id_]
        for job in cancelled:
            self._jobs.remove(job)
            self._send(End(job.question.id, 0), job.port)
        return bool(cancelled)

    def is_running(self, id_: Id) -> bool:
        """Tell whether a question of this id is under way."""
        return any(job.question.id == id_ for job in self._jobs)

    def report(self) -> None:
        """Send the progress of questions that take long; called again and again."""
        now = time.monotonic()
        for job in self._jobs:
            wait = NEXT_PROGRESS_S if job.told else FIRST_PROGRESS_S
            if now - (job.told or job.started) >= wait:
                job.told = now
                self._send(Progress(job.question.id, *job.stage), job.port)

    def close(self) -> None:
        """Take no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, job: Job) -> Found:
        return self._pool.submit(self._ask, job.question, job.tell)

    def _then(self, future: Found, done: Callable[[Found], None]) -> None:
        def tell_loop(future: Found) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                self._loop.call_soon_threadsafe(done, future)

        future.add_done_callback(tell_loop)

    def _finish(self, job: Job, future: Found) -> None:
        self._pending -= 1
        if job not in self._jobs:
            return
        self._jobs.remove(job)
        for answer in outcome(job.question.id, future):
            self._send(answer, job.port)


def outcome(id_: Id, future: Found) -> list[Answer]:
    """Give the answers of a finished question, which may be an error."""
    if future.cancelled():
        return [End(id_, 0)]
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, Clamp3Error):
        return [Failure.of(id_, error)]
    _log.error("a question failed by a mistake of ours", exc_info=error)
    return [Failure(id_, NOT_READY, f"This is a mistake of ours: {type(error).__name__}.")]
