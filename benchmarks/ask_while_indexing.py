"""Many ask while the library is being filled: no error, no answer that is of no version, and how soon.

Starts a daemon of its own with the model that ships, fills a library, lets 32 clients ask at leisure,
then again beside an index run that never ends, and compares the times. Exit code 1 if a promise of the
security page is broken (P11).

    python benchmarks/ask_while_indexing.py [--clients 32] [--seconds 60] [--pause 1.0]
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.client.start import SERVE
from clamp3_plugin.config import Home
from tests.core.load.askers import Heard, Indexing, ask


def tell(what: str, heard: Heard) -> None:
    print(
        f"{what:18} {len(heard.took_ms):6} answers, p95 {heard.p95_ms:7.1f} ms,"
        f" errors {dict(heard.errors)}, of no version {len(heard.wrong)} {heard.wrong[:2]}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=1.0, help="mean seconds between questions")
    parser.add_argument("--daemon", type=Path, help="another daemon: a Python file")
    options = parser.parse_args()
    command = (sys.executable, "-P", str(options.daemon.resolve())) if options.daemon else SERVE
    with tempfile.TemporaryDirectory() as folder:
        home = Home.locate(f"{folder}/home")
        with ensure_daemon(home, command=command, timeout_s=120) as client:
            indexing = Indexing(home, Path(folder, "music"))
            indexing.next()
            idle = ask(home, options.clients, options.seconds, options.pause)
            tell("idle", idle)
            with indexing:
                busy = ask(home, options.clients, options.seconds, options.pause)
            tell(f"beside {indexing.rounds - 1} rounds", busy)
            client.stop()
    ratio = busy.p95_ms / idle.p95_ms
    print(f"ratio of p95       {ratio:.2f}   (at most 2)")
    good = not (idle.errors or busy.errors or idle.wrong or busy.wrong) and ratio <= 2
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
