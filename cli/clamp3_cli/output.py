"""What people read: tables, places in a piece, paths, and a line on stderr.

Results go to stdout, everything else to stderr. Names come from files that anyone may have made, so
control characters, changes of writing direction and bytes that are no text are escaped.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from clamp3_plugin.music import Passage

_JOINERS = "\u200c\u200d"  # Persian and Indic words and emoji are written with them
_PATIENCE_S = 0.4  # a daemon that starts quicker need not be mentioned
_GAP = "  "


def shown(text: str) -> str:
    r"""Make a text fit for a terminal, in one line.

    Examples
    --------
    >>> print(shown("a\x1b[2J\u202e\udcff.mid"), shown("지그 № 3"))
    a\x1b[2J\u202e\xff.mid 지그 № 3
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else _escaped(c) for c in text)


def say(text: str) -> None:
    """Print a message of the program on stderr."""
    lines = "\n".join(shown(line) for line in text.splitlines())
    click.echo(f"clamp3: {lines}", err=True)


def place(passage: Passage | None) -> str:
    """Name a stretch of a piece: its bars, else its time; empty for the whole.

    Bars are named as counted and, where the page numbers them otherwise, as printed.

    Examples
    --------
    >>> place(Passage(9, 16)), place(Passage(start=18.2, end=94.0))
    ('bars 9-16', '0:18-1:34')
    >>> place(Passage(9, 16, printed=("8", "15")))
    'bars 9-16 (printed 8-15)'
    """
    if passage is None:
        return ""
    if passage.first_bar is not None:
        counted = f"{passage.first_bar}-{passage.last_bar}"
        printed = "-".join(passage.printed or ()) or counted
        return f"bars {counted}" if printed == counted else f"bars {counted} (printed {printed})"
    return seconds(passage)


def seconds(passage: Passage) -> str:
    """Name the time that a stretch takes; empty where it is unknown."""
    if passage.start is None:
        return ""
    end = "" if passage.end is None else clock(passage.end)
    return f"{clock(passage.start)}-{end}"


def clock(seconds: float) -> str:
    """Write a time in minutes and seconds.

    Examples
    --------
    >>> clock(94.6)
    '1:34'
    """
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def size(count: float) -> str:
    """Write a number of bytes.

    Examples
    --------
    >>> size(900), size(12_345_678)
    ('900 B', '12.3 MB')
    """
    if count < 1e3:
        return f"{count:.0f} B"
    scale, unit = next(
        (pair for pair in ((1e3, "kB"), (1e6, "MB")) if count < 1e3 * pair[0]), (1e9, "GB")
    )
    return f"{count / scale:.1f} {unit}"


def short_path(path: str, below: str = "") -> str:
    """Write a path relative to ``below`` or to where the user stands, if it is there, else with ``~``."""
    bases = ((below or str(Path.cwd()), ""), (str(Path.home()), f"~{os.sep}"))
    for base, prefix in bases:
        root = base.rstrip(os.sep) + os.sep
        if path.startswith(root):
            return shown(prefix + path[len(root) :])
    return shown(path)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> None:
    """Print a table: coloured on a terminal, aligned text elsewhere.

    Parameters
    ----------
    header
        Names of the columns.
    rows
        Cells; they are escaped here.
    right
        Names of the columns of numbers, separated by blanks.
    """
    cells = [[shown(cell) for cell in row] for row in rows]
    numbers = right.split()
    if sys.stdout.isatty():
        _rich_table(header, cells, numbers)
        return
    lines = [list(header), *cells]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        padded = (
            _padded(cell, width, to_the_right=name in numbers)
            for cell, width, name in zip(line, widths, header, strict=True)
        )
        click.echo(_GAP.join(padded).rstrip())


def starting() -> Callable[[float], None]:
    """Give what tells, once, that a daemon is being started."""
    told = False

    def wait(seconds: float) -> None:
        nonlocal told
        if seconds > _PATIENCE_S and not told:
            told = True
            say("starting the daemon …")

    return wait


class Ticker:
    """Lets something happen at most once in a while."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._last = time.monotonic()

    def is_due(self) -> bool:
        """Tell whether enough time has passed since the last yes."""
        now = time.monotonic()
        if now - self._last < self._every_s:
            return False
        self._last = now
        return True


def _escaped(character: str) -> str:
    return ascii(character)[1:-1].replace("\\udc", "\\x")


def _rich_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str]
) -> None:
    from rich.console import Console  # noqa: PLC0415 - 60 ms that only a terminal pays
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above; Text, so that "[red]" stays a title

    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in header:
        grid.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    Console().print(grid)


def _padded(text: str, width: int, *, to_the_right: bool) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if to_the_right else text + blanks


def _width(text: str) -> int:
    """Count the cells that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 - most titles are ASCII

    return sum(
        0 if combining(c) or c in _JOINERS else 2 if east_asian_width(c) in "WF" else 1
        for c in text
    )
