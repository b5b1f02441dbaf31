"""Index the files of the music21 corpus: share by format, speed, memory, reruns, kill -9.

    python benchmarks/index_corpus.py [--folder FOLDER] [--kill] [--list]

Three homes are made in a temporary folder: one run to its end and run again, and, with --kill, one
that is killed in the middle and run again; the rows of both are compared.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

INDEX = [str(Path(sys.executable).with_name("clamp3")), "index", "--no-daemon", "--json"]


def corpus() -> Path:
    spec = find_spec("music21")
    assert spec is not None  # noqa: S101
    assert spec.submodule_search_locations  # noqa: S101
    return Path(spec.submodule_search_locations[0], "corpus")


def run(home: Path, folder: Path) -> tuple[list[dict[str, object]], float, float]:
    """Index; gives the JSON lines, the seconds and the peak memory in MB."""
    begun = time.perf_counter()
    environment = {**os.environ, "CLAMP3_HOME": str(home)}
    with subprocess.Popen(
        [*INDEX, str(folder)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None  # noqa: S101
        lines = [json.loads(line) for line in process.stdout]
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    return lines, time.perf_counter() - begun, usage.ru_maxrss / 1024


def table(files: Iterable[dict[str, object]]) -> str:
    """Write a Markdown table: for every ending, how many files are indexed, and why others are not."""
    outcomes: dict[str, Counter[str]] = {}
    for line in files:
        outcome = line["status"] if line["status"] == "indexed" else line.get("reason")
        suffix = Path(str(line["path"])).suffix.lower()
        outcomes.setdefault(suffix, Counter())[str(outcome)] += 1
    rows = ["| ending | files | indexed | not indexed |", "|---|---|---|---|"]
    for suffix, count in sorted(outcomes.items()):
        reasons = ", ".join(f"{n} {why}" for why, n in sorted(count.items()) if why != "indexed")
        rows.append(f"| `{suffix}` | {count.total()} | {count['indexed']} | {reasons or '-'} |")
    return "\n".join(rows)


def killed(home: Path, folder: Path, after: float) -> None:
    environment = {**os.environ, "CLAMP3_HOME": str(home)}
    process = subprocess.Popen(
        [*INDEX, str(folder)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()


def rows(home: Path) -> tuple[int, str]:
    """Count the rows of the library and hash their ids, places and vectors."""
    script = (
        "import lancedb,sys,hashlib;d=lancedb.connect(sys.argv[1]);h=hashlib.sha256();n=0\n"
        "for name in sorted(d.list_tables().tables):\n"
        "    t=d.open_table(name).to_arrow()\n"
        "    keep=[c for c in t.column_names if c in ('id','path','tune','first_bar','last_bar','start','end','vector')]\n"
        "    r=sorted(map(repr,t.select(keep).to_pylist()));n+=len(r);h.update('\\n'.join(r).encode())\n"
        "print(n,h.hexdigest())"
    )
    out = subprocess.run(
        [sys.executable, "-c", script, str(home / "data" / "library")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    count, digest = out.split()
    return int(count), digest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--list", action="store_true", help="name every file that was not indexed")
    options = parser.parse_args()
    folder = options.folder or corpus()
    with tempfile.TemporaryDirectory() as temporary:
        clean = Path(temporary, "clean")
        lines, seconds, peak = run(clean, folder)
        summary = lines[-1]["summary"]
        files = [line for line in lines[:-1] if "status" in line]
        good = sum(line["status"] == "indexed" for line in files)
        print(f"files {len(files)}, indexed {good} ({100 * good / len(files):.2f} %)  {summary}")
        print(table(files))
        for line in files if options.list else []:
            if line["status"] != "indexed":
                print("  ", line["status"], line["path"], line.get("reason"), line.get("message"))
        count, digest = rows(clean)
        print(f"{seconds:.1f} s, peak {peak:.0f} MB, {count} rows")
        _, again, _ = run(clean, folder)
        inner = run(clean, folder)[0][-1]["summary"]
        print(f"second run {again:.1f} s as a process; {inner}")
        if options.kill:
            broken = Path(temporary, "broken")
            killed(broken, folder, random.Random(0).uniform(0.3, 0.6) * seconds)  # noqa: S311
            run(broken, folder)
            print("same rows after kill -9:", rows(broken) == (count, digest))
    return 0


if __name__ == "__main__":
    sys.exit(main())
