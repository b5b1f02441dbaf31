"""How soon a live take is answered by OSC: from its last note to the first hit.

Starts ``clamp3 bridge osc`` for a home whose library holds something, with the model in use. Takes are played
note by note, faster than anybody plays, so that a suggestion is under way nearly always; then either
take/end follows the last note at once, and the first hit of the final answer counts; or nothing
follows, and the first hit of the suggestion that holds the last note counts. Last, somebody asks by words every
tenth of a second, alone and while a recording of eleven minutes is asked with.

    python benchmarks/osc_latency.py --home FOLDER [--takes 100] [--notes 30] [--gap 0.02]
"""

import argparse
import random
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clamp3_bridges.osc.answers import End, Failure, Result
from clamp3_bridges.osc.queries import Cancel, FindFile, TakeBegin, TakeEnd, TakeNote
from clamp3_plugin.config import Home
from tests.bridges.osc.flood import ask_steadily
from tests.bridges.osc.peer import Peer
from tests.bridges.serving import Bridge, bridging
from tests.core.tunes import RATE, played

MOST_MS = 150.0
SILENCE_S = 0.5
"""Without a suggestion for so long there comes none: the last one held the last note."""


def play(peer: Peer, name: str, notes: int, gap_s: float, chance: random.Random) -> float:
    """Play a take; gives when its last note was sent."""
    peer.send(TakeBegin(name))
    last = 0.0
    for i in range(notes):
        time.sleep(gap_s)
        peer.send(TakeNote(name, 55 + chance.randrange(24), 90, i * 0.2, 0.2))
        last = time.perf_counter()
    return last


def final_hit(peer: Peer, name: str) -> float:
    """Give when the first hit of the list came that ends; suggestions before it do not count."""
    came = 0.0
    while not isinstance(answer := peer.hear(), End):
        if isinstance(answer, Failure):
            raise SystemExit(f"The bridge says: {answer.message}")
        if isinstance(answer, Result) and answer.id == name and answer.rank == 1:
            came = time.perf_counter()
    return came


def last_suggestion(peer: Peer, name: str) -> float:
    """Give when the first hit of the last suggestion came."""
    came = 0.0
    while True:
        try:
            answer = peer.hear(SILENCE_S)
        except TimeoutError:
            return came
        if isinstance(answer, Result) and answer.id == name and answer.rank == 1:
            came = time.perf_counter()


def answered(peer: Peer, takes: int, notes: int, gap_s: float) -> list[float]:
    """Give the seconds from the last note, which take/end follows, to the first hit of the answer."""
    chance, times = random.Random(1), []  # noqa: S311 - no secret is made of it
    for number in range(takes):
        name = f"ended {number}"
        last = play(peer, name, notes, gap_s, chance)
        peer.send(TakeEnd(name))
        times.append(final_hit(peer, name) - last)
    return times


def suggested(peer: Peer, takes: int, notes: int, gap_s: float) -> list[float]:
    """Give the seconds from the last note, which nothing follows, to the first hit of its suggestion."""
    chance, times = random.Random(2), []  # noqa: S311 - no secret is made of it
    for number in range(takes):
        name = f"open {number}"
        last = play(peer, name, notes, gap_s, chance)
        times.append(last_suggestion(peer, name) - last)
        peer.send(Cancel(name))
        final_hit(peer, name)
    return times


def beside_a_recording(bridge: Bridge) -> str:
    """Ask by words, alone and beside a question that takes long; says how long each took."""
    long = bridge.home.data / "inbox" / "eleven minutes.wav"
    soundfile.write(long, np.tile(played(1, 60.0), 11), RATE)
    with bridge.peer() as slow, bridge.peer() as peer, ThreadPoolExecutor(1) as pool:
        begun = time.perf_counter()
        run = f"{time.time():.0f}"  # in each question: the daemon remembers words that it knows
        alone = ask_steadily(peer, f"alone {run} ", lambda: time.perf_counter() > begun + 5)
        begun = time.perf_counter()
        answer = pool.submit(slow.ask, FindFile("long", str(long), n=5))
        beside = ask_steadily(peer, f"beside {run} ", answer.done)
        seconds = time.perf_counter() - begun
    long.unlink()
    lines = [shown("words alone", [*alone.seconds]), shown("words beside it", [*beside.seconds])]
    told = f"eleven minutes of sound took {seconds:.1f} s and ended in {type(answer.result()[-1]).__name__}"
    return "\n".join([*lines, f"{told}; {alone.lost + beside.lost} of the others lost"])


def shown(name: str, times: list[float]) -> str:
    """Say median, 95th percentile and worst, in milliseconds."""
    ms = sorted(1000 * seconds for seconds in times)
    p95 = ms[int(0.95 * (len(ms) - 1))]
    return f"{name:24} n={len(ms):4}  median {statistics.median(ms):6.1f}  p95 {p95:6.1f}  max {ms[-1]:6.1f} ms"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True, help="home whose library is asked")
    parser.add_argument("--takes", type=int, default=100)
    parser.add_argument("--notes", type=int, default=30)
    parser.add_argument("--gap", type=float, default=0.02, help="seconds between two notes")
    options = parser.parse_args()
    how = (options.notes, options.gap)
    with bridging(Home.locate(str(options.home))) as bridge, bridge.peer() as peer:
        answered(peer, 3, *how)  # warms up
        final = answered(peer, options.takes, *how)
        print(shown("last note to first hit", final))
        print(shown("last note to suggestion", suggested(peer, options.takes, *how)))
        print(beside_a_recording(bridge))
    return 0 if 1000 * statistics.median(final) < MOST_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())
