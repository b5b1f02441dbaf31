"""The embeddings of pieces in all the forms that figures need, each computed once.

Conventions: a *form* is one way to tell a piece as text for the encoder; pieces are known by their
index. Embeddings are float32 rows as the model gives them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from clamp3_models.evaluation.pieces import Piece
from clamp3_models.evaluation.retrieval import ranks
from clamp3_models.evaluation.variants import transposed
from clamp3_models.training.augmentation import change_tempo, remove_headers
from clamp3_plugin.encoding import Embeddings, Encoder

Members = NDArray[np.int64]
"""Indices of pieces, ascending."""
Stage = Callable[[str, int, int], None]
"""Told what is being embedded, how many are done, of how many."""

SEMITONES = 3
SPEED = 1.25
_AT_ONCE = 64


class Form(Enum):
    """Ways to tell a piece."""

    SCORE = "scores"
    SCORE_BLIND = "scores without headers"
    PERFORMANCE = "performances"
    PERFORMANCE_BLIND = "performances without signatures"
    TRANSPOSED = "performances transposed"
    FASTER = "performances at another tempo"
    RECORDING = "recordings"
    PASSAGE = "passages"
    REST = "scores without a passage"


_TELL: dict[Form, Callable[[Piece], str]] = {
    Form.SCORE: lambda piece: piece.score,
    Form.SCORE_BLIND: lambda piece: remove_headers(piece.score),
    Form.PERFORMANCE: lambda piece: piece.performance,
    Form.PERFORMANCE_BLIND: lambda piece: remove_headers(piece.performance),
    Form.TRANSPOSED: lambda piece: transposed(piece.performance, SEMITONES),
    Form.FASTER: lambda piece: change_tempo(piece.performance, SPEED) if piece.performance else "",
    Form.RECORDING: lambda piece: piece.recording,
    Form.PASSAGE: lambda piece: piece.passage,
    Form.REST: lambda piece: piece.rest or piece.score,
}
_SCORES = frozenset({Form.SCORE, Form.SCORE_BLIND, Form.PASSAGE, Form.REST})


@dataclass(frozen=True, slots=True)
class Embedded:
    """Some pieces and where they lie."""

    members: Members
    vectors: Embeddings
    """float32, shape ``(len(members), D)``."""

    def among(self, members: Members) -> "Embedded":
        """Keep those that are among others."""
        kept = np.isin(self.members, members)
        return Embedded(self.members[kept], self.vectors[kept])


@dataclass(frozen=True, slots=True)
class Found:
    """How far down each query found its own piece."""

    members: Members
    ranks: NDArray[np.int64]
    """From 1, shape ``(len(members),)``."""
    references: int
    """Among how many."""

    def among(self, members: Members) -> "Found":
        """Keep the queries of some pieces, ranked as they were."""
        kept = np.isin(self.members, members)
        return Found(self.members[kept], self.ranks[kept], self.references)


class Space:
    """Pieces as one model places them."""

    def __init__(self, encoder: Encoder, pieces: Sequence[Piece], stage: Stage) -> None:
        self.encoder = encoder
        self.pieces = pieces
        self._stage = stage
        self._music: dict[tuple[Form, int], Embeddings] = {}
        self._texts: dict[str, Embeddings] = {}

    def music(self, form: Form, members: Members) -> Embedded:
        """Embed pieces in a form; those that have no such music are left out."""
        told = {i: _TELL[form](self.pieces[i]) for i in members.tolist()}
        kept = [i for i, content in told.items() if content]
        missing = [i for i in kept if (form, i) not in self._music]
        encode = self.encoder.encode_score if form in _SCORES else self.encoder.encode_performance
        vectors = self._encode(form.value, encode, [told[i] for i in missing])
        self._music |= {(form, i): row for i, row in zip(missing, vectors, strict=True)}
        return Embedded(np.array(kept, np.int64), self._rows([self._music[form, i] for i in kept]))

    def texts(self, texts: Sequence[str], name: str = "texts") -> Embeddings:
        """Embed texts, shape ``(len(texts), D)``."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._texts]
        vectors = self._encode(name, self.encoder.encode_text, missing)
        self._texts |= dict(zip(missing, vectors, strict=True))
        return self._rows([self._texts[text] for text in texts])

    def queries(
        self, members: Members, tell: Callable[[Piece], str], name: str = "texts"
    ) -> Embedded:
        """Embed a text for every piece that something can be said of."""
        told = {i: tell(self.pieces[i]) for i in members.tolist()}
        kept = [i for i, text in told.items() if text.strip()]
        return Embedded(np.array(kept, np.int64), self.texts([told[i] for i in kept], name))

    def _encode(
        self, name: str, encode: Callable[[Sequence[str]], Embeddings], contents: Sequence[str]
    ) -> Embeddings:
        """Encode, the shortest first: neighbours of one length are cheapest together."""
        order = sorted(range(len(contents)), key=lambda i: len(contents[i]))
        vectors = self._rows([np.zeros(self.encoder.dim, np.float32)] * len(contents))
        for start in range(0, len(order), _AT_ONCE):
            some = order[start : start + _AT_ONCE]
            vectors[some] = encode([contents[i] for i in some])
            self._stage(name, start + len(some), len(order))
        return vectors

    def _rows(self, rows: Sequence[Embeddings]) -> Embeddings:
        return np.stack(rows) if rows else np.zeros((0, self.encoder.dim), np.float32)


def search(queries: Embedded, references: Embedded) -> Found:
    """Rank every query's own piece among the references; queries without one are left out."""
    asked = queries.among(references.members)
    places = np.searchsorted(references.members, asked.members)
    found = ranks(asked.vectors, references.vectors, places)
    return Found(asked.members, found, len(references.members))
