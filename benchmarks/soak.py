"""Ask a daemon for a long time, good things and bad: memory, files, threads and folders stay as they are.

Starts a daemon of its own, fills a library and sends it requests from a few threads: nine good ones
(texts, music, tags, lists) for each hostile one of the corpus in tests/hostile; one more thread indexes
a folder whose files change, without a pause. After a warm-up of a fifth of the requests (in which caches
fill: 1,024 texts, 4 MiB of LanceDB, the pages of the model) the slope of the daemon's memory may be
1 MiB for 10,000 requests, and descriptors, threads and temporary files may not grow (P10 of the security
page). Linux only: it looks into /proc. Exit code 1 if a promise is broken.

    python benchmarks/soak.py [--requests 20000] [--seconds S] [--daemon FILE.py]
"""

import argparse
import itertools
import math
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.client.start import SERVE
from clamp3_plugin.config import Home
from clamp3_plugin.errors import Clamp3Error, NoDaemonError
from clamp3_plugin.query import Query, Source
from tests.core.load.askers import Indexing
from tests.hostile import json_bodies
from tests.hostile.corpus import files
from tests.hostile.sending import find, send

THREADS = 4
_SLOPE_MIB = 1.0
_LOG_BYTES = 5 << 20
_SLOW_TEMPORARY = 4  # folders of readers that are at work just then
_JIG = "X:1\nT:Asked {number}\nM:6/8\nL:1/8\nK:G\nGAB cde|dBG AFD|GAB cde|dcA G3|\n"


@dataclass(frozen=True, slots=True)
class Sample:
    """What the daemon held at some moment."""

    requests: int
    memory_mib: float
    own_mib: float
    """Without the pages of files that are mapped: the model, and libraries."""
    descriptors: int
    threads: int
    temporary: int
    """Files and folders in its cache and temporary folders."""


def look(pid: int, requests: int, folders: list[Path]) -> Sample:
    """Look at a process and at folders."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return Sample(
        requests,
        int(status["VmRSS"].split()[0]) / 1024,
        int(status["RssAnon"].split()[0]) / 1024,
        len(list(Path(f"/proc/{pid}/fd").iterdir())),
        int(status["Threads"]),
        sum(1 for folder in folders for _ in folder.rglob("*")),
    )


def hostile() -> list[Any]:
    """Give the cases that are sent again and again; recordings take seconds each."""
    return [*(case for case in files() if case.kind != "audio"), *json_bodies.cases()]


@dataclass
class Traffic:
    """Sends requests from some threads, and counts what came of them."""

    home: Home
    total: int
    until: float = math.inf
    """Moment of ``time.monotonic`` from which on no more are sent."""
    hostile: list[Any] = field(default_factory=list)
    """Cases of the corpus; all but the recordings by default."""
    ended: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Begin at the first request."""
        self._numbers = itertools.count(1)
        self._bad = itertools.cycle(self.hostile or hostile())
        self._turn = threading.Lock()
        self.done = 0

    def run(self) -> None:
        """Send until all are sent, or the time is over."""
        while (number := next(self._numbers)) <= self.total and time.monotonic() < self.until:
            try:
                self.ended[self._one(number)] += 1
            except NoDaemonError as error:
                self.ended[f"lost: {error.message[:60]}"] += 1
            except Clamp3Error as error:
                self.ended[f"refused: {error.code}"] += 1
            self.done = max(self.done, number)

    def _one(self, number: int) -> str:
        if number % 10 == 0:
            return self._hostile()
        with Client.connect(self.home) as client:
            match number % 9:
                case 0 | 1 | 2 | 3:
                    client.find(Query((Source(text=f"slow air {number}"),)))
                case 4 | 5:
                    jig = _JIG.format(number=number).encode()
                    client.find(Query((Source(name="asked.abc", data=jig),)))
                case 6:
                    client.tag(Source(text=f"reel {number}"))
                case 7:
                    client.passages(client.pieces(limit=5)[0].id)
                case _:
                    client.status()
        return "good"

    def _hostile(self) -> str:
        with self._turn:
            case = next(self._bad)
        run = read_run_file(self.home)
        if hasattr(case, "write"):
            reply = send(run, case.write)
        else:
            reply = find(
                run, "odd." + case.path.rpartition(b".")[2].decode("ascii", "replace"), case.content
            )
        return (
            f"hostile: {reply.status}"
            if reply.status < 500
            else f"BROKEN: {case.name} {reply.code}"
        )


