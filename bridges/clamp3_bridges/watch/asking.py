"""Asks the daemon with a file of the watch folder: a Finding, whatever happens."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clamp3_bridges.daw_midi import is_midi, tidy
from clamp3_plugin import wire
from clamp3_plugin.client import Client
from clamp3_plugin.errors import (
    Clamp3Error,
    MissingFileError,
    NoDaemonError,
    NoLibraryError,
    TooLargeError,
)
from clamp3_plugin.query import Answer, Hit, Query, Source

RETRIES_S = (1.0, 3.0, 10.0)
"""Waits before a daemon that is gone, busy or still loading is asked once more."""
_REMEMBERED = 1000

Connect = Callable[[], Client]
"""Reaches the daemon, started if none runs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found for a file, or why nothing could be."""

    path: Path
    hits: tuple[Hit, ...] = ()
    error: Clamp3Error | None = None

    def to_wire(self) -> wire.JsonObject:
        """Give it as JSON: the path, and hits or an error."""
        told: wire.JsonObject = {"path": str(self.path)}
        if self.error is not None:
            return {**told, **wire.error_to_wire(self.error)}
        hits = [wire.hit_to_wire(hit, rank) for rank, hit in enumerate(self.hits, 1)]
        return {**told, "hits": hits}


class Asker:
    """Asks with one file after the other; a daemon that was restarted meanwhile is found again."""

    def __init__(
        self,
        connect: Connect,
        count: int,
        bpm: float | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connect = connect
        self._count = count
        self._bpm = bpm
        self._sleep = sleep
        self._answered: OrderedDict[Path, bytes] = OrderedDict()

    def ask(self, path: Path) -> Finding | None:
        """Ask; None where the file was touched, but holds what was already answered."""
        try:
            data = _read(path)
            digest = hashlib.sha256(data).digest()
            if self._answered.get(path) == digest:
                return None
            finding = Finding(path, self._hits(path, data))
        except Clamp3Error as error:
            return Finding(path, error=error)
        self._answered[path] = digest
        if len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        return finding

    def _hits(self, path: Path, data: bytes) -> tuple[Hit, ...]:
        """Find, without the file itself where it was indexed meanwhile."""
        content = tidy(data, self._bpm) if is_midi(path.name) else data
        query = Query((Source(data=content, name=path.name),), n=self._count + 1)
        answer = self._patiently(query)
        if answer.reason == "library_empty":
            raise NoLibraryError("The library is empty.", "Fill it: clamp3 index FOLDER")
        itself = str(path.resolve())
        return tuple(hit for hit in answer.hits if hit.piece.path != itself)[: self._count]

    def _patiently(self, query: Query) -> Answer:
        for wait in RETRIES_S:
            try:
                return self._once(query)
            except NoDaemonError:
                self._sleep(wait)
        return self._once(query)

    def _once(self, query: Query) -> Answer:
        with self._connect() as client:
            return client.find(query)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(wire.MAX_UPLOAD + 1)
    except OSError as error:
        raise MissingFileError(f"{path}: it cannot be read ({error.strerror}).") from error
    if len(data) > wire.MAX_UPLOAD:
        limit = wire.MAX_UPLOAD >> 20
        hint = "Bounce a shorter part, or to a format that takes less room (FLAC, Ogg)."
        raise TooLargeError(f"{path}: the file is over {limit} MiB.", hint)
    return data
