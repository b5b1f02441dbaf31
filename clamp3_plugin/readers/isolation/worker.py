"""The program's side: a worker process that is started when needed, asked, and killed when late.

The process lives in a session and an empty folder of its own, with a minimal environment, and reads
nothing but its pipe; what it does to itself costs one file, never the program.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

from clamp3_plugin.errors import BrokenFileError, Clamp3Error, TooLargeError, UnsupportedFormatError
from clamp3_plugin.readers.isolation import child
from clamp3_plugin.readers.isolation.framing import FrameError, Message, receive, send
from clamp3_plugin.readers.isolation.limits import Limits

_EXPORT = "Export the score as MusicXML from the program that it comes from."
_WINDOWS_NEEDS = ("SYSTEMROOT",)

Answers = Callable[[Message], Message]
"""Answers what a job asks back."""


class JobError(Exception):
    """The job itself refused the bytes: what it raised, by name and text."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"{kind}: {reason}" if reason else kind)
        self.kind = kind
        self.reason = reason


@dataclass
class _Clock:
    """Seconds that a job has left."""

    left: float


@dataclass
class _Running:
    """A process with its folder."""

    process: "subprocess.Popen[bytes]"
    folder: "tempfile.TemporaryDirectory[str]"
    jobs: int = 0
    late: bool = False

    def ask(
        self, question: Message | None, seconds: float, answers: Answers | None = None
    ) -> Message:
        """Send a message, if there is one, and wait for the answer.

        What the process asks meanwhile is answered by ``answers``, and the clock stands still.

        Raises
        ------
        FrameError
            None came; ``late`` says whether the deadline was the reason.
        """
        if self.process.stdin is None or self.process.stdout is None:
            raise FrameError("no pipes")
        try:
            with self._within(seconds) as clock:
                if question is not None:
                    send(self.process.stdin, question)
                answer = receive(self.process.stdout)
            while answers and answer and answer.text("state") == child.ASKING:
                reply = answers(answer)  # takes none of its time
                with self._within(clock.left) as clock:
                    send(self.process.stdin, reply)
                    answer = receive(self.process.stdout)
        except OSError as error:
            raise FrameError(f"the pipe broke ({type(error).__name__})") from error
        if answer is None:
            raise FrameError("the pipe was closed")
        if answer.text("state") == child.ASKING:
            raise FrameError("it asks where nobody answers")
        return answer

    @contextlib.contextmanager
    def _within(self, seconds: float) -> Iterator["_Clock"]:
        """Kill the process when the seconds are over."""
        clock = _Clock(seconds)
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        begun = time.monotonic()
        try:
            yield clock
        finally:
            timer.cancel()
            clock.left -= time.monotonic() - begun

    def _expire(self) -> None:
        self.late = True
        self.process.kill()

    def end(self) -> int:
        """Kill the process and remove its folder; give its exit status, if it had one before."""
        try:
            status = self.process.wait(timeout=0.5 if self.process.poll() is None else 0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # bytes for a process that is gone
                    pipe.close()
        self.folder.cleanup()
        return status


@dataclass
class _Held:
    """The process of a worker, if there is one; it outlives the worker by the moment it takes to end it."""

    running: _Running | None = None

    def end(self) -> None:
        if self.running is not None:
            running, self.running = self.running, None
            running.process.kill()
            running.end()


class Worker:
    """Does jobs of one module in a process; any thread may ask, one at a time.

    Parameters
    ----------
    module
        Run as ``python -m``; it must end in ``child.serve``.
    limits
        What the process may use.
    needs
        What must be installed for it, for the message where it is not.
    advice
        What to do with a file that it cannot read.
    """

    def __init__(
        self, module: str, limits: Limits | None = None, needs: str = "", advice: str = _EXPORT
    ) -> None:
        self._module = module
        self._limits = limits or Limits()
        self._needs = needs
        self._advice = advice
        self._lock = threading.Lock()
        self._held = _Held()
        weakref.finalize(self, self._held.end)  # when nobody can ask any more, or the program ends

    def ask(self, question: Message, answers: Answers | None = None) -> Message:
        """Have a job done.

        Parameters
        ----------
        question
            What to do; its field ``seconds``, where it has one, takes the place of the limit.
        answers
            Answers what the job asks while it works. What it raises ends the process.

        Raises
        ------
        JobError
            The job raised.
        TooLargeError
            It took too long or too much memory.
        BrokenFileError
            The process died of it.
        UnsupportedFormatError
            The process cannot be started, e.g. because a package is not installed.
        """
        with self._lock:
            running = self._held.running = self._held.running or self._start()
            seconds = child.seconds_for(question, self._limits)
            try:
                answer = running.ask(question, seconds * self._limits.patience, answers)
            except FrameError as error:
                raise self._lost(running, seconds) from error
            except BaseException:  # an interrupt: the answer to this would meet the next question
                self._held.end()
                raise
            running.jobs += 1
            state = answer.text("state")
            if state == child.MEMORY or running.jobs >= self._limits.jobs:
                self._held.end()
        if state == child.MEMORY:
            raise self._too_much_memory()
        if state == child.FAILED:
            raise JobError(answer.text("kind"), answer.text("reason"))
        return answer

    def start(self) -> None:
        """Start the process before it is needed.

        Raises
        ------
        UnsupportedFormatError
            It cannot be started.
        """
        with self._lock:
            self._held.running = self._held.running or self._start()

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            self._held.end()

    @property
    def pid(self) -> int | None:
        """The process that waits for questions."""
        running = self._held.running
        return None if running is None else running.process.pid

    def _start(self) -> _Running:
        folder = tempfile.TemporaryDirectory(prefix="clamp3-", ignore_cleanup_errors=True)
        command = [sys.executable, "-P", "-B", "-X", "utf8", "-m", self._module]
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [*command, self._limits.text()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder.name,
            env=_environment(folder.name),
            start_new_session=True,
        )
        running = _Running(process, folder)
        try:
            hello = running.ask(None, self._limits.start_seconds)
        except FrameError as error:
            status = running.end()
            if running.late:
                raise UnsupportedFormatError(
                    "The reader of this format did not start within"
                    f" {self._limits.start_seconds:g} s.",
                    "When the machine is less busy: clamp3 index --retry",
                ) from error
            raise UnsupportedFormatError(
                f"The reader of this format does not start ({_manner(status)}).",
                self._advice,
            ) from error
        except BaseException:
            running.end()
            raise
        if hello.text("state") != child.READY:
            running.end()
            raise self._unprepared(hello)
        return running

    def _unprepared(self, hello: Message) -> Clamp3Error:
        if hello.text("state") == child.MEMORY:
            return self._too_much_memory()
        return UnsupportedFormatError(
            f"The reader of this format does not start: {hello.text('reason')}.",
            f"Install it with: pip install {self._needs}" if self._needs else self._advice,
        )

    def _lost(self, running: _Running, seconds: float) -> Clamp3Error:
        self._held.running = None
        status = running.end()
        if running.late or status == -_signal("SIGXCPU"):
            return TooLargeError(
                f"It was not read within {seconds:g} s, the limit for a file.", self._advice
            )
        return BrokenFileError(f"The reader died of it ({_manner(status)}).", self._advice)

    def _too_much_memory(self) -> TooLargeError:
        return TooLargeError(
            f"Reading it takes over {self._limits.memory / 2**30:.1f} GiB of memory, the limit.",
            self._advice,
        )


def _environment(folder: str) -> dict[str, str]:
    """Let a process find its modules and no file of the user."""
    found = {name: os.environ[name] for name in _WINDOWS_NEEDS if name in os.environ}
    paths = (str(Path(path).absolute()) for path in sys.path if path)
    return {
        **found,
        "PYTHONPATH": os.pathsep.join(paths),
        "HOME": folder,
        "TMPDIR": folder,
        "OPENBLAS_NUM_THREADS": "1",  # each thread reserves address space
    }


def _manner(status: int) -> str:
    """Say how a process ended.

    Examples
    --------
    >>> _manner(3)
    'exit code 3'
    """
    if status >= 0:
        return f"exit code {status}"
    try:
        return Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _signal(name: str) -> int:
    return int(getattr(Signals, name, 0)) or 10_000  # Windows has no such signal
