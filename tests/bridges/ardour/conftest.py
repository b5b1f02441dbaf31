"""The mini model before a library of three tunes, the bridge, and what Ardour 7 needs to run."""

import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from clamp3_bridges.osc.queries import TakeNote
from clamp3_bridges.osc.takes import midi_file
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from tests.bridges.osc.peer import Peer
from tests.bridges.serving import bridging
from tests.cli.conftest import end

SESSION_PROGRAM = "ardour7-lua"
SYNTH = Path("/usr/lib/lv2/reasonablesynth.lv2")
RECORDED = "The Recorded Tune"
BEAT = 0.25
"""Seconds from note to note: eighths at the 120 quarter notes a minute of a new session of Ardour. A library's files
hold them for 95 % of it, as those that MuseScore exports do."""
TUNES = {
    RECORDED: (67, 69, 71, 72, 74, 76, 74, 71, 67, 69, 66, 62, 67, 69, 71, 72, 74, 76, 74, 72),
    "A Low One": (36, 36, 43, 36, 41, 41, 48, 41, 43, 43, 50, 43, 36, 43, 48, 36),
    "A Chromatic One": tuple(range(84, 60, -1)),
}


RATE = 24_000


@dataclass(frozen=True)
class Studio:
    """A daemon and a bridge that run, in a network of their own."""

    home: Home
    peer: Peer
    music: Path

    @property
    def inbox(self) -> Path:
        return self.home.data / "inbox"

    @property
    def session(self) -> Path:
        """Where Ardour keeps its session: below a folder of the library, whose files may be named."""
        return self.music / "session"


@contextmanager
def studio(folder: Path) -> Iterator[Studio]:
    """Index each tune as MIDI and as sound, and run the bridge; to be entered in the thread whose network it is."""
    music = folder / "music"
    music.mkdir()
    for title, pitches in TUNES.items():
        notes = [TakeNote("t", pitch, 90, i * BEAT, 0.95 * BEAT) for i, pitch in enumerate(pitches)]
        (music / f"{title}.mid").write_bytes(midi_file(notes))
        soundfile.write(music / f"{title}.wav", rendering(pitches), RATE)
    home = Home.locate(str(folder / "home"))
    try:
        with ensure_daemon(home, timeout_s=180) as client:
            client.timeout_s = 300
            list(client.index([str(music)]))
        with bridging(home) as bridge, bridge.peer() as peer:
            yield Studio(home, peer, music)
    finally:
        end(home)


def rendering(pitches: Sequence[int]):
    """Pluck a string of eight partials for each note: float32, shape ``(frames,)``."""
    time = np.arange(round(BEAT * RATE)) / RATE
    frequencies = [440 * 2 ** ((pitch - 69) / 12) for pitch in pitches]
    notes = [
        sum(np.sin(2 * np.pi * n * each * time) / n for n in range(1, 9)) for each in frequencies
    ]
    return (0.25 * np.exp(-3 * time / BEAT) * np.stack(notes)).astype(np.float32).ravel()


@pytest.fixture
def ardour() -> str:
    if shutil.which(SESSION_PROGRAM) is None:
        pytest.skip(f"{SESSION_PROGRAM} is not installed (package ardour)")
    if not SYNTH.is_dir():
        pytest.skip(f"{SYNTH} is not installed (package ardour-lv2-plugins)")
    return SESSION_PROGRAM


FAULTS = ("bad_optional_access", "free(): ", "malloc", "corrupted ")
"""What Ardour and the C library say when it aborts by mistakes of its own."""


def run(command: list[str], done: str = "") -> str:
    """Run Ardour without a window; gives what it said.

    Ardour 7.3 aborts now and then while it opens a session (``std::bad_optional_access``), before any script
    of ours has done a thing, or by its dummy MIDI ports (``free(): invalid …``); then, and only then, it
    is started again, twice at most.

    Parameters
    ----------
    done
        A line after which it may abort as well: it has done all that was asked of it.
    """
    for _ in range(3):
        ran = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        has_aborted = ran.returncode == -signal.SIGABRT
        if has_aborted and done and done in ran.stdout.splitlines():
            return ran.stdout
        if not has_aborted or not any(fault in ran.stderr for fault in FAULTS):
            break
    assert ran.returncode == 0, f"{ran.returncode}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def record(program: str, studio: Studio) -> list[str]:
    """Let Ardour record a session and ask with it; gives what it said."""
    peer = studio.peer
    words = [studio.session, studio.inbox, peer.port, peer.token, peer.here]
    pitches = ",".join(map(str, TUNES[RECORDED]))
    command = [program, str(Path(__file__).with_name("record.lua")), *map(str, words), pitches]
    return run(command).splitlines()


def mix(program: str, studio: Studio) -> Path:
    """Let Ardour export that session as a mix; gives the file."""
    script = str(Path(__file__).with_name("mix.lua"))
    seconds = BEAT * (len(TUNES[RECORDED]) + 1)
    run([program, script, str(studio.session), str(studio.inbox), str(seconds)], "exported")
    return studio.inbox / "mix.wav"
