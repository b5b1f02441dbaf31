"""The workers that read, and what becomes of a file that kills one: it is refused by its name."""

import hashlib
import queue
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from clamp3_plugin.errors import BrokenFileError, InputRefusedError, TooLargeError, error_of
from clamp3_plugin.readers.apart.parcel import Parcel, ParcelError, unpacked
from clamp3_plugin.readers.apart.routes import ROUTES
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.isolation.limits import Limits
from clamp3_plugin.readers.isolation.route import answer
from clamp3_plugin.readers.isolation.worker import JobError, Worker
from clamp3_plugin.readers.registry import display_name

LIMITS = Limits(seconds=8, memory=2**30)
"""What takes longer is refused before ten seconds are over."""
MAX_ANSWER = 128 * 2**20
"""Bytes of text that are taken from a worker for one file."""

_MODULE = "clamp3_plugin.readers.apart.job"
_HINT = "Export it again, or split it into smaller files."
_WORKERS = 2  # a file that somebody waits for need not wait for one that is being indexed
_DEADLY = 2
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class File:
    """A file in memory."""

    name: str
    """As its folder has it; the ending says the format."""
    data: bytes = field(repr=False)

    @property
    def shown(self) -> str:
        """Its name, fit for a terminal."""
        return display_name(self.name)

    @property
    def digest(self) -> bytes:
        """Tells it from other files."""
        return hashlib.sha256(self.name.encode("utf-8", "surrogateescape") + self.data).digest()


class Pool:
    """Two workers that read files; any thread may ask.

    A file that has killed two workers is not given to a third by this process.

    Parameters
    ----------
    module
        What a worker runs.
    limits
        What a worker may use.
    """

    def __init__(self, module: str = _MODULE, limits: Limits = LIMITS) -> None:
        self._workers = [Worker(module, limits, advice=_HINT) for _ in range(_WORKERS)]
        self._free: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in self._workers:
            self._free.put(worker)
        self._deaths: Counter[bytes] = Counter()

    def start(self) -> None:
        """Have a worker ready before it is needed."""
        with self._worker() as worker:
            worker.start()

    def close(self) -> None:
        """End the workers; who asks again gets others."""
        for worker in self._workers:
            worker.close()

    def ask(self, file: File, want: str, **fields: object) -> list[Parcel]:
        """Have a file read.

        Parameters
        ----------
        want
            What ``job`` calls it.

        Raises
        ------
        Clamp3Error
            It cannot be read, as the reader says; or the worker died, took too long or too much
            memory.
        """
        self._refuse_deadly(file)
        slices: list[bytes] = []

        def answers(asked: Message) -> Message:
            if (done := answer(ROUTES, asked)) is not None:
                return done
            slices.append(asked.body)
            if sum(map(len, slices)) > MAX_ANSWER:
                raise TooLargeError(f"Over {MAX_ANSWER // 2**20} MiB of text came of it.", _HINT)
            return Message({})

        question = Message({"name": file.name, "want": want, **fields}, file.data)
        try:
            with self._worker() as worker:
                answered = worker.ask(question, answers)
            if not answered.text("refused"):
                return unpacked(b"".join([*slices, answered.body]))
        except (BrokenFileError, TooLargeError) as error:
            self._deaths[file.digest] += 1
            raise _named(file, error) from error
        except InputRefusedError as error:
            raise _named(file, error) from error
        except (JobError, ParcelError) as error:
            raise BrokenFileError(
                f"{file.shown}: it could not be read ({error}).", _HINT
            ) from error
        raise error_of(*(answered.text(name) for name in ("refused", "reason", "hint")))

    def _refuse_deadly(self, file: File) -> None:
        if len(self._deaths) > _REMEMBERED:
            self._deaths.clear()
        if self._deaths and self._deaths[file.digest] >= _DEADLY:
            raise BrokenFileError(f"{file.shown}: what read it died of it {_DEADLY} times.", _HINT)

    @contextmanager
    def _worker(self) -> Iterator[Worker]:
        worker = self._free.get()
        try:
            yield worker
        finally:
            self._free.put(worker)


def _named(file: File, error: InputRefusedError) -> InputRefusedError:
    return type(error)(f"{file.shown}: {error.message}", error.hint)
