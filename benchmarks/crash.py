"""Kill writers and cut the power, many times; say what was lost (P7, P8 and P15 of the security page).

A process indexes, indexes again, forgets, compacts and brings old libraries up to date until it is
killed at a random moment; then the library is opened, every row is compared with what was
acknowledged, and the next process goes on with it. The power is cut at random moments around each
wait for the disk, and at each kill of a second series: what was not waited for is whole, empty, cut or
gone. Exit code 1 if anything acknowledged is lost, or a library does not open.

    python benchmarks/crash.py [--kills 100] [--cuts 100] [--seed 1]
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.core.crash.crashes import Cut, Death, cut_power, cuts, live_and_die, make_old, opened
from tests.core.crash.model import State

_READY_S = 5.0


class Tally:
    """What became of the libraries."""

    def __init__(self) -> None:
        self.steps: Counter[str] = Counter()
        self.opened_s: list[float] = []
        self.robbed = 0
        self.undone = 0
        self.bad: list[str] = []

    def look(self, folder: Path, death: Death | Cut, what: str) -> State:
        """Open what was left, compare it; gives what it holds."""
        self.steps[death.step] += 1
        try:
            state, took_s = opened(folder)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            self.bad.append(f"{what} in {death.step}: {type(error).__name__}: {error}")
            shutil.rmtree(folder)
            return {}
        self.opened_s.append(took_s)
        self.undone += state == death.acknowledged != death.in_flight
        if state not in (death.acknowledged, death.in_flight):
            self.bad.append(f"{what} in {death.step}: {len(state)} files")
        return state

    def tell(self, title: str) -> bool:
        """Print it; tells whether all is well."""
        slowest = max(self.opened_s, default=0.0)
        print(f"{title}: {self.steps.total()}, {dict(self.steps)}")
        print(
            f"  files missing, empty or cut in {self.robbed}; batch in flight undone {self.undone}"
        )
        print(
            f"  opened again in at most {slowest:.2f} s (at most {_READY_S:.0f}); bad {len(self.bad)}"
        )
        for each in self.bad:
            print(f"  BAD {each}")
        sys.stdout.flush()
        return not self.bad and slowest <= _READY_S


def fresh(folder: Path, number: int) -> State:
    """Begin another library now and then; most of them as an old version made it."""
    shutil.rmtree(folder, ignore_errors=True)
    return make_old(folder) if number % 4 else {}


def killed(folder: Path, count: int, seed: int, *, power: bool) -> Tally:
    """Kill ``count`` processes one after the other; with ``power``, cut it at the same moment."""
    tally, delays, state = Tally(), random.Random(seed), fresh(folder, 1)  # noqa: S311 - no secret
    for number in range(count):
        if number % 8 == 7:
            state = fresh(folder, number // 8)
        death = live_and_die(folder, seed + number, state, delays.uniform(-0.3, 1.0))
        if power:
            tally.robbed += bool(cut_power(folder, seed + number))
        state = tally.look(folder, death, f"kill {number}")
    return tally


def cut(folder: Path, count: int, seed: int) -> Tally:
    """Cut the power ``count`` times at moments around the waits for the disk."""
    tally = Tally()
    for number in range(count):
        state = fresh(folder, number)
        for each in cuts(folder, seed + number, state, length=6, share=0.06):
            tally.look(each.folder, each, f"cut {tally.steps.total()}")
            tally.robbed += bool(each.lost)
            if tally.steps.total() == count:
                return tally
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--cuts", type=int, default=100, help="half with kills, half without")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "library")
        kills = killed(folder, options.kills, options.seed, power=False)
        good = kills.tell("kills")
        with_kills = options.cuts // 2
        good &= killed(folder, with_kills, options.seed + 1000, power=True).tell(
            "power cuts with a kill"
        )
        good &= cut(folder, options.cuts - with_kills, options.seed + 2000).tell(
            "power cuts around the waits for the disk"
        )
    print(f"{time.monotonic() - begun:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
