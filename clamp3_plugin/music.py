"""What music is here: modalities, metadata, pieces and passages, as values that cannot be wrong.

Conventions: bars count from 1 in the order they are written (a pickup bar is bar 1); times are
seconds from 0; tempo is quarter notes per minute. Standard library only.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Modality(StrEnum):
    """What kind of thing an encoder reads."""

    TEXT = "text"
    SCORE = "score"
    PERFORMANCE = "performance"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says of itself; empty where it says nothing."""

    title: str = ""
    composer: str = ""
    lyricist: str = ""
    key: str = ""
    """E.g. ``G`` or ``Em``: as named in the file, or estimated from the notes."""
    meter: str = ""
    """First time signature, e.g. ``6/8``."""
    tempo: float | None = None
    """Quarter notes per minute at the start; None where the file gives none."""
    instruments: tuple[str, ...] = ()
    bars: int | None = None
    duration: float | None = None
    key_is_estimated: bool = False
    """The file names no key; a fact to nobody, least of all to training."""
    tempo_is_estimated: bool = False
    """The file names no tempo: it was measured, and may be half or double what a musician says."""
    artist: str = ""
    """Who performs a recording, by its tags."""
    album: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A contiguous stretch of a piece: bars, seconds, or both.

    Examples
    --------
    >>> Passage(first_bar=9, last_bar=16).bars
    8
    """

    first_bar: int | None = None
    last_bar: int | None = None
    start: float | None = None
    end: float | None = None
    printed: tuple[str, str] | None = field(default=None, compare=False)
    """Numbers that the page gives the first and the last bar; None where nobody knows them."""

    def __post_init__(self) -> None:
        """Refuse a stretch that is no stretch."""
        if (self.first_bar is None) != (self.last_bar is None):
            raise ValueError(f"a passage needs both bars or none: {self.first_bar}-{self.last_bar}")
        if self.first_bar is not None and self.last_bar is not None:
            if not 1 <= self.first_bar <= self.last_bar:
                raise ValueError(f"bars count from 1 upwards: {self.first_bar}-{self.last_bar}")
        elif self.start is None or self.printed is not None:
            raise ValueError(f"a passage needs bars, or seconds and no bar numbers: {self.printed}")
        if self.start is not None and self.end is not None and not 0 <= self.start <= self.end:
            raise ValueError(f"seconds run from 0 upwards: {self.start}-{self.end}")

    @property
    def bars(self) -> int:
        """Number of bars, 0 where the passage is given in seconds only."""
        if self.first_bar is None or self.last_bar is None:
            return 0
        return self.last_bar - self.first_bar + 1

    def overlaps(self, other: "Passage") -> bool:
        """Tell whether two passages of one piece share a bar, or else a moment.

        Examples
        --------
        >>> Passage(first_bar=1, last_bar=8).overlaps(Passage(first_bar=8, last_bar=9))
        True
        """
        if self.first_bar is not None and other.first_bar is not None:
            mine, its = self.last_bar or 0, other.last_bar or 0
            return self.first_bar <= its and other.first_bar <= mine
        if self.start is None or other.start is None:
            return False
        my_end = float("inf") if self.end is None else self.end
        its_end = float("inf") if other.end is None else other.end
        return self.start < its_end and other.start < my_end


@dataclass(frozen=True, slots=True)
class Piece:
    """A work as the user files it: one file, or one tune of a tune book, in one modality."""

    id: str
    path: str
    """Absolute path; bytes that are no UTF-8 as surrogate escapes."""
    modality: Modality
    tune: int = 1
    """Number of the tune in its file, from 1 (tune books hold many)."""
    metadata: Metadata = field(default_factory=Metadata)
