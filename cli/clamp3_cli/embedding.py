"""From a file to its embedding: what the encoder reads is taken as it is, music is converted first.

Conventions: as the reference opens them, texts are UTF-8 with any kind of line end; ``.npy`` holds
audio features ``(T, hidden)`` or ``(1, T, hidden)``; a recording is samples ``(n,)`` at 24 kHz.
"""

import io
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from clamp3_models.encoder import Clamp3Encoder
from clamp3_plugin.encoding import Embeddings
from clamp3_plugin.errors import BrokenFileError, InputRefusedError, UsageError
from clamp3_plugin.music import Modality
from clamp3_plugin.query import Source
from clamp3_plugin.readers.apart.formats import ApartFormats, ApartPiece
from clamp3_plugin.readers.audio.recording import Recording
from clamp3_plugin.readers.content import Content

_NPY = b"\x93NUMPY"


@dataclass(frozen=True, slots=True, eq=False)
class EncoderInput:
    """What an encoder reads: a text of one modality, audio features, or samples to compute them of."""

    modality: Modality
    content: str | NDArray[np.floating]
    name: str = ""
    """Of the file, for what is refused only by the model."""

    def encode(self, encoder: Clamp3Encoder, *, local: bool) -> Embeddings:
        """Encode it: shape ``(1, dim)``, or with ``local`` the frames ``(T, hidden)``."""
        content = self.content
        if not isinstance(content, str):
            features = self._heard(encoder, content) if content.ndim == 1 else content
            if local:
                return encoder.encode_audio([features], pooled=False)[0]
            return encoder.encode_audio([features])
        if self.modality is Modality.TEXT:
            encode: Callable[..., Embeddings | list[Embeddings]] = encoder.encode_text
        elif self.modality is Modality.SCORE:
            encode = encoder.encode_score
        else:
            encode = encoder.encode_performance
        rows = encode([content], pooled=not local)
        return rows[0] if isinstance(rows, list) else rows

    def _heard(self, encoder: Clamp3Encoder, samples: NDArray[np.floating]) -> Embeddings:
        try:
            return encoder.audio_features(samples.astype(np.float32, copy=False))
        except InputRefusedError as error:
            raise type(error)(f"{self.name}: {error.message}", error.hint) from error


def encoder_input(
    source: Source, formats: ApartFormats, read_piece: Callable[[Source], Content]
) -> EncoderInput:
    """Make what the encoder reads of a text, a file or a piece.

    Parameters
    ----------
    source
        What to embed.
    formats
        Read files.
    read_piece
        Reads the file of a piece of the library.

    Raises
    ------
    InputRefusedError
        The file cannot be read, or holds several pieces.
    UsageError
        A part was asked of what has none.
    """
    if source.text is not None:
        return EncoderInput(Modality.TEXT, source.text)
    if source.data is None:
        return _of_content(read_piece(source), source)
    suffix = PurePath(source.name).suffix.lower()
    is_whole = source.passage is None and source.staves is None
    if suffix in {".txt", ".npy"} and not is_whole:
        raise UsageError(f"A {suffix} file has no bars, no time and no staves.")
    if suffix == ".txt":
        return EncoderInput(Modality.TEXT, _lines(source.data, source.name))
    if suffix == ".npy":
        return EncoderInput(Modality.AUDIO, _features(source.data, source.name))
    if suffix == ".mtf" and is_whole:
        return EncoderInput(Modality.PERFORMANCE, _lines(source.data, source.name))
    contents = formats.read_bytes(source.data, source.name)
    if len(contents) > 1:
        raise InputRefusedError(
            f"{source.name}: the file holds {len(contents)} tunes.", "Give one tune a file."
        )
    content = contents[0]
    is_interleaved = isinstance(content, ApartPiece) and content.is_interleaved
    if is_interleaved and is_whole:
        return EncoderInput(content.modality, _lines(source.data, source.name))
    return _of_content(content, source)


def _of_content(content: Content, source: Source) -> EncoderInput:
    """Take the whole or a part; a recording is given as the reference reads one, all at once."""
    part = content.of_staves(*source.staves) if source.staves else content
    if isinstance(part, Recording):
        samples = part.excerpt(source.passage) if source.passage else part.whole()
        return EncoderInput(part.modality, samples, source.name)
    if isinstance(part, ApartPiece):
        return EncoderInput(part.modality, part.text(source.passage))
    raise UsageError(f"A {part.modality} cannot be embedded by itself.")


def _lines(data: bytes, name: str) -> str:
    try:
        return io.TextIOWrapper(io.BytesIO(data), "utf-8").read()
    except UnicodeDecodeError as error:
        raise BrokenFileError(f"{name}: this is no text in UTF-8.", "Save it as UTF-8.") from error


def _features(data: bytes, name: str) -> NDArray[np.floating]:
    if not data.startswith(_NPY):  # NumPy would also take archives and pickles
        raise BrokenFileError(f"{name}: this is no array of NumPy.", "Save it with numpy.save.")
    try:
        array: NDArray[np.generic] = np.load(io.BytesIO(data), allow_pickle=False)
    except (
        *(EOFError, MemoryError, OSError, OverflowError, SyntaxError, ValueError),
        tokenize.TokenError,
    ) as error:
        raise BrokenFileError(f"{name}: this is no array of NumPy ({error}).") from error
    is_flat = array.ndim == 2 or (array.ndim == 3 and array.shape[0] == 1)
    if not np.issubdtype(array.dtype, np.floating) or not is_flat or array.size == 0:
        raise BrokenFileError(
            f"{name}: it holds {array.dtype} of shape {array.shape}, no audio features.",
            "Features are floats of shape (T, hidden).",
        )
    features = array.astype(np.float32)
    if not np.isfinite(features).all():
        raise BrokenFileError(f"{name}: it holds numbers that are not finite.")
    return features
