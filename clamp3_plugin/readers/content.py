"""What every reader gives: the text an encoder reads, whole and in passages, with its metadata."""

from typing import Protocol

from clamp3_plugin.music import Metadata, Modality, Passage


class Content(Protocol):
    """One piece as read from a file: a ``Score`` or a ``Performance``."""

    @property
    def modality(self) -> Modality:
        """SCORE or PERFORMANCE."""

    @property
    def metadata(self) -> Metadata:
        """What the file says of itself."""

    def whole(self) -> str:
        """Text of the whole piece as the encoder reads it (interleaved ABC or MTF)."""

    def passages(self) -> list[Passage]:
        """Stretches that are indexed beside the whole, in order; empty for a piece of one stretch."""

    def excerpt(self, passage: Passage) -> str:
        """Text of a part, readable by itself (key, metre, tempo carried into it).

        Raises
        ------
        UsageError
            The passage lies outside the piece, or asks for bars where there are none.
        """

    def of_staves(self, first: int, last: int) -> "Content":
        """Take a range of staves, from 1 at the top.

        Raises
        ------
        UsageError
            There are no such staves.
        """


def text_of(content: Content, passage: Passage | None, staves: tuple[int, int] | None) -> str:
    """Give the text of a piece, or of some of its bars, seconds or staves.

    Raises
    ------
    UsageError
        There is no such part.
    """
    part = content.of_staves(*staves) if staves else content
    return part.excerpt(passage) if passage else part.whole()
