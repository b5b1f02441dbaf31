"""Folders that are looked at again and again while the daemon runs; what changed is indexed.

It looks by itself instead of asking the system to tell, for network drives and other systems tell
nothing. A change is taken up when the next look finds the same: nobody indexes half a bounce.
"""

import json
import logging
import os
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from clamp3_plugin.daemon.jobs import Jobs
from clamp3_plugin.library.durable import write_private

EVERY_S = 5.0
REST = 20.0
"""Times as long as a look took nobody looks again: of a large tree on a slow drive, seldom."""
_log = logging.getLogger(__name__)

Print = int
"""Of the files of a folder: another one where their names, sizes or times are others."""


class Watching:
    """Looks at folders, and has what changed indexed.

    Parameters
    ----------
    jobs
        Where runs are begun.
    file
        Keeps the names of the folders from one daemon to the next; None keeps none.
    """

    def __init__(self, jobs: Jobs, file: Path | None = None, every_s: float = EVERY_S) -> None:
        self._jobs = jobs
        self._file = file
        self._every_s = every_s
        self._folders = tuple(_load(file))
        self._seen: dict[str, Print] = {}
        self._indexed: dict[str, Print] = {}
        self._thread = ThreadPoolExecutor(1, "watching")
        self._looking: Future[tuple[dict[str, Print], float]] | None = None
        self._next = 0.0

    @property
    def folders(self) -> tuple[str, ...]:
        """Folders that are watched."""
        return self._folders

    def watch(self, folders: Sequence[str]) -> None:
        """Watch these folders and no others."""
        self._folders = tuple(dict.fromkeys(folders))
        self._next = 0.0
        if self._file is not None:
            write_private(self._file, json.dumps(self._folders).encode("ascii"))

    def look(self) -> None:
        """Look if it is time, and begin a run for what changed; returns at once."""
        if self._looking is not None and self._looking.done():
            (prints, took_s), self._looking = self._looking.result(), None
            self._next = time.monotonic() + max(self._every_s, REST * took_s)
            self._take_up(prints)
        due = self._folders and self._looking is None and time.monotonic() >= self._next
        if due and not self._jobs.active:
            self._looking = self._thread.submit(_prints, self._folders)

    def close(self) -> None:
        """Look no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _take_up(self, prints: dict[str, Print]) -> None:
        settled = [
            folder
            for folder, found in prints.items()
            if folder in self._folders
            and self._indexed.get(folder) != found
            and self._seen.get(folder) == found
        ]
        self._seen = prints
        if settled and not self._jobs.active:
            self._indexed |= {folder: prints[folder] for folder in settled}
            _log.info("%d watched folders changed", len(settled))
            self._jobs.start(settled)


def _prints(folders: Sequence[str]) -> tuple[dict[str, Print], float]:
    begun = time.monotonic()
    prints = {folder: _print(folder) for folder in folders if Path(folder).is_dir()}
    return prints, time.monotonic() - begun


def _print(folder: str) -> Print:
    """Sum up a tree, whatever its order; what is gone meanwhile counts as nothing."""
    total = 0
    for below, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(below, name)  # noqa: PTH118 - half the time of Path on large trees
            try:
                about = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - as above
            except OSError:
                continue
            line = f"{path}\0{about.st_size}\0{about.st_mtime_ns}".encode("utf-8", "surrogatepass")
            total += zlib.crc32(line) + (zlib.adler32(line) << 32)
    return total


def _load(file: Path | None) -> list[str]:
    try:
        stored = json.loads(file.read_bytes()) if file is not None else []
    except (OSError, ValueError):  # absent or damaged: nothing is watched
        return []
    return [each for each in stored if isinstance(each, str)] if isinstance(stored, list) else []
