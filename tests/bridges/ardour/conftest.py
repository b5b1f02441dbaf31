"""The mini model before a library of three tunes, the bridge, and what Ardour 7 needs to run."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from clamp3_bridges.osc.queries import TakeNote
from clamp3_bridges.osc.secret import token_file
from clamp3_bridges.osc.takes import midi_file
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from tests.bridges.osc.peer import Peer, free_port
from tests.cli.conftest import end

SESSION_PROGRAM = "ardour7-lua"
RECORDED = "The Recorded Tune"
BEAT = 0.25
"""Seconds from note to note: eighths at the 120 quarter notes a minute of a new session of Ardour. A library's files
hold them for 95 % of it, as those that MuseScore exports do."""
TUNES = {
    RECORDED: (67, 69, 71, 72, 74, 76, 74, 71, 67, 69, 66, 62, 67, 69, 71, 72, 74, 76, 74, 72),
    "A Low One": (36, 36, 43, 36, 41, 41, 48, 41, 43, 43, 50, 43, 36, 43, 48, 36),
    "A Chromatic One": tuple(range(84, 60, -1)),
}


@dataclass(frozen=True)
class Studio:
    """A daemon and a bridge that run, in a network of their own."""

    home: Home
    peer: Peer
    music: Path

    @property
    def inbox(self) -> Path:
        return self.home.data / "inbox"


@contextmanager
def studio(folder: Path) -> Iterator[Studio]:
    """To be entered in the thread whose network it is."""
    music = folder / "music"
    music.mkdir()
    for title, pitches in TUNES.items():
        notes = [TakeNote("t", pitch, 90, i * BEAT, 0.95 * BEAT) for i, pitch in enumerate(pitches)]
        (music / f"{title}.mid").write_bytes(midi_file(notes))
    home = Home.locate(str(folder / "home"))
    port = free_port()
    command = [sys.executable, "-m", "clamp3_cli", "--home", str(home.run.parent), "bridge"]
    try:
        with ensure_daemon(home, timeout_s=180) as client:
            client.timeout_s = 300
            list(client.index([str(music)]))
        with subprocess.Popen(
            [*command, "osc", "--port", str(port)], stdout=subprocess.PIPE
        ) as run:
            try:
                assert run.stdout is not None
                assert str(port).encode() in run.stdout.readline()
                for _ in range(2):
                    run.stdout.readline()
                with Peer(port, token_file(home).read_text().strip()) as peer:
                    yield Studio(home, peer, music)
            finally:
                run.send_signal(signal.SIGINT)
                run.wait(20)
    finally:
        end(home)


@pytest.fixture
def ardour() -> str:
    if shutil.which(SESSION_PROGRAM) is None:
        pytest.skip(f"{SESSION_PROGRAM} is not installed (package ardour)")
    return SESSION_PROGRAM


def run(command: list[str]) -> str:
    """Run Ardour without a window; gives what it said.

    Ardour 7.3 aborts now and then while it opens a session (``std::bad_optional_access``), before any script
    of ours has done a thing; then, and only then, it is started once more.
    """
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        if done.returncode != -signal.SIGABRT or "bad_optional_access" not in done.stderr:
            break
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def record(program: str, studio: Studio, folder: Path) -> list[str]:
    """Let Ardour record a session and ask with it; gives what it said."""
    peer = studio.peer
    words = [folder / "session", studio.inbox, peer.port, peer.token, peer.here]
    pitches = ",".join(map(str, TUNES[RECORDED]))
    command = [program, str(Path(__file__).with_name("record.lua")), *map(str, words), pitches]
    return run(command).splitlines()
