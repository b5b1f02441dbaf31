"""Reach the library: through the daemon, started if none runs, or within this process."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from clamp3_cli.output import starting
from clamp3_plugin.config import Config, Home
from clamp3_plugin.music import Passage, Piece
from clamp3_plugin.query import Answer, Filter, Query, Source, TagHit
from clamp3_plugin.wire import IndexEvent, Vectors


class Access(Protocol):
    """What the commands ask; the daemon's client and the service in this process both answer."""

    def find(self, query: Query) -> Answer:
        """Find similar pieces and passages."""

    def tag(self, source: Source, languages: Sequence[str], n: int) -> Sequence[TagHit]:
        """Give the tags that fit, best first."""

    def embed(self, source: Source, *, local: bool) -> Vectors:
        """Embed a source before normalisation."""

    def stats(self) -> Mapping[str, object]:
        """Count what the library holds."""

    def pieces(self, where: Filter, offset: int, limit: int) -> Sequence[Piece]:
        """List pieces in a fixed order."""

    def piece(self, piece_id: str) -> Piece:
        """Give one piece."""

    def passages(self, piece_id: str) -> Sequence[Passage]:
        """List the indexed passages of a piece, in order."""

    def errors(self) -> Sequence[IndexEvent]:
        """List the files that were refused, and why."""

    def forget(self, paths: Sequence[str]) -> int:
        """Take pieces out of the library."""

    def compact(self) -> Mapping[str, object]:
        """Tidy the library's files."""

    def check(self, *, deep: bool) -> Sequence[str]:
        """Give what is wrong with the library, a line each."""


@contextmanager
def reach(home: Home, *, in_process: bool, writing: bool = False) -> Iterator[Access]:
    """Give what answers, and let go of it at the end.

    Parameters
    ----------
    in_process
        Load the model here instead of asking the daemon.
    writing
        Take the library's lock; only for ``in_process``, the daemon has it anyway.

    Raises
    ------
    Clamp3Error
        The daemon does not start; or, here, there is no model or no library.
    """
    if in_process:
        from clamp3_cli.wiring import make_service  # noqa: PLC0415 - torch, lancedb: seconds

        service = make_service(home, Config.load(home), read_only=not writing)
        try:
            service.load()
            yield service
        finally:
            service.close()
        return
    from clamp3_plugin.client import ensure_daemon  # noqa: PLC0415 - not for --no-daemon

    with ensure_daemon(home, on_wait=starting()) as client:
        yield client
