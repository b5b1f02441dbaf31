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
    passages: int = 0
    """Passages encoded by this run."""
    seconds: float = 0.0
    cancelled: bool = False

    @classmethod
    def of(
        cls, counts: Counter[EventStatus], passages: int, seconds: float, *, cancelled: bool
    ) -> "Summary":
        """Sum up a run."""
        return cls(
            **{status.value: counts[status] for status in EventStatus},
            passages=passages,
            seconds=seconds,
            cancelled=cancelled,
        )
