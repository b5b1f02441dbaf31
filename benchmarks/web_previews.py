"""How long the picture of a hit takes: eight bars out of the middle of each of a hundred real scores.

    clamp3 demo
    python benchmarks/web_previews.py HOME_OF_THE_DEMO

The home is the ``demo`` folder below the data folder that ``clamp3 doctor`` names. Pictures are asked by
HTTP from a daemon that was just started, so that none is remembered; the first ever, for which the
worker starts, stands apart. They are as wide and as high as the page asks for them. The scores have up to
500 bars and are spread evenly over the folders and tune books of the library, long ones first.

Beside the time by the clock stands the processor time of the daemon and its workers (Linux), which is
nearly the same on a machine that does much else.
"""

import http.client
import json
import os
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home

SCORES = 100
MOST_BARS = 500
MOST_MS = 100
LEAST_BARS = 8


def main() -> None:
    home = Home.locate(sys.argv[1])
    with ensure_daemon(home) as client:
        client.stop()
    with ensure_daemon(home) as client:
        connection = http.client.HTTPConnection("127.0.0.1", client.run.port)
        headers = {"Authorization": f"Bearer {client.run.token}"}

        def get(path: str) -> tuple[bytes, float, float]:
            used = _processor_ms(client.run.pid)
            begun = time.perf_counter()
            connection.request("GET", path, headers=headers)
            reply = connection.getresponse()
            body = reply.read()
            took = 1000 * (time.perf_counter() - begun)
            if reply.status != 200:
                print(path, reply.status, body[:200])
            return body, took, _processor_ms(client.run.pid) - used

        pieces: list[dict] = []
        while page := json.loads(get(f"/v1/pieces?limit=1000&offset={len(pieces)}")[0])["pieces"]:
            pieces += page
        chosen = _spread(pieces)
        print(f"load {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
        print(f"first of all, with the start of the worker: {get(_address(chosen[0]))[1]:.0f} ms")
        taken = [(*get(_address(piece))[1:], piece) for piece in chosen[1:]]
    bars = [piece["bars"] for piece in chosen]
    print(f"{len(taken)} scores of {min(bars)} to {max(bars)} bars:")
    _tell("by the clock", [took for took, _, _ in taken])
    _tell("processor", [used for _, used, _ in taken])
    for took, used, piece in sorted(taken, key=lambda each: -each[1])[:12]:
        name = f"{PurePath(piece['path']).name} {piece['tune']}"
        print(f"  {took:6.0f} ms, processor {used:4.0f} ms {piece['bars']:4d} bars  {name}")


def _tell(what: str, times: Sequence[float]) -> None:
    ordered = sorted(times)
    print(
        f"{what}: median {statistics.median(ordered):.0f} ms, "
        f"95th percentile {ordered[94 * len(ordered) // 100]:.0f} ms, longest {ordered[-1]:.0f} ms; "
        f"{sum(time < MOST_MS for time in ordered)} of {len(ordered)} under {MOST_MS} ms"
    )


def _processor_ms(pid: int) -> float:
    """Add up what the threads of a process and of its children have had of the processor."""
    return sum(int((thread / "schedstat").read_text().split()[0]) / 1e6 for thread in _threads(pid))


def _threads(pid: int) -> Iterator[Path]:
    for thread in Path("/proc", str(pid), "task").glob("*"):
        yield thread
        for child in (thread / "children").read_text().split():
            yield from _threads(int(child))


def _spread(pieces: Sequence[dict]) -> list[dict]:
    """Take turns between the folders and books, long scores first, so that none is left out."""
    tunes = Counter(piece["path"] for piece in pieces)
    by_folder: dict[PurePath, list[dict]] = defaultdict(list)
    for piece in pieces:
        if LEAST_BARS <= (piece.get("bars") or 0) <= MOST_BARS:
            path = PurePath(piece["path"])
            by_folder[path if tunes[piece["path"]] > 1 else path.parent].append(piece)
    queues = [sorted(each, key=lambda p: -p["bars"]) for each in by_folder.values()]
    chosen: list[dict] = []
    while len(chosen) <= SCORES and any(queues):
        for queue in queues:
            if queue and len(chosen) <= SCORES:
                chosen.append(queue.pop(0))
    return chosen


def _address(piece: dict) -> str:
    middle = max(1, piece["bars"] // 2 - 4)
    last = min(piece["bars"], middle + 7)
    return f"/v1/pieces/{piece['id']}/preview.svg?bars={middle}-{last}&width=1400&height=900"


if __name__ == "__main__":
    main()