def verdict(samples: list[Sample], log: Path) -> bool:
    """Compare the end with the time after the warm-up."""
    kept = [sample for sample in samples if sample.requests >= samples[-1].requests / 5]
    slope, own = (
        np.polyfit([s.requests for s in kept], [getattr(s, name) for s in kept], 1)[0] * 10_000
        for name in ("memory_mib", "own_mib")
    )
    print(f"after a warm-up of {kept[0].requests} requests, {kept[0].memory_mib:.0f} MiB:")
    print(f"memory slope  {slope:+.2f} MiB for 10,000 requests (at most {_SLOPE_MIB:g})")
    print(f"  without the pages of files {own:+.2f} MiB")
    good = bool(slope <= _SLOPE_MIB)
    for name, most in (("descriptors", 2), ("threads", 2), ("temporary", _SLOW_TEMPORARY)):
        half = len(kept) // 2
        early, late = (max(getattr(s, name) for s in part) for part in (kept[:half], kept[half:]))
        print(f"{name:13} at most {early} in the first half, {late} in the second")
        good &= late <= early + most
    size = sum(path.stat().st_size for path in log.parent.glob(log.name + "*"))
    print(f"log           {size / 1024:.0f} KiB (at most {_LOG_BYTES >> 10})")
    return good and size <= _LOG_BYTES + (1 << 16)


def soak(traffic: Traffic, pid: int, samples: int, folders: list[Path]) -> list[Sample]:
    """Send everything; gives samples on the way."""
    workers = [threading.Thread(target=traffic.run) for _ in range(THREADS)]
    for worker in workers:
        worker.start()
    taken: list[Sample] = []
    while any(worker.is_alive() for worker in workers):
        if traffic.done >= traffic.total // samples * len(taken):
            taken.append(look(pid, traffic.done, folders))
            if len(taken) % 10 == 1:
                print(taken[-1], flush=True)
        time.sleep(0.05)
    return [*taken, look(pid, traffic.done, folders)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument(
        "--seconds", type=float, default=math.inf, help="stop sending after so long"
    )
    parser.add_argument("--daemon", type=Path, help="another daemon: a Python file")
    parser.add_argument("--samples", type=int, default=100)
    options = parser.parse_args()
    command = (sys.executable, "-P", str(options.daemon.resolve())) if options.daemon else SERVE
    with tempfile.TemporaryDirectory() as place:
        temporary = Path(place, "temporary")
        temporary.mkdir()
        os.environ["TMPDIR"] = str(temporary)
        home = Home.locate(f"{place}/home")
        traffic = Traffic(home, options.requests)
        with ensure_daemon(home, timeout_s=120, command=command) as client:
            indexing = Indexing(home, Path(place, "music"))
            indexing.next()
            begun = time.monotonic()
            traffic.until = begun + options.seconds
            with indexing:
                samples = soak(traffic, client.run.pid, options.samples, [temporary, home.cache])
            print(f"{traffic.done} requests in {time.monotonic() - begun:.0f} s, beside them")
            print(f"{indexing.rounds} rounds of indexing: {dict(traffic.ended)}")
            good = verdict(samples, home.log_file)
            client.stop()
    good &= not any(key.startswith(("BROKEN", "lost")) for key in traffic.ended)
    print("kept" if good else "BROKEN")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
