"""How soon a daemon answers that was not there: its state, a first text, a first score.

    python benchmarks/start.py [--times 7] [--json FILE]

Each time a daemon is started in a home of its own, with an empty library, and asked for its state at once;
another time for the tags of a text, another for those of a tune. Beside it, in turn: a Python that does
nothing, one that imports torch, and one that loads the model and encodes the same text (what nobody can
be quicker than). Files are in the memory of the system, as after the first start of a day.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.client.start import SERVE
from clamp3_plugin.config import Home
from clamp3_plugin.query import Source

TEXT = "a lively jig in G major"
TUNE = b"X:1\nT:Asked\nM:6/8\nL:1/8\nK:G\nGAB cde|dBG AFD|GAB cde|dcA G3|\n"
LOAD = "from clamp3_models import load_model; model = load_model(); model.encode_text([{text!r}])"


def state(client: Client) -> None:
    client.status()


def text(client: Client) -> None:
    client.tag(Source(text=TEXT), ("en",), 3)


def tune(client: Client) -> None:
    client.tag(Source(data=TUNE, name="tune.abc"), ("en",), 3)


def started(ask: Callable[[Client], None]) -> float:
    """Start a daemon and ask it; seconds until the answer is here."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home.locate(folder)
        home.create()
        begun = time.perf_counter()
        with ensure_daemon(home, command=SERVE) as client:
            ask(client)
            took = time.perf_counter() - begun
            client.stop()
    return took


def python(program: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    ways: dict[str, Callable[[], float]] = {
        "daemon: its state": lambda: started(state),
        "daemon: tags of a text": lambda: started(text),
        "daemon: tags of a tune": lambda: started(tune),
        "python -c pass": lambda: python("pass"),
        "python -c 'import torch'": lambda: python("import torch"),
        "python: load mini, encode the text": lambda: python(LOAD.format(text=TEXT)),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.times):
        for name, way in ways.items():
            took[name].append(1000 * way())
    print("| | median ms | best ms |\n|---|---|---|")
    for name, times in took.items():
        print(f"| {name} | {statistics.median(times):.0f} | {min(times):.0f} |")
    if options.json:
        options.json.write_text(json.dumps(took, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
