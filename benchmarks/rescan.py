"""How long a run over a folder takes in which nothing has changed, beside ``find`` over the same folder.

    python benchmarks/rescan.py FOLDER [--files 100000]

makes FOLDER with empty scores and a library that knows them, once, and looks through it three times.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clamp3_plugin.indexing.indexer import Indexer
from clamp3_plugin.library.entries import FileEntry, FileRecord, PieceEntry, Stamp
from clamp3_plugin.library.library import Library
from clamp3_plugin.music import Metadata, Modality
from clamp3_plugin.readers import registry
from tests.fakes import HashEncoder

_BATCH, _A_FOLDER = 5000, 500


def prepare(folder: Path, count: int, encoder: HashEncoder) -> None:
    music = (folder / "music").resolve()
    with Library.open(folder / "library", encoder.space, encoder.dim) as library:
        vector = np.eye(1, encoder.dim, dtype=np.float32)
        piece = PieceEntry(Modality.SCORE, Metadata(title="Reel"), (), vector)
        entries = []
        for number in range(count):
            path = music / f"{number // _A_FOLDER:04}" / f"{number:06}.abc"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            record = FileRecord(str(path), Stamp.of(path.stat()), f"{number:064x}", pieces=1)
            entries.append(FileEntry(record, (piece,)))
            if len(entries) == _BATCH or number == count - 1:
                library.add(entries)
                entries = []
        library.compact()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=100_000)
    options = parser.parse_args()
    encoder = HashEncoder()
    if not options.folder.exists():
        prepare(options.folder, options.files, encoder)
    opened, ran, walked = [], [], []
    for _ in range(3):
        begun = time.perf_counter()
        with Library.open(options.folder / "library", encoder.space, encoder.dim) as library:
            opened.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            summary = Indexer(library, encoder, registry).run([options.folder / "music"])
            ran.append(time.perf_counter() - begun)
        if summary.unchanged != options.files:
            raise SystemExit(f"not as expected: {summary}")
        begun = time.perf_counter()
        command = ["find", str(options.folder / "music"), "-size", "-1", "-newermt", "1970-01-01"]
        subprocess.run(command, capture_output=True, check=True)
        walked.append(time.perf_counter() - begun)
    figures = {
        "files": options.files,
        "open_s": round(min(opened), 2),
        "unchanged_run_s": round(min(ran), 2),
        "find_s": round(min(walked), 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
