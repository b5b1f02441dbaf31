"""A daemon before two tunes and the OSC bridge before the daemon, in the network of the thread at hand."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from tests.bridges.osc.peer import free_port
from tests.cli.conftest import HASH_DAEMON, JIG, WALTZ, end


@dataclass(frozen=True)
class Served:
    """Where programs ask, and what they ask about."""

    home: Home
    music: Path
    port: int


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """To be entered in the thread whose network it is (``apart``)."""
    home = Home.locate(str(folder / "home"))
    music = folder / "music"
    music.mkdir()
    (music / "jig.abc").write_text(JIG)
    (music / "waltz.abc").write_text(WALTZ)
    port = free_port()
    command = [sys.executable, "-m", "clamp3_cli", "--home", str(home.run.parent), "bridge", "osc"]
    try:
        with ensure_daemon(home, command=HASH_DAEMON, timeout_s=180) as client:
            list(client.index([str(music)]))
        with subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE) as bridge:
            try:
                assert bridge.stdout is not None
                assert str(port).encode() in bridge.stdout.readline()
                yield Served(home, music, port)
            finally:
                bridge.send_signal(signal.SIGINT)
                bridge.wait(20)
    finally:
        end(home)
