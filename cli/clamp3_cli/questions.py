"""What is typed becomes what is asked: words, files and ids as sources.

A word is a file if it exists or begins with ``./``, ``../`` or ``/``; else it is text. Several words
are one text, so that quotes can be left out.
"""

import os
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import click

from clamp3_plugin import wire
from clamp3_plugin.errors import (
    BrokenFileError,
    EmptyContentError,
    MissingFileError,
    TooLargeError,
    UnsupportedFormatError,
    UsageError,
)
from clamp3_plugin.music import Passage
from clamp3_plugin.query import Source

STDIN = "-"
_F = TypeVar("_F", bound=Callable[..., object])
_MARKS = ("/", "./", "../", os.sep, f".{os.sep}", f"..{os.sep}")


@dataclass(frozen=True, slots=True)
class Typed:
    """The parts of a question as they stand on the command line."""

    words: Sequence[str] = ()
    text: str | None = None
    file: str | None = None
    like: str | None = None
    bars: str | None = None
    time: str | None = None
    staves: str | None = None

    def source(self) -> Source | None:
        """Make the source; None where nothing was asked.

        Raises
        ------
        UsageError
            Several things were asked at once.
        Clamp3Error
            As for ``file_source``.
        """
        given = [self.words or None, self.text, self.file, self.like]
        if sum(value is not None for value in given) > 1:
            raise UsageError(
                "Two things are asked at once.",
                "Give one of QUERY, --text, --file and --like; add others with --plus.",
            )
        part = part_of(self.bars, self.time, self.staves)
        if self.like is not None:
            return Source(piece_id=self.like, passage=part.passage, staves=part.staves)
        if self.file is not None:
            return file_source(self.file, part)
        if self.text is None and not self.words:
            if part != WHOLE:
                raise UsageError("Bars, time or staves of what?", "Give a file or --like PIECE_ID.")
            return None
        text = self.text if self.text is not None else _joined(self.words)
        if self.text is None and _is_file(text):
            return file_source(text, part)
        if part != WHOLE:
            hint = f"There is no file {text!r}; a text has no bars, no time and no staves."
            raise UsageError("--bars, --time and --staves take a part of a file.", hint)
        return text_source(text)


@dataclass(frozen=True, slots=True)
class Part:
    """What is taken of a file."""

    passage: Passage | None = None
    staves: tuple[int, int] | None = None


WHOLE = Part()


def part_of(bars: str | None, time: str | None, staves: str | None) -> Part:
    """Read ``--bars``, ``--time`` and ``--staves``.

    Raises
    ------
    UsageError
        One of them is no range.
    """
    passage = wire.passage(
        None if bars is None else wire.parse_bars(bars),
        None if time is None else wire.parse_time(time),
    )
    return Part(passage, None if staves is None else wire.parse_staves(staves))


def word_source(word: str) -> Source:
    """Make a source of one word: a file if it is one, else a text."""
    return file_source(word) if _is_file(word) else text_source(word)


def text_source(text: str) -> Source:
    """Make a source of a text.

    Raises
    ------
    UsageError
        It is empty or too long, or its bytes are no UTF-8.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        hint = "If it names a file, write ./ before it."
        raise UsageError(f"{text!r} is no text in UTF-8.", hint) from error
    return Source(text=text)


def file_source(path: str, part: Part = WHOLE) -> Source:
    """Read a file to ask with.

    Raises
    ------
    MissingFileError
        It is not there or may not be read.
    InputRefusedError
        It is empty, too large or no regular file.
    """
    name, data = read_input(path)
    return Source(data=data, name=name, passage=part.passage, staves=part.staves)


def read_input(path: str) -> tuple[str, bytes]:
    """Read a file, or stdin for ``-``: its name and what is in it.

    Raises
    ------
    MissingFileError
        It is not there or may not be read.
    InputRefusedError
        It is empty, too large or no regular file.
    """
    if path == STDIN:
        data = sys.stdin.buffer.read(wire.MAX_UPLOAD + 1)
        name = f"stdin{_ending(data)}"
    else:
        name, data = os.path.basename(path), _read(path)  # noqa: PTH119 - bytes of any kind
    if not data and not name.endswith(".txt"):  # no words at all are a text that can be embedded
        raise EmptyContentError(f"{path}: the file is empty (0 bytes).", "Give another one.")
    if len(data) > wire.MAX_UPLOAD:
        limit = wire.MAX_UPLOAD >> 20
        raise TooLargeError(
            f"{path}: the file is over {limit} MiB.",
            "Split it; or put it into the library and ask with --like PIECE_ID --time S-E.",
        )
    return name, data


def asking(command: _F) -> _F:
    """Give a command the options that say what is asked: QUERY, a text, or a part of a file."""
    options = [
        click.argument("words", nargs=-1, metavar="QUERY..."),
        click.option("--text", metavar="T", help="Ask with this text, even if a file is so named."),
        click.option("--file", metavar="F", help="Ask with this file (- is stdin)."),
        click.option("--bars", metavar="A-B", help="Take only these bars of the file."),
        click.option(
            "--time", metavar="S-E", help="Take only this time of the file: 12.5-30, 0:30-1:15."
        ),
        click.option(
            "--staves", metavar="A-B", help="Take only these staves of a score, from 1 at the top."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _joined(words: Sequence[str]) -> str:
    text = " ".join(words)
    if len(words) > 1 and not _is_file(text):
        files = [word for word in words if _is_file(word) and "." in word]
        if files:
            raise UsageError(
                f"{files[0]!r} is a file, and there is more beside it.",
                "Ask with one file, and add others with --plus; or write --text.",
            )
    return text


def _is_file(word: str) -> bool:
    if word == STDIN or word.startswith(_MARKS):
        return True
    return os.path.isfile(word)  # noqa: PTH113 - bytes of any kind, and no error for long texts


def _read(path: str) -> bytes:
    """Read a regular file, and nothing that could hang or have no end."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        kind = os.stat(path).st_mode  # noqa: PTH116 - before open: opening a device may do something
        if stat.S_ISDIR(kind):
            hint = f"Put it into the library: clamp3 index {path}"
            raise UnsupportedFormatError(f"{path}: this is a folder.", hint)
        if not stat.S_ISREG(kind):
            raise UnsupportedFormatError(f"{path}: this is no regular file.", "Give a music file.")
        with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - Path.open takes no flags
            return file.read(wire.MAX_UPLOAD + 1)
    except FileNotFoundError as error:
        hint = "Check the path; to ask with a text, write --text."
        raise MissingFileError(f"{path}: there is no such file.", hint) from error
    except OSError as error:
        raise MissingFileError(f"{path}: it cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise BrokenFileError(f"{path!r}: this is no path ({error}).") from error


def _ending(data: bytes) -> str:
    """Guess the format of what has no name."""
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    marks = {
        b"RIFF": ".wav",
        b"fLaC": ".flac",
        b"OggS": ".ogg",
        b"ID3": ".mp3",
        b"MThd": ".mid",
        b"PK": ".mxl",
        b"<": ".musicxml",
        b"ticks_per_beat": ".mtf",
    }
    for mark, ending in marks.items():
        if head.startswith(mark):
            return ending
    return ".abc"
