"""How fast audio is read, by processor time of worker and program: decoded, checked, resampled.

    python benchmarks/decode_audio.py [SECONDS]

Makes stereo of SECONDS (180) in every format, then an hour as a WAV file on disk (635 MB). Linux only.
"""

import io
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from clamp3_plugin.readers.audio import read

FORMATS = (
    ("WAV", "PCM_16", 44_100),
    ("FLAC", "PCM_16", 44_100),
    ("MP3", None, 44_100),
    ("OGG", "VORBIS", 44_100),
    ("OGG", "OPUS", 48_000),
)
HOUR = 3_600


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 180
    read.read_audio(encoded(music(44_100, 1), "WAV", "PCM_16", 44_100))  # starts the worker
    pid = read._FREE.queue[-1].pid or 0  # noqa: SLF001 - whose time is measured
    print(f"start of a worker: {cpu(pid):.2f} s of processor")
    for form, subtype, rate in FORMATS:
        file = encoded(music(rate, seconds), form, subtype, rate)
        before, mine = cpu(pid), time.process_time()
        read.read_audio(file)
        used, mine = cpu(pid) - before, time.process_time() - mine
        print(f"{form} {subtype or ''}: {seconds / (used + mine):.0f} times real time")
    clip = encoded(music(44_100, 10), "MP3", None, 44_100)
    print(f"10 s of MP3: {1000 * statistics.median(wait(clip) for _ in range(9)):.0f} ms")
    hour(pid, music(44_100, 60))


def hour(pid: int, minute: NDArray[np.float32]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hour.wav"
        with soundfile.SoundFile(path, "w", 44_100, 2) as file:
            for _ in range(HOUR // 60):
                file.write(minute)
        before, memory = cpu(pid), megabytes(os.getpid(), "VmRSS:")
        with path.open("rb") as opened:
            recording = read.read_audio(opened)
        more = megabytes(os.getpid(), "VmRSS:") - memory
        print(
            f"{recording.duration:.0f} s of WAV: {cpu(pid) - before:.1f} s of processor, {more:.0f} MB more here,"
            f" {megabytes(pid, 'VmHWM:'):.0f} MB in the worker at most"
        )


def music(rate: int, seconds: int) -> NDArray[np.float32]:
    times = np.arange(rate * seconds) / rate
    wave = sum(0.1 * np.sin(2 * np.pi * pitch * times) for pitch in (110, 220.5, 331, 1_200))
    wave += 0.05 * np.random.default_rng(0).standard_normal(len(times))
    return np.stack([wave, 0.8 * wave], axis=1).astype(np.float32)


def encoded(wave: NDArray[np.float32], form: str, subtype: str | None, rate: int) -> io.BytesIO:
    data = io.BytesIO()
    with soundfile.SoundFile(data, "w", rate, 2, format=form, subtype=subtype) as file:
        for start in range(0, len(wave), 4_096):  # libsndfile's Vorbis dies of more at a time
            file.write(wave[start : start + 4_096])
    data.seek(0)
    return data


def wait(file: BinaryIO) -> float:
    began = time.perf_counter()
    read.read_audio(file)
    return time.perf_counter() - began


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int, what: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(what)[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
