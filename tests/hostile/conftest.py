"""A daemon into whose library the corpus has been put by the command line, and that was asked with it."""

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
from urllib.parse import quote

import pytest

from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from clamp3_plugin.wire import RunFile
from tests.hostile.case import FileCase
from tests.hostile.corpus import SHARE, Corpus, files, lay_out
from tests.hostile.sending import Reply, answers_well, find
from tests.hostile.watching import Watch, watch

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
    seen: Watch
    """What the daemon and its workers do, from before the run to the last test."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A file that was uploaded and asked with."""

    case: FileCase
    reply: Reply
    seconds: float
    well_after: bool
    """A good question asked next found what it should."""


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
    command = [sys.executable, "-P", "-m", "clamp3_cli", "--home", str(place / "home")]
    with watch(daemon.pid, place) as seen:
        done = subprocess.run(
            [*command, "index", "--json", str(corpus.root)],
            cwd=stand,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        events = [line for line in lines if "path" in line]
        output = done.stdout + done.stderr
        yield Indexed(place, daemon, corpus, events, output, done.returncode, seen)
    with suppress(ProcessLookupError):
        os.kill(daemon.pid, signal.SIGKILL)
    for folder in (corpus.root / "traps").rglob("closed"):
        folder.chmod(0o700)  # so that it can be removed


@pytest.fixture(scope="session")
def asked(indexed: Indexed) -> list[Asked]:
    """Ask with every file of the corpus; a name is bytes only on a disk, so those are left out."""
    tried = []
    for case in files(SHARE):
        if case.kind == "names":
            continue
        begun = time.monotonic()
        reply = find(indexed.daemon, quote(case.name), case.content)
        seconds = time.monotonic() - begun
        tried.append(Asked(case, reply, seconds, answers_well(indexed.daemon)))
    return tried


@pytest.fixture
def client(indexed: Indexed) -> Iterator[Client]:
    """A client of that daemon."""
    with Client.connect(Home.locate(str(indexed.place / "home"))) as client:
        yield client
