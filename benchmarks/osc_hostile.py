"""What a flood of hostile datagrams does to the OSC bridge, and to somebody who asks it meanwhile.

Starts ``clamp3 bridge osc`` for a home whose library holds something, with the model in use. Somebody asks by
words every tenth of a second, first alone, then amid 20,000 datagrams: those that hang python-osc, the corpus
of tests/hostile, noise, changed messages, and questions without the token; one in twenty has the token and is
wrong otherwise. The last line is the bridge's own: how many datagrams reached it. Linux only: it looks
into /proc.

    python benchmarks/osc_hostile.py --home FOLDER [--rates 2000,5000]
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clamp3_bridges.osc.queries import FindText
from clamp3_plugin.config import Home
from tests.bridges.osc.flood import Asked, ask_steadily, flood
from tests.bridges.serving import Bridge, bridging

TIMES = 3
"""No answer amid the flood may take longer than so many times the median of those before it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process holds."""

    kib: int
    threads: int
    descriptors: int


def look(pid: int) -> Sample:
    """Look at a process."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    told = dict(line.split(":", 1) for line in lines)
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Sample(int(told["VmRSS"].split()[0]), int(told["Threads"]), descriptors)


def shown(name: str, asked: Asked) -> str:
    """Say in milliseconds what an asker heard."""
    ms = sorted(1000 * seconds for seconds in asked.seconds)
    p95 = ms[int(0.95 * (len(ms) - 1))]
    median = 1000 * asked.median
    return f"{name:26} n={len(ms):4} lost {asked.lost}  median {median:6.1f}  p95 {p95:6.1f}  max {ms[-1]:6.1f} ms"


def for_seconds(seconds: float) -> Callable[[], bool]:
    """Give what tells when so much time has passed."""
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= end


def measure(bridge: Bridge, count: int, rates: list[float]) -> bool:
    """Measure and print; gives whether all is as it should be."""
    is_good = True
    context = multiprocessing.get_context(
        "spawn"
    )  # the flood shares no lock of Python's with who asks
    with bridge.peer() as peer, ProcessPoolExecutor(1, context) as pool:
        peer.ask(FindText("first", "a jig"))  # starts the daemon, where none runs
        ask_steadily(peer, "warm", for_seconds(3.0))
        pool.submit(flood, bridge.port, bridge.token, 500, 1000.0).result()
        run = f"{time.time():.0f}"  # in each question: the daemon remembers words that it knows
        alone = ask_steadily(peer, f"alone {run} ", for_seconds(10.0))
        print(shown("alone", alone))
        before = look(bridge.pid)
        for rate in rates:
            running = pool.submit(flood, bridge.port, bridge.token, count, rate)
            amid = ask_steadily(peer, f"{rate} {run} ", running.done)
            flooded, after = running.result(), look(bridge.pid)
            actual = flooded.sent / flooded.seconds
            print(shown(f"amid {actual:,.0f} a second", amid))
            print(
                f"  answers to strangers {flooded.to_strangers}, other than errors to insiders"
                f" {flooded.to_insiders}; longest / median alone {amid.longest / alone.median:.2f}"
            )
            print(f"  {before} -> {after}")
            is_good = is_good and not (amid.lost or flooded.to_strangers or flooded.to_insiders)
            is_good = is_good and amid.longest <= TIMES * alone.median
    return is_good


def main() -> int:
    """Start the bridge, measure, end it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True, help="home whose library is asked")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument(
        "--rates", default="2000,5000", help="datagrams a second, one after another"
    )
    options = parser.parse_args()
    rates = [float(rate) for rate in options.rates.split(",")]
    with bridging(Home.locate(str(options.home))) as bridge:
        is_good = measure(bridge, options.count, rates)
    print("all as it should be" if is_good else "NOT as it should be")
    return 0 if is_good else 1


if __name__ == "__main__":
    raise SystemExit(main())
