"""What MuseScore plays: JACK without a sound card, and its recorder."""

import os
import subprocess
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.bridges.musescore.screen import until

RATE = 44_100
_SERVER = ("jackd", "-r", "-d", "dummy", "-r", str(RATE), "-p", "1024", "-C", "0", "-P", "2")
PROGRAMS = ("jackd", "jack_lsp", "jack_rec")


@contextmanager
def sound_card() -> Iterator[dict[str, str]]:
    """Run a JACK server of one's own; gives the environment of its clients."""
    ours = {"JACK_DEFAULT_SERVER": f"clamp3-{os.getpid()}", "JACK_NO_AUDIO_RESERVATION": "1"}
    server = subprocess.Popen(
        _SERVER,
        env={**os.environ, **ours},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _ports(ours) or None, "JACK runs", 30)
        yield ours
    finally:
        server.terminate()
        server.wait()


def _ports(ours: dict[str, str]) -> list[str]:
    done = subprocess.run(
        ["jack_lsp"], env={**os.environ, **ours}, capture_output=True, text=True, check=False
    )
    return [line for line in done.stdout.splitlines() if ":" in line] if not done.returncode else []


class Recording:
    """Records what MuseScore plays for some seconds, from now on."""

    def __init__(self, ours: dict[str, str], folder: Path, seconds: int) -> None:
        self._file = folder / "played.wav"
        self._environment = {**os.environ, **ours}
        words = ["jack_rec", "-f", str(self._file), "-d", str(seconds), "-b", "16"]
        self._recorder = subprocess.Popen(
            [*words, "mscore:left", "mscore:right"],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def samples(self) -> np.ndarray:
        """Wait for the end, and give what was played, mixed to one channel."""
        self._recorder.wait(120)
        with wave.open(str(self._file)) as file:
            data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return np.asarray(data.reshape(-1, 2).mean(axis=1))


def onset(samples: np.ndarray) -> int:
    """Where it begins to sound."""
    return int(np.argmax(np.abs(samples) > 0.1 * np.abs(samples).max()))


def loudest_pitches(samples: np.ndarray, count: int) -> set[int]:
    """Which pitch classes sound loudest in some samples: 0 is C."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    power = np.zeros(12)
    inside = (frequencies > 250) & (frequencies < 770)  # fundamentals, and of overtones the octave
    pitches = np.round(69 + 12 * np.log2(frequencies[inside] / 440)).astype(int) % 12
    np.add.at(power, pitches, spectrum[inside] ** 2)
    return set(map(int, np.argsort(power)[-count:]))
