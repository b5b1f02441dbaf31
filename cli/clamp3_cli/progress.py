"""The progress of an index run on stderr: a bar with the time left, or now and then a line."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from clamp3_cli.output import Ticker, say, short_path, shown
from clamp3_plugin.errors import UnheardError
from clamp3_plugin.wire import WAITING, IndexEvent

_EVERY_S = 10.0
_FAILURES = frozenset({"refused", "failed"})
_UNHEARD = UnheardError.code


class Progress(Protocol):
    """Is told of every file."""

    def __call__(self, event: IndexEvent, /) -> None:
        """Take in an event."""


def is_failure(event: IndexEvent) -> bool:
    """Tell whether a file could not be put in; one that waits for a model that hears it could."""
    return event.status in _FAILURES and event.reason != _UNHEARD


def reason_of(event: IndexEvent) -> str:
    """Say why, without the name of the file that readers put before it."""
    name = os.path.basename(event.path)  # noqa: PTH119 - bytes of any kind
    return event.message.removeprefix(f"{shown(name)}: ")


def summary(counts: Mapping[str, float]) -> str:
    """Say in a line how a run went.

    Examples
    --------
    >>> summary({"indexed": 3, "unchanged": 0, "refused": 1, "passages": 12, "seconds": 2.04})
    '3 indexed, 1 refused, 12 passages, in 2.0 s'
    """
    names = (
        *("indexed", "unchanged", "moved", "removed", "refused", "failed", "unheard", "passages"),
    )
    parts = [f"{counts[name]:.0f} {name}" for name in names if counts.get(name)]
    return f"{', '.join(parts) or 'no music found'}, in {counts.get('seconds', 0):.1f} s"


class Unheard:
    """Counts the recordings that the model in use does not hear, to be named in one line."""

    def __init__(self) -> None:
        self._count = 0
        self._why = ""

    def __call__(self, event: IndexEvent, /) -> None:
        """Take in an event."""
        if event.reason == _UNHEARD:
            self._count += 1
            self._why = event.message

    def tell(self) -> None:
        """Say how many there were and why, if there were any."""
        if self._count:
            say(
                f"{self._count} recordings wait for a model that hears them. {self._why}"
                " Then index again; clamp3 library errors names them."
            )


@contextmanager
def progress(what: str = "indexing") -> Iterator[Progress]:
    """Show how far a run has come, and name every file that could not be put in."""
    if sys.stderr.isatty():
        with _bar(what) as bar:
            yield bar
    else:
        yield _Lines()


class _Lines:
    """Lines for a log."""

    def __init__(self) -> None:
        self._ticker = Ticker(_EVERY_S)

    def __call__(self, event: IndexEvent, /) -> None:
        if is_failure(event):
            say(_complaint(event))
        if event.status == WAITING:
            say(event.message)
        if self._ticker.is_due():
            say(f"{event.done} of {event.total} files")


@contextmanager
def _bar(what: str) -> Iterator[Progress]:
    from rich import progress as parts  # noqa: PLC0415 - only for a terminal
    from rich.console import Console  # noqa: PLC0415 - as above

    columns = (
        parts.TextColumn("{task.description}"),
        parts.BarColumn(),
        parts.MofNCompleteColumn(),
        parts.TimeRemainingColumn(elapsed_when_finished=True),
    )
    console = Console(stderr=True)
    with parts.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def take(event: IndexEvent, /) -> None:
            if is_failure(event):
                console.print(f"clamp3: {_complaint(event)}", markup=False, highlight=False)
            if event.status == WAITING:
                console.print(f"clamp3: {shown(event.message)}", markup=False, highlight=False)
            bar.update(task, completed=event.done, total=event.total or None)

        yield take


def _complaint(event: IndexEvent) -> str:
    return f"{event.status}: {short_path(event.path)}: {reason_of(event)}"
