"""Take an ABC file apart: bytes into text, a tune book into tunes, a tune into fields and music.

Real files are older than the standard: Latin-1, CR line ends, no ``X:``, blank lines inside a tune.
What a line means beyond that is the business of ``abc_fields`` and ``abc_notes``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from clamp3_plugin.errors import EmptyContentError, TooLargeError
from clamp3_plugin.readers import limits

_FIELD = re.compile(r"([A-Za-z+]):(?![|:])(.*)")  # "A:|" and "A::" are music
_BLOCKS = ("js", "svg", "ps", "text", "ml")
_DIRECTIVES = ("%%", "I:", "i:")
# Directives that read files, run scripts or hold foreign code.
_DANGEROUS = re.compile(
    r"(?:%%|I:)\s*(\S*include|postscript|beginps|javascript|js)\b", re.IGNORECASE
)
_COMMENT = re.compile(r"(?<!\\)%.*")
_WORDS = frozenset("ABCDEFGHNOPRSTWXZmrswU+")
"""Fields that say something about the music and are no music."""


@dataclass(frozen=True, slots=True)
class Tune:
    """One tune of a book, not yet understood."""

    fields: tuple[tuple[str, str], ...]
    """Letter and value of every field up to ``K:``, those of the file's header first."""
    body: tuple[str, ...]
    """Lines of music and fields (``V:``, ``K:``, …) after that, without comments and words."""
    text: str
    """All lines of the tune, without dangerous directives."""

    def first(self, letter: str) -> str:
        """First value of a field in the tune itself or else the file's header, or nothing."""
        values = self.all(letter)
        return values[0] if values else ""

    def last(self, letter: str) -> str:
        """Value that is in force when the music begins: the last one given."""
        values = self.all(letter)
        return values[-1] if values else ""

    def all(self, letter: str) -> list[str]:
        """All values of a field."""
        return [value for name, value in self.fields if name == letter]


def is_field(line: str) -> bool:
    """Tell a field from music.

    Examples
    --------
    >>> is_field("M:6/8"), is_field("A:|"), is_field("A::B")
    (True, False, False)
    """
    return bool(_FIELD.match(line))


def decode(data: bytes) -> str:
    """Read UTF-8 (also with a byte order mark), else Latin-1; line ends become LF."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, slots=True)
class Book:
    """The tunes of a file; each is taken apart when it is asked for."""

    _shared: tuple[tuple[str, str], ...]
    """Fields that hold for all tunes."""
    _lines: list[str]
    _bounds: list[int]
    """Lines at which tunes begin, and the one at which the last ends."""

    def __len__(self) -> int:
        """How many tunes there are, those without music among them."""
        return len(self._bounds) - 1

    def __iter__(self) -> Iterator[Tune]:
        """Give the tunes in order."""
        return map(self.tune, range(1, len(self) + 1))

    def tune(self, number: int) -> Tune:
        """Give a tune by its number, from 1."""
        begin, end = self._bounds[number - 1 : number + 1]
        return _tune(self._shared, self._lines[begin:end])


def tunes_of(text: str) -> Book:
    """Split a tune book; a file without ``X:`` is one tune.

    Raises
    ------
    TooLargeError
        A tune, a line or the number of tunes is over its limit.
    EmptyContentError
        There is nothing but white space.
    """
    if not text.strip():
        raise EmptyContentError("The file is empty.")
    lines = _safe_lines(text)
    starts = [i for i, line in enumerate(lines) if line.startswith("X:")]
    if len(starts) > limits.MAX_TUNES:
        raise TooLargeError(
            f"The tune book has {len(starts)} tunes, more than {limits.MAX_TUNES}.",
            "Split it into several files.",
        )
    if not starts:
        return Book((), lines, [0, len(lines)])
    return Book(_file_header(lines[: starts[0]]), lines, [*starts, len(lines)])


def check_size(tune: Tune) -> None:
    """Refuse a tune that no one wrote.

    Raises
    ------
    TooLargeError
        The tune or one of its lines is too long.
    """
    size = len(tune.text.encode())
    if size > limits.MAX_TUNE_BYTES:
        raise TooLargeError(f"The tune has {size} bytes, more than {limits.MAX_TUNE_BYTES}.")
    barlines = tune.text.count("|")
    if barlines > limits.MAX_BARLINES:
        raise TooLargeError(f"The tune has {barlines} barlines, more than {limits.MAX_BARLINES}.")
    longest = max(len(line.encode()) for line in tune.text.split("\n"))
    if longest > limits.MAX_LINE_BYTES:
        raise TooLargeError(f"A line has {longest} bytes, more than {limits.MAX_LINE_BYTES}.")


def _safe_lines(text: str) -> list[str]:
    """Leave out scripts and includes (``%%beginjs`` … ``%%endjs`` and the like)."""
    kept: list[str] = []
    closing = ""
    for raw in text.split("\n"):
        if not closing and not raw.startswith(_DIRECTIVES):
            kept.append(raw)  # nearly every line
            continue
        line = raw.rstrip()
        directive = line[2:].strip().lower() if line.startswith("%%") else ""
        if closing:
            closing = "" if directive.startswith(closing) else closing
            continue
        block = next((name for name in _BLOCKS if directive.startswith("begin" + name)), "")
        if block:
            closing = "end" + block
        elif not _DANGEROUS.match(line):
            kept.append(raw)  # trailing spaces are the reference's too
    return kept


def _file_header(lines: list[str]) -> tuple[tuple[str, str], ...]:
    """Fields before the first tune; they hold for all."""
    found = (_FIELD.match(line) for line in lines)
    fields = ((match[1], _COMMENT.sub("", match[2]).strip()) for match in found if match)
    return tuple((letter, value) for letter, value in fields if letter not in "TWwsV+")


def _tune(shared: tuple[tuple[str, str], ...], lines: list[str]) -> Tune:
    start = _body_start(lines)
    own = tuple(
        (match[1], _COMMENT.sub("", match[2]).strip())
        for match in map(_FIELD.match, lines[:start])
        if match
    )
    given = {letter for letter, _ in own}
    inherited = tuple((letter, value) for letter, value in shared if letter not in given)
    return Tune(inherited + own, tuple(_music_lines(lines[start:])), "\n".join(lines))


def _body_start(lines: list[str]) -> int:
    """Index of the first line after the header, which ``K:`` ends; some tunes have no ``K:``."""
    key = next((i for i, line in enumerate(lines) if line.startswith("K:")), None)
    if key is not None:
        return key + 1
    for i, line in enumerate(lines):
        if line and not _FIELD.match(line) and not line.startswith("%"):
            return i
    return len(lines)


def _music_lines(lines: list[str]) -> list[str]:
    """Lines of the body that are music or change it.

    A blank line ends a tune by the standard, and does not in real files; what follows one counts
    only where it has a barline, so that prose between tunes is not played.
    """
    music: list[str] = []
    is_after_blank = False
    for line in lines:
        if not line.strip():
            is_after_blank = bool(music)
        elif line.startswith("%") or (is_field(line) and line[0] in _WORDS):
            continue
        elif not is_after_blank or "|" in line or line.startswith("V:"):
            music.append(_COMMENT.sub("", line))
    return [line for line in music if line.strip()]
