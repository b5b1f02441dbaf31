"""Index runs as jobs: one at a time, in one thread, followed by event and cancelled by id."""

import functools
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Protocol

from clamp3_plugin.daemon.refusals import RefusedError
from clamp3_plugin.errors import Clamp3Error, DaemonBusyError, MissingFileError
from clamp3_plugin.wire import WAITING, IndexEvent, IndexSummary, JsonObject, dumps

MAX_QUEUED = 32
MAX_KEPT = 4  # ended jobs, whose events may still be asked for
_LOOK_AGAIN_S = 2.0

_log = logging.getLogger(__name__)


class Index(Protocol):
    """Does a run: ``Service.index``."""

    def __call__(
        self,
        paths: Sequence[str],
        on_event: Callable[[IndexEvent], None],
        cancelled: Callable[[], bool],
        *,
        retry: bool,
    ) -> Mapping[str, float]:
        """Put files and folders into the library."""


@dataclass(eq=False, slots=True)
class Job:
    """An index run: what was asked, what happened so far, how it ended."""

    id: str
    paths: tuple[str, ...]
    retry: bool = False
    """Read files again that could not be read, though they are unchanged."""
    events: list[bytes] = field(default_factory=list)
    """JSON of every event, in order; only ever appended to."""
    last: IndexEvent | None = None
    running: bool = False
    summary: IndexSummary | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    def note(self, event: IndexEvent) -> None:
        """Keep an event for those who follow."""
        self.last = event
        self.events.append(dumps(event.to_wire()))

    def to_wire(self) -> JsonObject:
        """Tell where the job stands."""
        done, total = (self.last.done, self.last.total) if self.last else (0, 0)
        state = "running" if self.running else "queued"
        if self.summary is None:
            return {"id": self.id, "state": state, "done": done, "total": total}
        return {"id": self.id, "done": done, "total": total, **self.summary.to_wire()}


class Jobs:
    """The queue of index runs."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.lack_of_room: Callable[[], str] = str
        """Says why a run should wait before its next file; empty where it need not."""
        self._writer = ThreadPoolExecutor(1, "index")
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._futures: list[Future[None]] = []

    @property
    def active(self) -> int:
        """How many jobs have not ended."""
        return sum(job.summary is None for job in self._jobs.values())

    def start(self, paths: Sequence[str], *, retry: bool = False) -> Job:
        """Queue a run.

        Raises
        ------
        DaemonBusyError
            Too many wait already.
        """
        if self.active >= MAX_QUEUED:
            raise DaemonBusyError(f"{MAX_QUEUED} index runs wait already.", "Try again later.")
        job = Job(secrets.token_hex(8), tuple(paths), retry)
        ended = [old.id for old in self._jobs.values() if old.summary is not None]
        for old in ended[: len(ended) - MAX_KEPT + 1]:
            del self._jobs[old]
        self._jobs[job.id] = job
        self._futures = [future for future in self._futures if not future.done()]
        self._futures.append(self._writer.submit(self._run, job))
        return job

    def get(self, job_id: str) -> Job:
        """Give a job.

        Raises
        ------
        MissingFileError
            There is none of that id, or it ended long ago.
        """
        if job_id not in self._jobs:
            raise MissingFileError(f"There is no job {job_id[:32]!r}.")
        return self._jobs[job_id]

    def stop(self, timeout_s: float) -> bool:
        """Cancel all and wait for the writer; tells whether it ended in time."""
        for job in list(self._jobs.values()):
            job.cancelled.set()
        self._writer.shutdown(wait=False, cancel_futures=True)
        return not wait(self._futures, timeout_s).not_done

    def _is_cancelled(self, job: Job) -> bool:
        """Tell whether a run should end, asked before each file; waits while the disk is full."""
        told = ""
        while not job.cancelled.is_set() and (lack := self.lack_of_room()):
            if not told:
                told = lack
                last = job.last or IndexEvent("", WAITING)
                job.note(replace(last, path="", status=WAITING, reason="disk_full", message=lack))
                _log.warning("an index run waits for room on the disk")
            job.cancelled.wait(_LOOK_AGAIN_S)
        return job.cancelled.is_set()

    def _run(self, job: Job) -> None:
        job.running = True
        try:
            counts = self._index(
                job.paths, job.note, functools.partial(self._is_cancelled, job), retry=job.retry
            )
        except Clamp3Error as error:
            summary = IndexSummary("failed", error=error)
        except Exception:  # noqa: BLE001 - outermost handler of this thread; the daemon lives on
            _log.exception("an index run failed")
            unknown = RefusedError("internal", "The index run failed.", "See: clamp3 daemon logs")
            summary = IndexSummary("failed", error=unknown)
        else:
            summary = IndexSummary("cancelled" if job.cancelled.is_set() else "done", counts)
        job.events.append(dumps(summary.to_wire()))
        job.summary = summary
