"""Ray with one and with two workers, and what a commit costs: the units of docs/scale.md.

    python benchmarks/scale.py workers [--files 1500] [--rounds 2] [--workers 1 2]
    python benchmarks/scale.py commit [--fragments 5000]
    python benchmarks/scale.py memory [--files 100000]

``workers`` embeds the same invented tunes with mini by one and by several workers by turns, into a new
library each time. The rate is that of the files after the first batch of a run, so without the start of
Ray and of the workers, which is told beside it. Two workers can be twice as quick as one only where each
has a core that nobody else wants: the load and the cores are told too.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

from clamp3_plugin.library.bulk import BulkLibrary
from clamp3_plugin.library.entries import FileEntry, FileRecord, PieceEntry, Stamp
from clamp3_plugin.library.library import Library
from clamp3_plugin.music import Metadata, Modality, Passage

DIM = 768


def write_tunes(folder: Path, count: int) -> None:
    chance = random.Random(1)  # noqa: S311 - invented tunes
    folder.mkdir()
    for number in range(count):
        bars = "|".join("".join(chance.choices("CDEFGABcdefgab", k=8)) for _ in range(32))
        text = f"X:1\nT:Tune {number}\nM:4/4\nL:1/8\nK:C\n{bars}|\n"
        (folder / f"{number}.abc").write_text(text)


def run(home: Path, music: Path, workers: int) -> tuple[float, float]:
    """Index; gives files a second after the first batch, and the seconds until that was there."""
    words = ["index", str(music), "--engine", "ray", "--workers", str(workers), "--json"]
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "clamp3_cli", "--home", str(home), *words],
        env={**os.environ, "RAY_worker_niceness": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None  # noqa: S101
        came = [
            time.perf_counter() - begun
            for line in process.stdout
            if json.loads(line).get("status") == "indexed"
        ]
    batches = np.split(came, np.flatnonzero(np.diff(came) > 0.05) + 1)  # a batch is told at once
    later = len(came) - len(batches[0])
    return later / (came[-1] - batches[0][-1]), came[0]


def workers(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder, "music")
        write_tunes(music, options.files)
        print(f"{os.cpu_count()} cores, {options.files} tunes of 32 bars, mini, 1 thread a worker")
        print("| workers | files a second | until the first batch s | load |\n|---|---|---|---|")
        rates: dict[int, list[float]] = {}
        for number in range(options.rounds):
            for count in options.workers:
                home = Path(folder, f"home-{number}-{count}")
                rate, start = run(home, music, count)
                rates.setdefault(count, []).append(rate)
                load = os.getloadavg()[0]
                print(f"| {count} | {rate:.1f} | {start:.1f} | {load:.1f} |", flush=True)
        best = {count: max(found) for count, found in rates.items()}
        first = best[options.workers[0]]
        print(", ".join(f"{count}: {rate / first:.2f} times" for count, rate in best.items()))


def entry(number: int, vectors: np.ndarray) -> FileEntry:
    passages = tuple(Passage(8 * i + 1, 8 * i + 8) for i in range(len(vectors) - 1))
    metadata = Metadata(title=f"Piece {number}", composer="Nobody", key="G", bars=32)
    piece = PieceEntry(Modality.SCORE, metadata, passages, vectors)
    record = FileRecord(
        f"/music/{number % 1000}/{number}.abc", Stamp(1000, number), f"{number:064x}",
        pieces=1, passages=len(passages),
    )  # fmt: skip
    return FileEntry(record, (piece,))


def unit_rows(count: int) -> np.ndarray:
    rows = np.random.default_rng(1).standard_normal((count, DIM)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def commit(options: argparse.Namespace) -> None:
    """Write many small fragments, commit them, and open the library as a reader does."""
    vectors = unit_rows(5)
    with tempfile.TemporaryDirectory() as folder:
        library = BulkLibrary(Path(folder, "library"), "s", DIM)
        writer = library.writer()
        begun = time.perf_counter()
        receipts = [writer.write([entry(n, vectors)]) for n in range(options.fragments)]
        written = time.perf_counter() - begun
        begun = time.perf_counter()
        library.commit(receipts, [], [])
        committed = time.perf_counter() - begun
        library.close()
        begun = time.perf_counter()
        far = Library.open(Path(folder, "library"), "s", DIM, read_only=True)
        opened = time.perf_counter() - begun
        print(f"{options.fragments} fragments written in {written:.1f} s, committed in")
        print(f"{committed:.2f} s; opened in {opened:.1f} s ({len(far.pieces())} pieces)")


def memory(options: argparse.Namespace) -> None:
    """Tell the bytes on the disk and in memory of a piece with five vectors."""
    vectors = unit_rows(5)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "library")
        library = BulkLibrary(place, "s", DIM, largest_exact=0)
        writer = library.writer()
        size = 10_000
        begun = time.process_time()
        receipts = [
            writer.write([entry(n, vectors) for n in range(first, first + size)])
            for first in range(0, options.files, size)
        ]
        written = time.process_time() - begun
        library.commit(receipts, [], [])
        begun = time.process_time()
        library.finish()
        finished = time.process_time() - begun
        library.close()
        tracemalloc.start()
        driver = BulkLibrary(place, "s", DIM, largest_exact=0)
        of_records = tracemalloc.get_traced_memory()[0]
        driver.close()
        del driver
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        reader = Library.open(place, "s", DIM, read_only=True, largest_exact=0)
        of_reader = tracemalloc.get_traced_memory()[0] - before
        on_disk = reader.stats().bytes_on_disk
    each = {"on the disk": on_disk, "the driver's records": of_records, "a reader": of_reader}
    print(f"{options.files} pieces of 5 rows of {DIM}: written in {written:.1f} CPU s, joined and")
    print(f"indexed in {finished:.1f} CPU s")
    for name, size in each.items():
        print(f"{name}: {size / options.files:.0f} bytes a piece")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    what = parser.add_subparsers(required=True)
    each = what.add_parser("workers")
    each.add_argument("--files", type=int, default=1500)
    each.add_argument("--rounds", type=int, default=2)
    each.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    each.set_defaults(run=workers)
    each = what.add_parser("commit")
    each.add_argument("--fragments", type=int, default=5000)
    each.set_defaults(run=commit)
    each = what.add_parser("memory")
    each.add_argument("--files", type=int, default=100_000)
    each.set_defaults(run=memory)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
