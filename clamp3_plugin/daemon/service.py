"""The seam between the daemon and what it serves: a Protocol that the composition root satisfies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from clamp3_plugin.encoding import Embeddings
from clamp3_plugin.music import Passage, Piece
from clamp3_plugin.query import Answer, Filter, Query, Source, TagHit
from clamp3_plugin.wire import IndexEvent, Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Every piece of the library with its vector, shape ``(pieces, dim)``, and its nearest genre."""

    pieces: Sequence[Piece]
    vectors: Embeddings
    genres: Sequence[str]


@dataclass(frozen=True, slots=True)
class WrittenPassage:
    """A passage of a score or a performance as the encoder reads it: interleaved ABC, or MTF."""

    text: str
    bars: Sequence[int] = ()
    """Of a score: the bar that each line of music is, from 1."""


class Service(Protocol):
    """What is served. Every method blocks and may be called from several threads at once.

    Methods raise ``Clamp3Error`` for what a user can mend. ``find``, ``tag``, ``embed`` and ``index``
    are called only after ``load`` returned; the rest may be called at any time.
    """

    def load(self) -> None:
        """Load the model; called once, in a thread of its own, while the daemon already answers."""

    def describe(self) -> Mapping[str, object]:
        """Tell ``model``, ``space``, ``device`` and ``precision``; quick."""

    def find(self, query: Query) -> Answer:
        """Find similar pieces and passages."""

    def tag(self, source: Source, languages: Sequence[str], n: int) -> Sequence[TagHit]:
        """Give the tags that fit, best first."""

    def embed(self, source: Source, *, local: bool) -> Vectors:
        """Embed a source before normalisation: one row, or with ``local`` a row a frame."""

    def index(
        self,
        paths: Sequence[str],
        on_event: Callable[[IndexEvent], None],
        cancelled: Callable[[], bool],
        *,
        retry: bool,
    ) -> Mapping[str, float]:
        """Put files and folders into the library, one event a file; gives the counts of the run.

        Called from one thread only. ``cancelled`` is asked between files; with ``retry`` files that
        could not be read are read again.
        """

    def stats(self) -> Mapping[str, object]:
        """Count what the library holds."""

    def pieces(self, where: Filter, offset: int, limit: int) -> Sequence[Piece]:
        """List pieces in a fixed order."""

    def piece(self, piece_id: str) -> Piece:
        """Give one piece; MissingFileError where there is none."""

    def tunes(self, piece: Piece) -> int:
        """Count the pieces of a piece's file; 0 where the file has changed since it was indexed."""

    def passages(self, piece_id: str) -> Sequence[Passage]:
        """List the indexed passages of a piece, in order."""

    def written(self, piece: Piece, passage: Passage | None) -> WrittenPassage:
        """Give a passage of a score or a performance, or all of it."""

    def points(self) -> Points:
        """Give every piece with its vector; they are the library's map."""

    def errors(self) -> Sequence[IndexEvent]:
        """List the files that were refused, and why."""

    def forget(self, paths: Sequence[str]) -> int:
        """Take the pieces at or below the paths out of the library; gives how many."""

    def compact(self) -> Mapping[str, object]:
        """Tidy the library's files; gives what changed."""

    def check(self, *, deep: bool) -> Sequence[str]:
        """Give what is wrong with the library, a line each."""

    def close(self) -> None:
        """Let go of everything; called once, at the end."""
