"""Decoders: an audio file in, blocks of samples out, at the file's own rate. In the worker only.

libsndfile reads all but MPEG-4, which is FFmpeg's (PyAV), imported for such a file only. FFmpeg is
told the format and opens nothing else: no network, no second file, no decoder but AAC's and ALAC's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.errors import BrokenFileError, EmptyContentError, UnsupportedFormatError
from clamp3_plugin.readers.audio.limits import BLOCK_SECONDS

if TYPE_CHECKING:
    from av import AudioFrame
    from soundfile import SoundFile

Block = NDArray[np.float32]
"""float32, shape ``(frames, channels)``."""

_SNDFILE_FORMATS = {"WAV", "WAVEX", "RF64", "AIFF", "FLAC", "OGG", "MP3"}
_UNKNOWN = 2**62
"""libsndfile says so of a FLAC file that was written to a pipe, and does not read it."""

_MPEG4_CODECS = {"aac", "alac"}
_FULL_SCALES = {"int16": 2.0**15, "int32": 2.0**31}
_STRICT = {
    "codec_whitelist": ",".join(sorted(_MPEG4_CODECS)),
    "enable_drefs": "0",  # tracks whose samples lie in other files
    "protocol_whitelist": "",
}
_EXPORT = "Export it again, as WAV or FLAC."


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is open to be decoded."""

    rate: int
    channels: int
    frames: int | None
    """Samples of a channel that the file announces; None where it does not say."""
    blocks: Iterator[Block]


@contextmanager
def open_source(file: BinaryIO) -> Iterator[Source]:
    """Open an audio file by what its first bytes say.

    Raises
    ------
    InputRefusedError
        It is no audio file that is read here, or broken.
    """
    head = file.read(12)
    file.seek(0)
    with _mpeg4(file) if head[4:8] == b"ftyp" else _sndfile(file) as source:
        yield source


@contextmanager
def _sndfile(file: BinaryIO) -> Iterator[Source]:
    import soundfile  # noqa: PLC0415 - the worker only

    try:
        with soundfile.SoundFile(file) as opened:
            if opened.format not in _SNDFILE_FORMATS:
                raise UnsupportedFormatError(f"{opened.format} audio is not supported.", _EXPORT)
            if opened.frames >= _UNKNOWN:
                raise BrokenFileError("It does not say how long it is.", _EXPORT)
            yield Source(opened.samplerate, opened.channels, opened.frames, _read(opened))
    except soundfile.LibsndfileError as error:
        raise BrokenFileError(
            f"It cannot be decoded ({error.error_string.rstrip('.')}).", _EXPORT
        ) from error


def _read(opened: "SoundFile") -> Iterator[Block]:
    while len(block := opened.read(BLOCK_SECONDS * opened.samplerate, "float32", always_2d=True)):
        yield block


@contextmanager
def _mpeg4(file: BinaryIO) -> Iterator[Source]:
    try:
        import av  # noqa: PLC0415 - for such a file only
    except ImportError as error:
        raise UnsupportedFormatError(
            "MPEG-4 audio (m4a) needs FFmpeg's decoder, which is not installed.",
            "Run: pip install 'clamp3-plugin[m4a]'; or export it as WAV or FLAC.",
        ) from error
    try:
        with av.open(
            file, "r", "mov", options=_STRICT, metadata_errors="replace", io_open=_refuse
        ) as container:
            if not container.streams.audio:
                raise EmptyContentError("There is no sound in this MPEG-4 file.")
            stream = container.streams.audio[0]
            codec = getattr(stream.codec_context, "name", "unknown")  # None without a decoder
            if codec not in _MPEG4_CODECS:
                raise UnsupportedFormatError(
                    f"MPEG-4 audio of the kind {codec} is not supported.", _EXPORT
                )
            frames = container.decode(stream)
            first = next(frames, None)
            if first is None:
                raise EmptyContentError("There is no sound in this MPEG-4 file.")
            seconds = stream.duration and stream.time_base and stream.duration * stream.time_base
            yield Source(
                first.sample_rate,
                first.layout.nb_channels,
                int(seconds * first.sample_rate) if seconds else None,
                _joined(chain([first], frames), first.sample_rate, first.layout.nb_channels),
            )
    except av.FFmpegError as error:
        raise BrokenFileError(
            f"It cannot be decoded ({error.strerror or type(error).__name__}).", _EXPORT
        ) from error


def _refuse(*_: object) -> None:
    """Open nothing that an MPEG-4 file may name."""
    raise PermissionError("only the file itself is read")


def _joined(frames: Iterator["AudioFrame"], rate: int, channels: int) -> Iterator[Block]:
    """Join frames, of a thousand samples or so, to blocks."""
    waiting: list[Block] = []
    length = 0
    for frame in frames:
        if (frame.sample_rate, frame.layout.nb_channels) != (rate, channels):
            raise BrokenFileError("Its sample rate or its channels change on the way.", _EXPORT)
        waiting.append(_samples(frame))
        length += frame.samples
        if length >= BLOCK_SECONDS * rate:
            yield np.concatenate(waiting)
            waiting, length = [], 0
    if waiting:
        yield np.concatenate(waiting)


def _samples(frame: "AudioFrame") -> Block:
    array = frame.to_ndarray()
    block = array.T if frame.format.is_planar else array.reshape(-1, frame.layout.nb_channels)
    full_scale = _FULL_SCALES.get(array.dtype.name, 1.0)  # ALAC gives integers
    return np.asarray(block / full_scale, np.float32)
