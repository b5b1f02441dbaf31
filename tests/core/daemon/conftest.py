"""Real daemons on loopback, started as the client starts them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from clamp3_plugin.errors import NoDaemonError

COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("trivial.py")))


def end(home: Home) -> None:
    try:
        os.kill(read_run_file(home).pid, signal.SIGKILL)
    except (NoDaemonError, ProcessLookupError):
        return


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home.locate(str(tmp_path / "home"))
    yield home
    end(home)


@pytest.fixture
def serve(home: Home) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        environment = {**os.environ, "CLAMP3_HOME": str(home.run.parent)}
        processes.append(subprocess.Popen(COMMAND, env=environment, stderr=subprocess.PIPE))
        return processes[-1]

    yield begin
    for process in processes:
        with process:
            process.kill()


@pytest.fixture
def start(home: Home) -> Callable[[], Client]:
    return lambda: ensure_daemon(home, command=COMMAND, timeout_s=20)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One daemon for the tests that leave it as it was."""
    home = Home.locate(str(tmp_path_factory.mktemp("home")))
    with ensure_daemon(home, command=COMMAND, timeout_s=20) as client:
        yield client
    end(home)
