"""What a library says of itself: how much there is, and whether it is sound."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from clamp3_plugin.library.entries import FileRecord, FileStatus
from clamp3_plugin.library.exact import View
from clamp3_plugin.library.prefix import Folder, sizes


@dataclass(frozen=True, slots=True)
class LibraryStats:
    """How much there is."""

    space: str
    files: int
    refused: int
    failed: int
    pieces: int
    passages: int
    modalities: dict[str, int] = field(default_factory=dict)
    """Pieces of each modality that is there."""
    bytes_on_disk: int = 0
    search: str = "exact"
    """How a question is answered: ``exact``, every vector compared, or ``index``."""
    recall_at_10: float | None = 1.0
    """Share of the true ten nearest rows that are found, as measured when the index was built."""
    not_indexed: int = 0
    """Rows younger than the index; they are compared one and all."""

    @classmethod
    def of(cls, folder: Folder, space: str, records: Iterable[FileRecord], view: View) -> Self:
        """Count what the tables of a space hold, and what the whole folder takes."""
        statuses = [record.status for record in records]
        modalities = [piece.modality.value for piece in view.pieces]
        return cls(
            space=space,
            files=statuses.count(FileStatus.INDEXED),
            refused=statuses.count(FileStatus.REFUSED),
            failed=statuses.count(FileStatus.FAILED),
            pieces=len(view.pieces),
            passages=len(view.rows.piece) - len(view.pieces),
            modalities={name: modalities.count(name) for name in sorted(set(modalities))},
            **_way(view),
            bytes_on_disk=sum(sizes(folder).values()),
        )


def _way(view: View) -> dict[str, Any]:
    if view.stored is None:
        return {}
    recall = view.stored.index.tuning.recall
    return {"search": "index", "recall_at_10": recall, "not_indexed": len(view.rows.vectors)}


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check of every row found."""

    files: int
    pieces: int
    rows: int
    problems: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems
