"""How fast recordings are indexed and asked with, beside the loop of the reference; how much memory an hour takes.

    python benchmarks/audio_speed.py [--minutes 9] [--reference 20] [--clips 50] [--hour]

Starts a daemon of its own with the model that ships and two threads, and gives it recordings made here,
44.1 kHz stereo as WAV, FLAC and MP3:

- *indexing*: all of them through the daemon, decode, estimates and store included; seconds of sound by
  seconds of waiting, and by half the processor seconds of the daemon and its workers, which a machine that
  does other work besides does not change as much;
- *reference*: MERT at its published size over REFERENCE seconds in this process, two threads, ours and
  ``extract_mert.py``'s loop on the same random weights (``mert.py``), and the share that each spends
  outside the network;
- *a clip*: 10 s of an MP3 as a question, the time until the answer is here, CLIPS times with new music;
- ``--hour``: the largest memory of the daemon and its workers while an hour of WAV (635 MB) is indexed,
  less what they held before.

Needs Linux (``/proc``). Exit code 1 if a limit of docs/audio.md is broken.
"""

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

import numpy as np
import soundfile
import torch
from decode_audio import HOUR, encoded, megabytes
from mert import Clock, compare
from numpy.typing import NDArray

from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from clamp3_plugin.query import Query, Source

RATE = 44_100
FORMATS = (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("MP3", None))
THREADS = 2
LEAST_TIMES, MOST_OUTSIDE, MOST_MS, MOST_MIB = 20.0, 0.10, 300.0, 1024.0


def music(seconds: float, seed: int) -> NDArray[np.float32]:
    """Make stereo of changing chords, so that no two windows are the same."""
    draw = np.random.default_rng(seed)
    chords = []
    left = round(seconds * RATE)
    while left > 0:
        n = min(left, round(draw.uniform(0.2, 0.8) * RATE))
        times = np.arange(n) / RATE
        pitches = 440 * 2 ** (draw.integers(-24, 15, 4)[:, None] / 12)
        chords.append((np.sin(2 * np.pi * pitches * times) * np.exp(-3 * times)).sum(0) * 0.15)
        left -= n
    wave = np.concatenate(chords) + 0.003 * draw.standard_normal(round(seconds * RATE))
    return np.stack([wave, 0.8 * wave], axis=1).astype(np.float32)


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    found: list[int] = []
    for one in listed:
        with contextlib.suppress(
            FileNotFoundError, ProcessLookupError
        ):  # the thread has just ended
            found += map(int, one.read_text().split())
    return found


def processor_seconds(pid: int) -> float:
    """Tell what a process, its children and those that have ended have used."""
    ticks = 0
    for one in (pid, *children(pid)):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15] if one == pid else fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Peak:
    """The largest memory of a process and its children while this is entered, in MiB."""

    def __init__(self, pid: int) -> None:
        self._pid, self._stop = pid, threading.Event()
        self.before = self.most = self._held()

    def _held(self) -> float:
        held = megabytes(self._pid, "VmRSS:")
        for child in children(self._pid):
            try:
                held += megabytes(child, "VmRSS:")
            except (FileNotFoundError, IndexError, ProcessLookupError):
                continue  # it has just ended
        return held

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self.most = max(self.most, self._held())

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def index(client: Client, paths: list[Path]) -> float:
    """Index files; gives the seconds it took."""
    begun = time.perf_counter()
    events = list(client.index([str(path) for path in paths]))
    took = time.perf_counter() - begun
    failed = [event for event in events if getattr(event, "status", "indexed") == "failed"]
    if failed:
        raise SystemExit(f"not indexed: {failed}")
    return took


