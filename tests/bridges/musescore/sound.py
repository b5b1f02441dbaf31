"""What MuseScore plays: JACK without a sound card, and its recorder."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import numpy as np

from tests.bridges.musescore.screen import until

RATE = 44_100
QUIET = 300  # of 32,768
_SERVER = ("jackd", "-r", "-t", "5000", "-d", "dummy", "-r", str(RATE), "-p", "4096")
_PORTS = ("-C", "0", "-P", "2")
PROGRAMS = ("jackd", "jack_lsp", "jack_rec")


@contextmanager
def sound_card(log: Path) -> Iterator[dict[str, str]]:
    """Run a JACK server of one's own; gives the environment of its clients."""
    ours = {"JACK_DEFAULT_SERVER": f"clamp3-{os.getpid()}", "JACK_NO_AUDIO_RESERVATION": "1"}
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*_SERVER, *_PORTS],
            env={**os.environ, **ours},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: _ports(ours) or None, "JACK runs", 30)
        yield ours
    finally:
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:  # it waits for clients that have been killed
            server.kill()
            server.wait()


def dropped(log: Path) -> int:
    """Count how often JACK had to go on without a client that was late: what is heard then is noise."""
    return log.read_text("utf-8", "replace").count("XRun")


def _ports(ours: dict[str, str]) -> list[str]:
    done = subprocess.run(
        ["jack_lsp"], env={**os.environ, **ours}, capture_output=True, text=True, check=False
    )
    return [line for line in done.stdout.splitlines() if ":" in line] if not done.returncode else []


class Recording:
    """Records what MuseScore plays."""

    def __init__(self, ours: dict[str, str], folder: Path) -> None:
        self._file = folder / "played.wav"
        self._ours = ours

    def __enter__(self) -> Self:
        self._file.unlink(missing_ok=True)
        words = ["jack_rec", "-f", str(self._file), "-d", "600", "-b", "16"]
        self._recorder = subprocess.Popen(
            [*words, "mscore:left", "mscore:right"],
            env={**os.environ, **self._ours},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: "rec" in " ".join(_ports(self._ours)) or None, "it is recorded")
        return self

    def __exit__(self, *_: object) -> None:
        self._recorder.kill()
        self._recorder.wait()

    def from_onset(self, seconds: float) -> np.ndarray | None:
        """Wait until it has sounded for some seconds, and give these, mixed to one channel.

        None if nothing sounds in a while.
        """
        count = round(seconds * RATE)

        def look() -> np.ndarray | None:
            data = self._file.read_bytes() if self._file.exists() else b""
            data = data.partition(b"data")[2][
                4:
            ]  # the file is not closed: its length is not yet in it
            samples = np.frombuffer(data[: len(data) // 4 * 4], "<i2").reshape(-1, 2).mean(axis=1)
            begin = int(np.argmax(np.abs(samples) > QUIET)) if len(samples) else 0
            part = samples[begin : begin + count]
            return np.asarray(part) if len(part) == count and np.abs(part).max() > QUIET else None

        with suppress(AssertionError):
            return until(look, "something sounds", 30)
        return None


def loudest_pitches(samples: np.ndarray, count: int) -> set[int]:
    """Which pitch classes sound loudest in some samples: 0 is C."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    power = np.zeros(12)
    inside = (frequencies > 250) & (frequencies < 770)  # fundamentals, and of overtones the octave
    pitches = np.round(69 + 12 * np.log2(frequencies[inside] / 440)).astype(int) % 12
    np.add.at(power, pitches, spectrum[inside] ** 2)
    return set(map(int, np.argsort(power)[-count:]))
