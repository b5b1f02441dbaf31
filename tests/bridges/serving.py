"""The OSC bridge as a process; and before it a daemon with two tunes, in the network of the thread at hand."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clamp3_bridges.osc.secret import token_file
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from tests.bridges.osc.peer import Peer, free_port
from tests.cli.conftest import HASH_DAEMON, JIG, WALTZ, end


@dataclass(frozen=True)
class Bridge:
    """``clamp3 bridge osc``, which listens."""

    home: Home
    port: int
    pid: int

    @property
    def music(self) -> Path:
        """Where the tunes lie that ``serving`` indexes."""
        return self.home.run.parent.with_name("music")

    @property
    def token_file(self) -> Path:
        return token_file(self.home)

    @property
    def token(self) -> str:
        return self.token_file.read_text().strip()

    def peer(self) -> Peer:
        """Give somebody who knows its token."""
        return Peer(self.port, self.token)


@contextmanager
def bridging(home: Home) -> Iterator[Bridge]:
    """Run the bridge for a home, until the end."""
    port = free_port()
    command = [sys.executable, "-m", "clamp3_cli", "--home", str(home.run.parent), "bridge", "osc"]
    with subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert str(port).encode() in process.stdout.readline()
            for _ in range(2):  # where the token and the inbox are; the inbox is there now
                process.stdout.readline()
            yield Bridge(home, port, process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


@contextmanager
def serving(folder: Path) -> Iterator[Bridge]:
    """Run a bridge before a library of two tunes; to be entered in the thread whose network it is."""
    home = Home.locate(str(folder / "home"))
    music = folder / "music"
    music.mkdir()
    (music / "jig.abc").write_text(JIG)
    (music / "waltz.abc").write_text(WALTZ)
    try:
        with ensure_daemon(home, command=HASH_DAEMON, timeout_s=180) as client:
            list(client.index([str(music)]))
        with bridging(home) as bridge:
            yield bridge
    finally:
        end(home)
