"""The lock that makes one daemon of many, and the file that says where it is."""

import os
import stat
import sys
import time
from pathlib import Path

from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from clamp3_plugin.errors import NoDaemonError
from clamp3_plugin.library.durable import write_private
from clamp3_plugin.wire import RunFile, dumps

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_TRIES = 5
_PAUSE_S = 0.04


class AlreadyServingError(NoDaemonError):
    """Another daemon serves this home."""


class DaemonLock:
    """Held from construction until ``release`` or death; the file is never deleted."""

    def __init__(self, home: Home) -> None:
        check_private(home.run)
        self._descriptor = os.open(home.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        for _ in range(_TRIES):
            try:
                _take(self._descriptor)
            except OSError:
                time.sleep(_PAUSE_S)  # a client may be looking whether it is held
            else:
                return
        os.close(self._descriptor)
        raise AlreadyServingError(f"Another daemon serves already{_whereabouts(home)}.")

    def release(self) -> None:
        """Let another daemon serve."""
        os.close(self._descriptor)


def check_private(folder: Path) -> None:
    """Refuse a run folder that others could read, write or have put there.

    Raises
    ------
    NoDaemonError
        It is a link, not ours, or open to others.
    """
    if os.name != "posix":
        return
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
        raise NoDaemonError(f"{folder} is no folder of yours.", "Remove it, start again.")
    if about.st_mode & 0o077:
        mode = stat.filemode(about.st_mode)
        raise NoDaemonError(f"{folder} is open to others ({mode}).", f"chmod 700 {folder}")


def publish(home: Home, run: RunFile) -> None:
    """Write the run file."""
    write_private(home.run_file, dumps(run.to_wire()))


def withdraw(home: Home, run: RunFile) -> None:
    """Remove the run file, if it is still ours."""
    try:
        if read_run_file(home).token == run.token:
            home.run_file.unlink()
    except (NoDaemonError, FileNotFoundError):
        return


def _whereabouts(home: Home) -> str:
    try:
        run = read_run_file(home)
    except NoDaemonError:
        return " and is just starting"
    return f": pid {run.pid}, port {run.port}"
