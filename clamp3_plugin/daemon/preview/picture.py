"""Ask the worker for a picture of a passage, or for the passage as MusicXML."""

from pathlib import PurePath
from typing import Literal

from clamp3_plugin.errors import BrokenFileError, UnsupportedFormatError, UsageError
from clamp3_plugin.music import Piece
from clamp3_plugin.readers.isolation.framing import Message
from clamp3_plugin.readers.isolation.limits import Limits
from clamp3_plugin.readers.isolation.worker import JobError, Worker

SUFFIXES = frozenset({".musicxml", ".xml", ".mxl", ".mscz", ".mscx"})
WIDTHS = range(400, 6001)
WIDTH = 1100
"""Of the page, in tenths of a millimetre: a column of some 280 pixels stays readable."""

_WORKER = Worker("clamp3_plugin.daemon.preview.job", Limits(seconds=20))


def draw(
    piece: Piece,
    data: bytes,
    bars: tuple[int, int] | None,
    want: Literal["svg", "musicxml"],
    width: int,
) -> bytes:
    """Give bars of a piece, or all of it, as a picture or as MusicXML.

    Raises
    ------
    UnsupportedFormatError
        The piece is of a format that is not engraved, or verovio is not installed.
    BrokenFileError
        It cannot be engraved.
    """
    if PurePath(piece.path).suffix.lower() not in SUFFIXES:
        raise UnsupportedFormatError(
            "This piece cannot be engraved.", "MusicXML and MuseScore files can be."
        )
    if width not in WIDTHS:
        raise UsageError(f"A page {width} wide is not made.", "Between 400 and 6000 it can be.")
    first, last = bars or (0, 0)
    fields = {"first": str(first), "last": str(last), "want": want, "width": str(width)}
    named = {"name": piece.path, "title": piece.metadata.title}
    safe = {name: text.encode("utf-8", "replace").decode("utf-8") for name, text in named.items()}
    try:
        return _WORKER.ask(Message({**fields, **safe}, data)).body
    except JobError as error:
        if error.kind in {"ModuleNotFoundError", "ImportError"}:
            hint = 'Install it: pip install "clamp3-plugin[preview]"'
            raise UnsupportedFormatError("Pictures need verovio.", hint) from error
        raise BrokenFileError(f"This passage cannot be engraved ({error.kind}).") from error


def close() -> None:
    """End the worker's process."""
    _WORKER.close()
