"""What became of each file of a run, told as it becomes known, and counted."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from clamp3_plugin.errors import Clamp3Error, UnheardError
from clamp3_plugin.indexing.events import EventStatus, FileEvent, Summary
from clamp3_plugin.library.entries import FileRecord, FileStatus


class Telling:
    """Tells of the files of one run and counts them."""

    def __init__(self, on_event: Callable[[FileEvent], None]) -> None:
        self.total = 0
        """Files to be told of."""
        self._on_event = on_event
        self._counts: Counter[EventStatus] = Counter()
        self._passages = self._unheard = 0
        self._began = time.monotonic()

    @property
    def has_news(self) -> bool:
        """Whether anything has come into the library or left it."""
        return bool(self._counts.keys() - {EventStatus.UNCHANGED, EventStatus.REFUSED})

    def summary(self, *, cancelled: bool) -> Summary:
        """Sum up the run."""
        seconds = time.monotonic() - self._began
        return Summary.of(self._counts, self._unheard, self._passages, seconds, cancelled=cancelled)

    def known(self, record: FileRecord) -> None:
        """Tell of a file that is as it was."""
        if record.status is FileStatus.INDEXED:
            passages = record.passages
            self._tell(FileEvent(record.path, EventStatus.UNCHANGED, passages=passages))
        else:
            status = EventStatus(record.status.value)
            self._tell(FileEvent(record.path, status, record.reason, record.message, known=True))

    def written(self, record: FileRecord) -> None:
        """Tell of a file that was read."""
        self._passages += record.passages
        status = EventStatus(record.status.value)
        event = FileEvent(record.path, status, record.reason, record.message, record.passages)
        self._tell(event)

    def moved(self, record: FileRecord) -> None:
        """Tell of a file that is at another place."""
        self._tell(FileEvent(record.path, EventStatus.MOVED, passages=record.passages))

    def removed(self, path: str) -> None:
        """Tell of a file that has left the library."""
        self._tell(FileEvent(path, EventStatus.REMOVED))

    def error(self, path: str, error: Clamp3Error) -> None:
        """Tell of a file that could not be looked at; the library does not remember that."""
        self._tell(FileEvent(path, EventStatus.REFUSED, error.code, str(error)))

    def _tell(self, event: FileEvent) -> None:
        self._counts[event.status] += 1
        self._unheard += event.reason == UnheardError.code
        done = self._counts.total()
        self._on_event(replace(event, done=done, total=self.total))
