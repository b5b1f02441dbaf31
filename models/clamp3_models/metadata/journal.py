"""The journal: finished records as JSON lines on disk, safe after each one.

A run that was killed left whole lines, or at its end half of one, which is cut away. What stands in
the file is not made again.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from clamp3_plugin.errors import BrokenFileError, UsageError

if sys.platform == "win32":

    def _lock(descriptor: int) -> None:
        """Do nothing: a lock would keep others from reading the file there."""
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Journal:
    """A JSONL file that grows by whole records."""

    def __init__(self, path: Path) -> None:
        """Open or make the file, and mend its end.

        Raises
        ------
        UsageError
            Another process writes to it.
        BrokenFileError
            A line is no record: it is not a file of ours.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("a+b")
        try:
            self._take()
            self.ids = self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, fields: Mapping[str, object]) -> None:
        """Write a record; when this returns, it is on the disk."""
        line = json.dumps(fields, ensure_ascii=False) + "\n"
        # half a surrogate pair, which JSON can name and UTF-8 cannot hold, becomes its escape again
        self._file.write(line.encode("utf-8", "backslashreplace"))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.ids.add(str(fields["id"]))

    def _take(self) -> None:
        try:
            _lock(self._file.fileno())
        except OSError as error:
            message = f"Another process is writing to {self._path}."
            raise UsageError(message, "Wait for it, or name another file.") from error

    def _read(self) -> set[str]:
        """Read the ids; cut away half a line, end a whole one that lacks its end."""
        ids: set[str] = set()
        self._file.seek(0)
        start = 0
        for number, line in enumerate(self._file, 1):
            key = _id(line)
            if key is not None:
                ids.add(key)
            elif not line.endswith(b"\n"):
                self._file.truncate(start)
                return ids
            elif line.strip():
                raise BrokenFileError(
                    f"{self._path}: line {number} is no record with an id.",
                    "Name another file, or take the line out.",
                )
            start += len(line)
            if not line.endswith(b"\n"):
                self._file.write(b"\n")
        return ids


def _id(line: bytes) -> str | None:
    try:
        return str(json.loads(line)["id"])
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
