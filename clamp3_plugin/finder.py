"""Answers questions: sources become one vector, the library says what lies nearest.

A recording is asked with as the sequence of its windows too, so that the place it was cut from is found.
How hits of several modalities share an answer is told in ``library/ranking.py``.
"""

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.encoding import Embeddings, Encoder, encode
from clamp3_plugin.errors import EncoderMismatchError, MissingFileError, UsageError
from clamp3_plugin.library.alignment import MOST_WINDOWS, Clip
from clamp3_plugin.library.exclusion import Exclusion
from clamp3_plugin.library.library import Library
from clamp3_plugin.library.ranking import Origin
from clamp3_plugin.music import Modality, Passage, Piece
from clamp3_plugin.query import Answer, Query, Source, TagHit
from clamp3_plugin.readers.content import Content, Stretches
from clamp3_plugin.readers.windows import HOP
from clamp3_plugin.tags import Tagger


class Formats(Protocol):
    """What can be asked with; ``clamp3_plugin.readers.registry`` is one."""

    def modality_of(self, path: Path, /) -> Modality | None:
        """Tell by its name what a file holds."""

    def read(self, path: Path, /) -> Sequence[Content]:
        """Read the pieces of a file in order."""

    def read_bytes(self, data: bytes, name: str, /) -> Sequence[Content]:
        """Read the pieces of a file in memory; its name says the format."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A source as a unit vector, with the music that it is made of."""

    vector: NDArray[np.float32]
    """Shape ``(dim,)``."""
    modality: Modality
    pieces: frozenset[str] = frozenset()
    passages: tuple[tuple[str, Passage], ...] = ()
    clip: Clip | None = None
    """Where its place in longer pieces can be told."""


