"""One writer: a lock that the system releases when its holder dies."""

import os
import sys
from pathlib import Path

from clamp3_plugin.errors import LibraryBusyError

LOCK_NAME = "writer.lock"

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class WriterLock:
    """Held from construction to ``release``. The file stays: removing it would let two writers in."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600
        )
        try:
            _take(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            raise LibraryBusyError(
                f"Another process is writing to the library {path.parent}.",
                "Leave out --no-daemon to let the daemon do it, or stop it: clamp3 daemon stop",
            ) from error

    def release(self) -> None:
        """Let the next writer in; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
