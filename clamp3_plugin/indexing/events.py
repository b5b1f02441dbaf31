"""What an index run tells: an event a file, and a summary."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class EventStatus(StrEnum):
    """What became of a file in a run."""

    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    MOVED = "moved"
    REMOVED = "removed"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FileEvent:
    """What became of one file."""

    path: str
    status: EventStatus
    reason: str = ""
    """Code of the error where it was refused or failed."""
    message: str = ""
    passages: int = 0
    """Passages in the library, the whole pieces not counted."""
    known: bool = False
    """Refused or failed in an earlier run, unchanged since, and not opened again."""
    done: int = 0
    """Files dealt with so far, of ``total``."""
    total: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of a run."""

    indexed: int = 0
    unchanged: int = 0
    moved: int = 0
    removed: int = 0
    refused: int = 0
    failed: int = 0
    unheard: int = 0
    """Recordings that the model in use does not hear; they count neither as refused nor as failed."""
    passages: int = 0
    """Passages encoded by this run."""
    seconds: float = 0.0
    cancelled: bool = False

    @classmethod
    def of(
        cls,
        counts: Counter[EventStatus],
        unheard: int,
        passages: int,
        seconds: float,
        *,
        cancelled: bool,
    ) -> "Summary":
        """Sum up a run; ``unheard`` of those that were refused are the fault of no file."""
        by_status = {status.value: counts[status] for status in EventStatus}
        by_status["refused"] -= unheard
        return cls(
            **by_status,
            unheard=unheard,
            passages=passages,
            seconds=seconds,
            cancelled=cancelled,
        )