def indexing(client: Client, pid: int, folder: Path, minutes: float) -> tuple[float, float]:
    """Give seconds of sound per second, and per second of both processors."""
    seconds = 60 * minutes / len(FORMATS)
    paths = []
    for seed, (form, subtype) in enumerate(FORMATS):
        paths.append(folder / f"piece{seed}.{form.lower()}")
        paths[-1].write_bytes(encoded(music(seconds, seed), form, subtype, RATE).getvalue())
    before = processor_seconds(pid)
    took = index(client, paths)
    used = processor_seconds(pid) - before
    return 60 * minutes / took, 60 * minutes * THREADS / used


def asking(client: Client, clips: int) -> list[float]:
    """Give the milliseconds that each clip waited for its answer."""
    took = []
    for number in range(clips):
        data = encoded(music(10, 1_000 + number), "MP3", None, RATE).getvalue()
        begun = time.perf_counter()
        client.find(Query((Source(data=data, name="bounce.mp3"),)))
        took.append(1_000 * (time.perf_counter() - begun))
    return sorted(took)


def an_hour(client: Client, pid: int, folder: Path) -> tuple[float, float]:
    """Index an hour of WAV; gives MiB more at the most, and how many times real time."""
    path = folder / "hour.wav"
    with soundfile.SoundFile(path, "w", RATE, 2) as file:
        for minute in range(HOUR // 60):
            file.write(music(60, 5_000 + minute))
    with Peak(pid) as peak:
        took = index(client, [path])
    return peak.most - peak.before, HOUR / took


def measure_mini(options: argparse.Namespace) -> tuple[list[bool], float]:
    """Print what the daemon does; gives which limits were kept, and the speed of indexing."""
    kept, speed = [], float("nan")
    with tempfile.TemporaryDirectory() as name:
        folder, home = Path(name), Home.locate(f"{name}/home")
        with ensure_daemon(home, timeout_s=120) as client:
            pid = read_run_file(home).pid
            warm = folder / "warm.wav"
            warm.write_bytes(encoded(music(15, 99), "WAV", "PCM_16", RATE).getvalue())
            index(client, [warm])
            asking(client, 3)
            if options.minutes:
                waiting, speed = indexing(client, pid, folder, options.minutes)
                tell(
                    f"indexing with mini: {waiting:.1f} times real time (at least {LEAST_TIMES:g}),"
                    f" {speed:.1f} by processor time"
                )
                kept.append(waiting >= LEAST_TIMES)
            if options.clips:
                took = asking(client, options.clips)
                median, p95 = statistics.median(took), took[int(0.95 * len(took))]
                tell(f"a clip of 10 s: {median:.0f} ms, p95 {p95:.0f} ms (under {MOST_MS:g})")
                kept.append(median < MOST_MS)
            if options.hour:
                more, times = an_hour(client, pid, folder)
                tell(
                    f"an hour: {more:.0f} MiB more (under {MOST_MIB:g}), {times:.1f} times real time"
                )
                kept.append(more < MOST_MIB)
            client.stop()
    return kept, speed


def measure_mert(seconds: float, speed: float) -> bool:
    """Print what MERT and the loop of the reference take, and how many times mini is faster."""
    torch.set_num_threads(THREADS)
    both = compare(seconds)
    for name, clock in (("ours", both.ours), ("reference", both.reference)):
        tell(f"MERT, {name:10} {clock}; {times_real_time(clock, seconds):.2f} times real time")
    tell(f"mini to the reference: {speed / times_real_time(both.reference, seconds):.0f} to 1")
    return both.ours.rest < MOST_OUTSIDE * (both.ours.rest + both.ours.network)


def times_real_time(clock: Clock, seconds: float) -> float:
    """Tell how many times real time it is, were its processor seconds shared out evenly."""
    return seconds * THREADS / (clock.network + clock.rest)


def tell(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--reference", type=float, default=20, help="seconds of sound; 0: none")
    parser.add_argument("--clips", type=int, default=50)
    parser.add_argument("--hour", action="store_true")
    options = parser.parse_args()
    kept, speed = measure_mini(options)
    if options.reference:
        kept.append(measure_mert(options.reference, speed))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
