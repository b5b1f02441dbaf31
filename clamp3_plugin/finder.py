"""Answers questions: sources become one vector, the library says what lies nearest.

Cosines of different pairs of modalities lie on different scales (a text is never as near to a score
as another score is), and hits are ranked by the plain cosine. Where modalities are mixed, the
percentile of a hit, within its own modality, is what can be compared.
"""

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from clamp3_plugin.encoding import Embeddings, Encoder, encode
from clamp3_plugin.errors import EncoderMismatchError, MissingFileError, UsageError
from clamp3_plugin.library.exclusion import Exclusion
from clamp3_plugin.library.library import Library
from clamp3_plugin.music import Modality, Passage, Piece
from clamp3_plugin.query import Answer, Query, Source, TagHit
from clamp3_plugin.readers.content import Content, text_of
from clamp3_plugin.tags import Tagger

CACHED_TEXTS = 1024


class Formats(Protocol):
    """What can be asked with; ``clamp3_plugin.readers.registry`` is one."""

    def read(self, path: Path, /) -> Sequence[Content]:
        """Read the pieces of a file in order."""

    def read_bytes(self, data: bytes, name: str, /) -> Sequence[Content]:
        """Read the pieces of a file in memory; its name says the format."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A source as a unit vector, with the music that it is made of."""

    vector: Embeddings
    modality: Modality
    pieces: frozenset[str] = frozenset()
    passages: tuple[tuple[str, Passage], ...] = ()


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
        self._text_vector = lru_cache(CACHED_TEXTS)(self._encode_text)

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
        hits = self._library.search(
            _combined(plus, minus), query.n, query.where, _excluded((*plus, *minus))
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
            return _Asked(self._text_vector(source.text), Modality.TEXT)
        if source.data is not None:
            return self._ask_file(source.data, source)
        piece = self._library.piece(source.piece_id or "")
        if source.staves:
            vector = self._part_vector(self._read(piece), source)
            if source.passage is None:
                return _Asked(vector, piece.modality, frozenset({piece.id}))
            return _Asked(vector, piece.modality, passages=((piece.id, source.passage),))
        if source.passage:
            vector = self._passage_vector(piece, source)
            return _Asked(vector, piece.modality, passages=((piece.id, source.passage),))
        whole = self._library.vector(piece.id)
        if whole is None:
            raise MissingFileError(f"The piece {piece.id} was just removed from the library.")
        return _Asked(whole, piece.modality, frozenset({piece.id}))

    def _ask_file(self, data: bytes, source: Source) -> _Asked:
        content = self._formats.read_bytes(data, source.name)[0]
        passage = source.passage
        vector = self._part_vector(content, source)
        if passage is None:
            return _Asked(vector, content.modality)
        own = self._library.pieces_with_content(hashlib.sha256(data).hexdigest())
        passages = tuple((piece.id, passage) for piece in own if piece.tune == 1)
        return _Asked(vector, content.modality, passages=passages)

    def _encode_text(self, text: str) -> Embeddings:
        # what the vocabulary can translate exactly, the encoder need not guess
        asked = self._tagger.vocabulary.in_english(text) or text
        vector: Embeddings = encode(self._encoder, Modality.TEXT, [asked])[0]
        vector.setflags(write=False)  # it is shared by later questions
        return vector

    def _passage_vector(self, piece: Piece, source: Source) -> Embeddings:
        """Take the vector of an indexed passage, or read the file for another one."""
        stored = self._library.vector(piece.id, source.passage)
        return self._part_vector(self._read(piece), source) if stored is None else stored

    def _read(self, piece: Piece) -> Content:
        contents = self._formats.read(Path(piece.path))
        if len(contents) < piece.tune:
            raise MissingFileError(
                f"{piece.path} has no tune {piece.tune} any more.", "Index its folder again."
            )
        return contents[piece.tune - 1]

    def _part_vector(self, content: Content, source: Source) -> Embeddings:
        text = text_of(content, source.passage, source.staves)
        vector: Embeddings = encode(self._encoder, content.modality, [text])[0]
        return vector


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
