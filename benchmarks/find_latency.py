"""How long one `clamp3 find` takes with a warm daemon, beside `python -c 'import click'`.

Both commands run in turn, as whole processes, so that whatever else the machine does hits both alike.
The library is the demo's: run `clamp3 demo` first, or name a folder with --music.

    python benchmarks/find_latency.py [--calls 50] [--home FOLDER]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from clamp3_plugin.client import Client
from clamp3_plugin.config import Home
from clamp3_plugin.query import Query, Source

QUESTIONS = (
    "lively Irish jig", "slow waltz in G major", "string quartet", "four-part chorale",
    "chinesisches Volkslied", "reel irlandais", "조용한 피아노", "古典钢琴奏鸣曲", "marssi", "مازوركا",
)  # fmt: skip


def seconds_of(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    begun = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return time.perf_counter() - begun, done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--home", type=Path, required=True, help="home whose library is asked")
    options = parser.parse_args()
    environment = {**os.environ, "CLAMP3_HOME": str(options.home)}
    clamp3 = str(Path(sys.executable).with_name("clamp3"))
    seconds_of([clamp3, "find", "warm up"], environment)
    finds, imports = [], []
    for i in range(options.calls):
        # the number makes each question new, so that the daemon encodes every one
        question = f"{QUESTIONS[i % len(QUESTIONS)]} {i}"
        finds.append(seconds_of([clamp3, "find", "--text", question], environment)[0])
        imports.append(seconds_of([sys.executable, "-c", "import click"], environment)[0])
    daemon = json.loads(seconds_of([clamp3, "daemon", "status", "--json"], environment)[1])
    find, reference = statistics.median(finds), statistics.median(imports)
    print(
        f"clamp3 find, whole process   median {1000 * find:7.1f} ms  best {1000 * min(finds):7.1f}"
    )
    print(
        f"python -c 'import click'     median {1000 * reference:7.1f} ms  best {1000 * min(imports):7.1f}"
    )
    print(f"ratio of medians             {find / reference:.2f}   (at most 2.5)")
    print(
        f"took_ms, spent in the daemon {_took_ms(options.home):.1f} ms median of the same questions"
    )
    print(f"daemon                       {daemon}")
    return 0 if find <= 2.5 * reference else 1


def _took_ms(home: Path) -> float:
    took = []
    with Client.connect(Home.locate(str(home))) as client:
        for i, question in enumerate(QUESTIONS * 5):
            client.find(Query((Source(text=f"{question} anew {i}"),)))
            took.append(client.took_ms)
    return statistics.median(took)


if __name__ == "__main__":
    sys.exit(main())