class Finder:
    """Finds and tags with one encoder and one library of its space.

    May be asked from any thread, as far as the encoder may.
    """

    def __init__(
        self, encoder: Encoder, library: Library, formats: Formats, tagger: Tagger
    ) -> None:
        if encoder.space != library.space:
            raise EncoderMismatchError(
                f"The model is {encoder.space!r}, the library of {library.space!r}.",
                "Start again with one of the two.",
            )
        self._encoder = encoder
        self._library = library
        self._formats = formats
        self._tagger = tagger

    def find(self, query: Query) -> Answer:
        """Find the pieces nearest to a query.

        Raises
        ------
        EncoderMismatchError
            The library holds nothing of this model, but something of another.
        MissingFileError
            A piece that is asked with is not in the library, or its file is gone.
        InputRefusedError
            A file that is asked with cannot be read.
        UsageError
            A passage lies outside its piece, or the sources cancel each other out.
        """
        if self._library.is_empty:
            self._explain_emptiness()
            return Answer((), self._library.space, "library_empty")
        plus = [self._ask(source) for source in query.plus]
        minus = [self._ask(source) for source in query.minus]
        first = plus[0]
        # a sum of sources comes from no place
        origin = Origin(first.modality, None if plus[1:] or minus else first.clip)
        hits = self._library.search(
            _combined(plus, minus), query.n, query.where, _excluded((*plus, *minus)), origin
        )
        return Answer(tuple(hits), self._library.space, None if hits else "filtered_out")

    def tag(self, source: Source, languages: Sequence[str] = ("en",), n: int = 10) -> list[TagHit]:
        """Give the tags that fit a source, best first, with labels in some languages.

        Raises
        ------
        Clamp3Error
            As ``find`` does for a source.
        """
        asked = self._ask(source)
        background = self._library.background(asked.modality)
        return self._tagger.tag(asked.vector, languages, n, background, asked.modality)

    def _explain_emptiness(self) -> None:
        others = self._library.other_spaces()
        if others:
            raise EncoderMismatchError(
                f"The library holds nothing for {self._library.space}, but for: "
                f"{', '.join(others)}.",
                "Index the music again with this model, or choose the other: clamp3 models use",
            )

    def _ask(self, source: Source) -> _Asked:
        if source.text is not None:
            if source.passage or source.staves:
                raise UsageError(
                    "A text has no bars, seconds or staves.", "Leave --bars, --time, --staves out."
                )
            return _Asked(self._encode_text(source.text), Modality.TEXT)
        if source.data is not None:
            return self._ask_file(source.data, source)
        return self._ask_piece(self._library.piece(source.piece_id or ""), source)

    def _ask_piece(self, piece: Piece, source: Source) -> _Asked:
        if source.passage is None:
            itself = frozenset({piece.id})
            if source.staves:
                return replace(self._ask_content(self._read(piece), source), pieces=itself)
            whole = self._library.vector(piece.id)
            if whole is None:
                raise MissingFileError(f"The piece {piece.id} was just removed from the library.")
            return _Asked(whole, piece.modality, itself)
        passages = ((piece.id, source.passage),)
        stored = None if source.staves else self._library.vector(piece.id, source.passage)
        if stored is None or piece.modality is Modality.AUDIO:  # whose place is asked for
            return replace(self._ask_content(self._read(piece), source), passages=passages)
        return _Asked(stored, piece.modality, passages=passages)

    def _ask_file(self, data: bytes, source: Source) -> _Asked:
        self._encoder.require(self._formats.modality_of(Path(source.name)) or Modality.TEXT)
        content = self._formats.read_bytes(data, source.name)[0]
        asked = self._ask_content(content, source)
        passage = source.passage
        if passage is None:
            return asked
        own = self._library.pieces_with_content(hashlib.sha256(data).hexdigest(), content.digest)
        passages = tuple((piece.id, passage) for piece in own if piece.tune == 1)
        return replace(asked, passages=passages)

    def _ask_content(self, content: Content, source: Source) -> _Asked:
        part = content.of_staves(*source.staves) if source.staves else content
        stretches = part.asked(self._encoder, source.passage)
        encoded = encode(self._encoder, content.modality, stretches.inputs)
        vectors = stretches.vectors(encoded)
        return _Asked(
            vectors[0], content.modality, clip=_clip(content.modality, stretches, vectors)
        )

    def _encode_text(self, text: str) -> Embeddings:
        # what the vocabulary can translate exactly, the encoder need not guess
        asked = self._tagger.vocabulary.in_english(text) or text
        vector: Embeddings = encode(self._encoder, Modality.TEXT, [asked])[0]
        return vector

    def _read(self, piece: Piece) -> Content:
        contents = self._formats.read(Path(piece.path))
        if len(contents) < piece.tune:
            raise MissingFileError(
                f"{piece.path} has no tune {piece.tune} any more.", "Index its folder again."
            )
        return contents[piece.tune - 1]


def _clip(modality: Modality, stretches: Stretches, vectors: Embeddings) -> Clip | None:
    """Make of a stretch of music what can be looked for in longer pieces."""
    if stretches.seconds is None or len(stretches.passages) > MOST_WINDOWS:
        return None
    if not stretches.passages:
        return Clip(modality, vectors, np.zeros(1), stretches.seconds, HOP, stretches.fingerprints)
    starts = np.array([passage.start or 0.0 for passage in stretches.passages])
    return Clip(modality, vectors[1:], starts, stretches.seconds, HOP, stretches.fingerprints)


def _combined(plus: Sequence[_Asked], minus: Sequence[_Asked]) -> Embeddings:
    """Add unit vectors and take others off; the sum at unit length, shape ``(dim,)``."""
    total = np.sum([asked.vector for asked in plus], axis=0)
    for asked in minus:
        total = total - asked.vector
    norm = float(np.linalg.norm(total))
    if norm < 1e-3:
        raise UsageError(
            "What is asked for and what is taken off cancel each other out.",
            "Ask with different sources.",
        )
    return np.asarray(total / norm, np.float32)


def _excluded(sources: Iterable[_Asked]) -> Exclusion:
    """Leave out what the question is made of: it would answer itself."""
    sources = tuple(sources)
    pieces = frozenset(itertools.chain.from_iterable(asked.pieces for asked in sources))
    return Exclusion(pieces, tuple(pair for asked in sources for pair in asked.passages))
