"""Pictures of passages: engraved scores, piano rolls, waveforms; and passages as MusicXML.

All but a waveform is made in a worker's process. What was made is kept as long as there is room.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType
from typing import BinaryIO, Literal

from clamp3_plugin.daemon.files import open_piece
from clamp3_plugin.daemon.limits import UPLOAD_LIMIT
from clamp3_plugin.daemon.preview.wave import waveform
from clamp3_plugin.errors import (
    BrokenFileError,
    Clamp3Error,
    EmptyContentError,
    TooLargeError,
    UnsupportedFormatError,
    UsageError,
)
from clamp3_plugin.music import Modality, Passage, Piece
from clamp3_plugin.readers.audio.limits import RATE
from clamp3_plugin.readers.audio.read import read_audio
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.isolation.limits import Limits
from clamp3_plugin.readers.isolation.worker import JobError, Worker
from clamp3_plugin.readers.music21_scores.humdrum import humdrum_as_musicxml
from clamp3_plugin.readers.music21_scores.mei import mei_as_musicxml

WIDTHS = range(400, 6001)
HEIGHTS = range(100, 60_001)
WIDTH = 1100
"""Of the page, in tenths of a millimetre: a column of some 280 pixels stays readable."""

_WORKER = Worker("clamp3_plugin.daemon.preview.job", Limits(seconds=20))
_REFUSALS: Mapping[str, type[Clamp3Error]] = MappingProxyType(
    {
        kind.code: kind
        for kind in (EmptyContentError, TooLargeError, UnsupportedFormatError, UsageError)
    }
)
_WRITERS: Mapping[str, Callable[[bytes], Sequence[bytes]]] = MappingProxyType(
    {".krn": humdrum_as_musicxml, ".mei": mei_as_musicxml}
)
"""What becomes MusicXML before bars are cut out of it."""
_MOST_BYTES = 32 << 20  # that are kept

THREADS = ThreadPoolExecutor(2, "picture")
"""Of their own: ten pictures that are asked for at once do not hold up a question."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is to be made of a piece."""

    passage: Passage | None = None
    """None: all of it."""
    want: Literal["svg", "musicxml"] = "svg"
    width: int = WIDTH
    height: int = 0
    """At most so high, if that is not less than one line of music; 0: as high as it is."""


class _Kept:
    """What was made lately."""

    def __init__(self) -> None:
        self._made: OrderedDict[object, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object) -> bytes | None:
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    def put(self, key: object, made: bytes) -> None:
        with self._lock:
            self._made[key] = made
            while sum(map(len, self._made.values())) > _MOST_BYTES:
                self._made.popitem(last=False)


_KEPT = _Kept()


def draw(piece: Piece, drawing: Drawing, tunes: int = 0) -> bytes:
    """Give a part of a piece, or all of it, as a picture or as MusicXML.

    Parameters
    ----------
    tunes
        How many tunes the file has in the library, where that is known: one of a book of hundreds is
        then found at once.

    Raises
    ------
    MissingFileError
        The file of the piece is gone.
    UnsupportedFormatError
        The piece cannot become that, or verovio is not installed.
    InputRefusedError
        It cannot be read.
    UsageError
        The passage lies outside the piece.
    """
    if drawing.width not in WIDTHS:
        raise UsageError(
            f"A page {drawing.width} wide is not made.", "Between 400 and 6000 it can be."
        )
    if drawing.height and drawing.height not in HEIGHTS:
        raise UsageError(
            f"A page {drawing.height} high is not made.", "Between 100 and 60000 it can be."
        )
    if piece.modality is not Modality.SCORE and drawing.want == "musicxml":
        raise UnsupportedFormatError(f"A {piece.modality} has no bars to be written out.")
    with open_piece(piece) as file:
        about = os.fstat(file.fileno())
        key = (piece.path, piece.tune, about.st_mtime_ns, about.st_size, drawing)
        made = _KEPT.get(key)
        if made is None:
            made = _made(piece, file, drawing, tunes)
            _KEPT.put(key, made)
    return made


def close() -> None:
    """End the worker's process."""
    _WORKER.close()


def _made(piece: Piece, file: BinaryIO, drawing: Drawing, tunes: int) -> bytes:
    passage = drawing.passage
    if piece.modality is not Modality.AUDIO:
        return _asked(piece, _read(file), drawing, tunes)
    samples = read_audio(file).samples
    start = passage.start or 0.0 if passage else 0.0
    end = passage.end if passage else None
    return waveform(
        samples[int(start * RATE) : None if end is None else int(end * RATE)], drawing.width
    )


def _read(file: BinaryIO) -> bytes:
    data = file.read(UPLOAD_LIMIT + 1)
    if len(data) > UPLOAD_LIMIT:
        raise TooLargeError(f"The file has over {UPLOAD_LIMIT} bytes.")
    return data


def _asked(piece: Piece, data: bytes, drawing: Drawing, tunes: int) -> bytes:
    part = drawing.passage
    name = _sendable(PurePath(piece.path).name)
    write = _WRITERS.get(PurePath(name).suffix.lower())
    if write is not None and drawing.want == "musicxml":
        documents = write(data)  # in the worker that music21 has
        name, data = "score.musicxml", documents[min(piece.tune, len(documents)) - 1]
    fields: dict[str, object] = {
        "name": name,
        "title": _sendable(piece.metadata.title),
        "tune": piece.tune,
        "tunes": tunes,
        "want": drawing.want,
        "width": drawing.width,
        "height": drawing.height,
    }
    if part is not None:
        bars = {"first": part.first_bar, "last": part.last_bar}
        fields |= {**bars, "start": part.start, "end": part.end}
    try:
        answer = _WORKER.ask(Message(fields, data))
    except JobError as error:
        if error.kind in {"ModuleNotFoundError", "ImportError"}:
            hint = 'Install it: pip install "clamp3-plugin[preview]"'
            raise UnsupportedFormatError("Pictures need verovio.", hint) from error
        raise BrokenFileError(f"This passage cannot be drawn ({error.kind}).") from error
    if code := answer.text("refused"):
        kind = _REFUSALS.get(code, BrokenFileError)
        raise kind(answer.text("reason"), answer.text("hint"))
    return answer.body


def _sendable(text: str) -> str:
    """Leave out lone surrogates, which JSON cannot carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
