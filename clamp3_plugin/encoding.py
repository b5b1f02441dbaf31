"""The seam between the core and the models: what an encoder does, and what the core asks of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.music import Modality

Embeddings = NDArray[np.float32]
"""float32, shape ``(n, dim)``: global embeddings, before normalisation unless said otherwise."""

Samples = NDArray[np.float32]
"""float32, shape ``(n,)``: a recording, mono, 24 kHz."""

Frames = NDArray[np.float32]
"""float32, shape ``(T, hidden)``: what an encoder reads of a recording, a row every ``frame_s``."""

Input = str | Frames
"""What an encoder reads of a stretch of music: a text, or features of a recording."""


class Ear(Protocol):
    """Makes of a recording what ``encode_audio`` reads."""

    @property
    def frame_s(self) -> float:
        """Seconds that a row of features stands for."""

    def listen(self, samples: Samples) -> Iterator[Frames]:
        """Compute the features of a whole recording, some rows at a time.

        Raises
        ------
        NoModelError
            As ``Encoder.require`` does.
        InputRefusedError
            The recording is too short.
        """


class Encoder(Ear, Protocol):
    """Music or text in, one vector each out. ``clamp3_models`` satisfies it without inheriting."""

    @property
    def space(self) -> str:
        """Identity of the embedding space: model name, weights hash, front end, precision."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def require(self, modality: Modality) -> None:
        """Make ready to read a modality.

        Raises
        ------
        NoModelError
            The model does not read it, or something that it needs for it is not here.
        """

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Encode texts, shape ``(len(texts), dim)``."""

    def encode_score(self, scores: Sequence[str]) -> Embeddings:
        """Encode interleaved ABC, shape ``(len(scores), dim)``."""

    def encode_performance(self, performances: Sequence[str]) -> Embeddings:
        """Encode MTF, shape ``(len(performances), dim)``."""

    def encode_audio(self, features: Sequence[Frames]) -> Embeddings:
        """Encode features of recordings, shape ``(len(features), dim)``."""


def encode(encoder: Encoder, modality: Modality, contents: Sequence[Input]) -> Embeddings:
    """Encode contents of one modality and bring every row to unit length.

    Returns
    -------
    Embeddings
        float32, shape ``(len(contents), dim)``, unit rows.
    """
    if not contents:
        return np.zeros((0, encoder.dim), np.float32)
    methods: Mapping[Modality, Callable[[Sequence[Any]], Embeddings]] = {
        Modality.TEXT: encoder.encode_text,
        Modality.SCORE: encoder.encode_score,
        Modality.PERFORMANCE: encoder.encode_performance,
        Modality.AUDIO: encoder.encode_audio,
    }
    return normalize(methods[modality](contents))


def normalize(embeddings: Embeddings) -> Embeddings:
    """Bring rows to unit length; a zero row, which has no direction, is refused.

    Examples
    --------
    >>> normalize(np.array([[3.0, 4.0]], np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    if not np.all(norms > 1e-6) or not np.all(np.isfinite(norms)):
        raise ValueError("an embedding is zero or not finite")
    return np.asarray(embeddings / norms, np.float32)
