"""How long the picture of a hit takes: eight bars out of the middle of each of a hundred real scores.

    clamp3 demo
    python benchmarks/web_previews.py HOME_OF_THE_DEMO

The home is the ``demo`` folder below the data folder that ``clamp3 doctor`` names. Pictures are asked by
HTTP from a daemon that was just started, so that none is remembered; the first ever, for which the
worker starts, stands apart. They are as wide and as high as
the page asks for them. The scores are spread over the library and have up to 500 bars.
"""

import http.client
import json
import statistics
import sys
import time
from collections import defaultdict
from pathlib import PurePath

from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home

SCORES = 100
MOST_BARS = 500
LEAST_BARS = 8


def main() -> None:
    home = Home.locate(sys.argv[1])
    with ensure_daemon(home) as client:
        client.stop()
    with ensure_daemon(home) as client:
        connection = http.client.HTTPConnection("127.0.0.1", client.run.port)
        headers = {"Authorization": f"Bearer {client.run.token}"}

        def get(path: str) -> tuple[bytes, float]:
            begun = time.perf_counter()
            connection.request("GET", path, headers=headers)
            reply = connection.getresponse()
            body = reply.read()
            took = 1000 * (time.perf_counter() - begun)
            if reply.status != 200:
                print(path, reply.status, body[:200])
            return body, took

        pieces: list[dict] = []
        while page := json.loads(get(f"/v1/pieces?limit=1000&offset={len(pieces)}")[0])["pieces"]:
            pieces += page
        fitting = [p for p in pieces if LEAST_BARS <= (p.get("bars") or 0) <= MOST_BARS]
        by_folder: dict[str, list[dict]] = defaultdict(list)
        for piece in fitting:
            path = PurePath(piece["path"])
            by_folder[path.name if path.suffix == ".abc" else path.parent.name].append(piece)
        chosen = _spread(by_folder)
        print(f"first of all, with the start of the worker: {get(_address(fitting[0]))[1]:.0f} ms")
        taken = [(get(_address(piece))[1], piece) for piece in chosen]
    times = sorted(took for took, _ in taken)
    bars = [piece["bars"] for piece in chosen]
    print(f"{len(taken)} scores of {min(bars)} to {max(bars)} bars:")
    print(
        f"median {statistics.median(times):.0f} ms, 95th percentile {times[94]:.0f} ms, "
        f"longest {times[-1]:.0f} ms; {sum(t < 100 for t in times)} of {len(times)} under 100 ms"
    )
    for took, piece in sorted(taken, key=lambda each: -each[0])[:12]:
        print(f"  {took:6.0f} ms {piece['bars']:4d} bars  {PurePath(piece['path']).name}")


def _spread(by_folder: dict[str, list[dict]]) -> list[dict]:
    """Take turns between the folders, long scores first, so that none is left out."""
    queues = [sorted(each, key=lambda p: -p["bars"]) for each in by_folder.values()]
    chosen: list[dict] = []
    while len(chosen) < SCORES and any(queues):
        for queue in queues:
            if queue and len(chosen) < SCORES:
                chosen.append(queue.pop(0))
    return chosen


def _address(piece: dict) -> str:
    middle = max(1, piece["bars"] // 2 - 4)
    last = min(piece["bars"], middle + 7)
    return f"/v1/pieces/{piece['id']}/preview.svg?bars={middle}-{last}&width=1400&height=900"


if __name__ == "__main__":
    main()
