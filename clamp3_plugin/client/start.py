"""Start a daemon on demand, detached from the terminal, and wait until it listens."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clamp3_plugin.client.calls import Client
from clamp3_plugin.client.connection import connect, lives, read_run_file
from clamp3_plugin.config import Home
from clamp3_plugin.errors import NoDaemonError

if TYPE_CHECKING:
    import subprocess

# -P: the folder somebody happens to stand in is no place to import from
SERVE = (sys.executable, "-P", "-m", "clamp3_cli", "serve")
START_TIMEOUT_S = 60.0
_POLL_S = 0.01
_LAST_LINES = 8

OnWait = Callable[[float], None]
"""Called again and again with the seconds waited so far."""


def ensure_daemon(
    home: Home,
    *,
    on_wait: OnWait | None = None,
    command: Sequence[str] = SERVE,
    timeout_s: float = START_TIMEOUT_S,
) -> Client:
    """Connect to the daemon of a home, started if none answers.

    The client starts it once more should it die between two calls.

    Raises
    ------
    NoDaemonError
        It does not start (the message ends in what it last said), or speaks another protocol.
    """

    def start() -> None:
        start_daemon(home, on_wait=on_wait, command=command, timeout_s=timeout_s)

    return Client.connect(home, start=start)


def start_daemon(
    home: Home,
    *,
    on_wait: OnWait | None = None,
    command: Sequence[str] = SERVE,
    timeout_s: float = START_TIMEOUT_S,
) -> None:
    """Start a daemon and wait until one listens: this one, or another that was quicker.

    Raises
    ------
    NoDaemonError
        It ended, or does not listen in time.
    """
    process = _spawn(home, command)
    begun, was_held = time.monotonic(), False
    while (waited := time.monotonic() - begun) < timeout_s:
        ended = process.poll() is not None
        held = ended and lives(home) is True
        if _listens(home):
            process.returncode = process.returncode or 0  # detached: nobody waits for its end
            return
        if ended and not held:
            if not was_held:
                raise NoDaemonError(f"The daemon did not start: {_last_words(home)}")
            process = _spawn(home, command)  # the one that held the lock was just leaving
        was_held = held
        if on_wait is not None:
            on_wait(waited)
        time.sleep(_POLL_S)
    process.returncode = process.returncode or 0
    hint = "See: clamp3 daemon logs"
    raise NoDaemonError(f"The daemon does not listen after {timeout_s:.0f} s.", hint)


def _spawn(home: Home, command: Sequence[str]) -> "subprocess.Popen[bytes]":
    import subprocess  # noqa: PLC0415 - 12 ms that only a cold start need pay

    home.create()
    environment = dict(os.environ)
    if Home.locate() != home:
        environment["CLAMP3_HOME"] = str(home.run.parent)
    # threads that wait must sleep: spinning costs a busy machine (a DAW) a multiple
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    environment.setdefault("GOMP_SPINCOUNT", "0")
    windows = sys.platform == "win32"
    flags = 0x00000208 if windows else 0  # DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP
    words = os.open(_words(home), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            cwd=home.state,
            env=environment,
            start_new_session=not windows,
            creationflags=flags,
        )
    finally:
        os.close(words)


def _words(home: Home) -> Path:
    """Give the file for what the process prints; the log proper is its own and rotates."""
    return home.state / "daemon.out"


def _last_words(home: Home) -> str:
    with _words(home).open(encoding="utf-8", errors="backslashreplace") as file:
        lines = [line.strip() for line in file if line.strip()]
    return "\n".join(lines[-_LAST_LINES:]) or "it said nothing."


def _listens(home: Home) -> bool:
    if lives(home) is False:
        return False
    try:
        connect(read_run_file(home)).close()
    except NoDaemonError:
        return False
    return True
