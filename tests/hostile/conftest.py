"""A daemon into whose library the whole corpus has been put, by the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from clamp3_plugin.wire import RunFile
from tests.hostile.corpus import Corpus, lay_out

_DAEMON = Path(__file__).parents[1] / "cli" / "hash_daemon.py"
_TIMEOUT_S = 300
"""Many times what the run takes, for machines with other work."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """An index run over the corpus, and the daemon that did it."""

    place: Path
    """Folder of everything: the corpus, what lies outside, the home, where the command stood."""
    daemon: RunFile
    corpus: Corpus
    events: list[dict[str, str]]
    """One a file, as ``clamp3 index --json`` says it."""
    output: bytes
    exit_code: int
    memory: int
    """Bytes by which the daemon's peak grew; 0 where the system does not say."""


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexed]:
    """Put the corpus into a library."""
    place = tmp_path_factory.mktemp("hostile")
    corpus = lay_out(place)
    stand = place / "stand"
    stand.mkdir()
    home = Home.locate(str(place / "home"))
    with ensure_daemon(home, command=(sys.executable, "-P", str(_DAEMON))) as client:
        while client.status()["state"] == "loading":
            time.sleep(0.05)
    daemon = read_run_file(home)
    before = peak_memory(daemon.pid)
    command = [sys.executable, "-P", "-m", "clamp3_cli", "--home", str(place / "home")]
    done = subprocess.run(
        [*command, "index", "--json", str(corpus.root)],
        cwd=stand,
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    events = [line for line in lines if "path" in line]
    memory = peak_memory(daemon.pid) - before
    output = done.stdout + done.stderr
    yield Indexed(place, daemon, corpus, events, output, done.returncode, memory)
    with suppress(ProcessLookupError):
        os.kill(daemon.pid, signal.SIGKILL)
    for folder in (corpus.root / "traps").rglob("closed"):
        folder.chmod(0o700)  # so that it can be removed


def peak_memory(pid: int) -> int:
    """Tell the most memory that a process ever held; 0 where the system does not say."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    sizes = [line.split()[1] for line in status.read_text().splitlines() if line[:6] == "VmHWM:"]
    return 1024 * int(sizes[0]) if sizes else 0


@pytest.fixture
def client(indexed: Indexed) -> Iterator[Client]:
    """A client of that daemon."""
    with Client.connect(Home.locate(str(indexed.place / "home"))) as client:
        yield client
