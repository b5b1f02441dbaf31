"""What is asked and what is answered: Query, Filter, Hit, TagHit. Standard library only."""

from dataclasses import dataclass, field

from clamp3_plugin.errors import UsageError
from clamp3_plugin.music import Modality, Passage, Piece

MAX_HITS = 200
MAX_TEXT = 4096  # characters of a text question


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to ask with: a text, a piece of the library, or the content of a file.

    Exactly one of ``text``, ``piece_id`` and ``data`` is set.
    """

    text: str | None = None
    piece_id: str | None = None
    data: bytes | None = None
    name: str = ""
    """File name that belongs to ``data``; its extension names the format, and messages name it."""
    passage: Passage | None = None
    """Only this part of the file or piece."""
    staves: tuple[int, int] | None = None
    """Only these staves of a score, from 1 at the top; the first and the last."""

    def __post_init__(self) -> None:
        """Refuse a source that is none or several."""
        given = [value is not None for value in (self.text, self.piece_id, self.data)]
        if sum(given) != 1:
            raise UsageError("Ask with one of: a text, a file, a piece of the library.")
        if self.text is not None and len(self.text) > MAX_TEXT:
            raise UsageError(f"The text has {len(self.text)} characters, the limit is {MAX_TEXT}.")
        if self.text is not None and not self.text.strip():
            raise UsageError("The text is empty.", "Describe the music in a few words.")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which pieces may be found. Empty fields do not restrict; ranges are inclusive."""

    modalities: tuple[Modality, ...] = ()
    key: str = ""
    meter: str = ""
    composer: str = ""
    """Part of the composer's name, case ignored."""
    folder: str = ""
    """Absolute folder; pieces below it."""
    tempo: tuple[float, float] | None = None
    bars: tuple[float, float] | None = None
    duration: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A question: the sum of ``plus`` sources less ``minus``, among what ``where`` lets through."""

    plus: tuple[Source, ...]
    minus: tuple[Source, ...] = ()
    n: int = 10
    where: Filter = field(default_factory=Filter)

    def __post_init__(self) -> None:
        """Refuse what cannot be answered."""
        if not self.plus:
            raise UsageError("Nothing was asked.", "Give a text or a file.")
        if not 1 <= self.n <= MAX_HITS:
            raise UsageError(
                f"{self.n} hits were asked for; between 1 and {MAX_HITS} can be given."
            )


@dataclass(frozen=True, slots=True)
class Hit:
    """A piece or passage that answers a query."""

    piece: Piece
    passage: Passage | None
    """None when the whole piece is the hit."""
    score: float
    """Cosine similarity, -1 to 1."""
    percentile: float
    """Share, in percent, of this library's rows of that modality that score lower."""


@dataclass(frozen=True, slots=True)
class TagHit:
    """A tag that fits, with its labels by language code."""

    tag: str
    category: str
    score: float
    """Cosine similarity, -1 to 1."""
    labels: dict[str, str]
    probability: float | None = None
    """How often the tag is right at this score; None where nothing is claimed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Hits, best first, and why there are none when there are none."""

    hits: tuple[Hit, ...]
    space: str
    reason: str | None = None
    """``library_empty``, ``filtered_out`` or None."""
