"""What every reader gives: music as an encoder reads it, whole and in passages, with its metadata."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.encoding import Ear, Embeddings, Input, normalize
from clamp3_plugin.music import Metadata, Modality, Passage


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """What an encoder reads of a piece, or of a part of it: the whole, and passages of it."""

    whole: Input | None
    """None: the whole is the mean of its passages."""
    passages: tuple[Passage, ...] = ()
    of_passages: tuple[Input, ...] = ()
    """What is read of each passage."""
    seconds: float | None = None
    """How long it lasts, where a longer piece can be searched for the place that it came from."""
    fingerprints: NDArray[np.uint8] | None = None
    """Of a recording, by which a stretch of it is known again: shape ``(PHASES, T, BANDS)``."""

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What is to be encoded, in order."""
        return self.of_passages if self.whole is None else (self.whole, *self.of_passages)

    def vectors(self, encoded: Embeddings) -> Embeddings:
        """Give the whole and each passage, shape ``(1 + len(passages), dim)``, unit rows.

        Parameters
        ----------
        encoded
            The ``inputs`` in their order, unit rows.
        """
        if self.whole is not None:
            return encoded
        return np.concatenate([normalize(encoded.mean(axis=0, keepdims=True)), encoded])


class Content(Protocol):
    """One piece as read from a file: a ``Score``, a ``Performance`` or a ``Recording``."""

    @property
    def modality(self) -> Modality:
        """SCORE, PERFORMANCE or AUDIO."""

    @property
    def metadata(self) -> Metadata:
        """What the file says of itself, and what was estimated."""

    @property
    def digest(self) -> str:
        """Identity of the music whatever the file says of itself; empty where it is not known."""

    def passages(self) -> list[Passage]:
        """Stretches that are indexed beside the whole, in order; empty for a piece of one stretch."""

    def of_staves(self, first: int, last: int) -> "Content":
        """Take a range of staves, from 1 at the top.

        Raises
        ------
        UsageError
            There are no such staves.
        """

    def indexed(self, ear: Ear) -> Stretches:
        """Give what the library keeps: the whole, and passages unless it is short.

        Raises
        ------
        InputRefusedError
            The ear can make nothing of it.
        """

    def asked(self, ear: Ear, passage: Passage | None) -> Stretches:
        """Give what a question with it, or with a part of it, is made of.

        Raises
        ------
        UsageError
            The passage lies outside the piece, or asks for bars where there are none.
        InputRefusedError
            The ear can make nothing of it.
        """


class Written(Content, Protocol):
    """Music as text (interleaved ABC or MTF): a ``Score`` or a ``Performance``."""

    def whole(self) -> str:
        """Text of the whole piece as the encoder reads it."""

    def excerpt(self, passage: Passage) -> str:
        """Text of a part, readable by itself (key, metre, tempo carried into it).

        Raises
        ------
        UsageError
            The passage lies outside the piece, or asks for bars where there are none.
        """


def written(content: Written) -> Stretches:
    """Give what the library keeps of a text."""
    passages = tuple(content.passages())
    return Stretches(content.whole(), passages, tuple(map(content.excerpt, passages)))


def text_of(content: Written, passage: Passage | None) -> str:
    """Give the text of a piece, or of some of its bars or seconds.

    Raises
    ------
    UsageError
        There is no such part.
    """
    return content.excerpt(passage) if passage else content.whole()
