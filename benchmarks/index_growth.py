"""How indexing grows with the library: rows written through ``Library.add``, batch by batch.

    python benchmarks/index_growth.py FOLDER --rows 1000000 [--updates 10000]

FOLDER is one of search_data.py, whose vectors are put in, 64 files of 15 rows at a time, as a run of the
indexer does; what an encoder would take is left out. Seconds are CPU seconds of all threads, so that a
loaded machine does not bend the curve. With --updates that many single files are indexed again instead,
in a library of --rows, and the bytes on the disk are compared with those of a fresh build.
"""

import argparse
import json
import shutil
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
from search_data import DIM, KEYS, MODALITIES, ROWS_OF_A_PIECE, SPACE, paths_of

from clamp3_plugin.library.entries import FileEntry, FileRecord, PieceEntry, Stamp
from clamp3_plugin.library.library import Library
from clamp3_plugin.music import Metadata, Modality, Passage

_FILES = 64


class Rows:
    """Entries made of the vectors of a folder."""

    def __init__(self, folder: Path) -> None:
        self._vectors = np.load(folder / "vectors.npy", mmap_mode="r")
        about = np.load(folder / "pieces.npz")
        self._paths = paths_of(about["style"])
        self._keys, self._modalities = about["key"], about["modality"]
        self._passages = tuple(
            Passage(8 * k + 1, 8 * k + 8, 10.0 * k, 10.0 * k + 10)
            for k in range(ROWS_OF_A_PIECE - 1)
        )

    def entry(self, number: int, sha256: str = "0" * 64) -> FileEntry:
        """Give a file of one piece."""
        rows = slice(number * ROWS_OF_A_PIECE, (number + 1) * ROWS_OF_A_PIECE)
        vectors = self._vectors[rows].astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        metadata = Metadata(title=f"Piece {number}", key=KEYS[self._keys[number]])
        modality = Modality(MODALITIES[self._modalities[number]])
        piece = PieceEntry(modality, metadata, self._passages, vectors)
        record = FileRecord(
            self._paths[number], Stamp(1000, 10**18), sha256, pieces=1, passages=len(self._passages)
        )
        return FileEntry(record, (piece,))


def grow(library: Library, rows: Rows, total: int, marks: list[int]) -> list[dict[str, float]]:
    points = []
    begun, cpu = time.perf_counter(), time.process_time()
    pieces = total // ROWS_OF_A_PIECE
    for first in range(0, pieces, _FILES):
        library.add([rows.entry(i) for i in range(first, min(first + _FILES, pieces))])
        there = min(first + _FILES, pieces) * ROWS_OF_A_PIECE
        if marks and there >= marks[0]:
            marks.pop(0)
            library.compact()  # as the run would end here
            seconds, taken = time.perf_counter() - begun, time.process_time() - cpu
            points.append({"rows": there, "s": round(seconds, 1), "cpu_s": round(taken, 1)})
            print(json.dumps(points[-1]), flush=True)
    return points


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--updates", type=int, default=0)
    options = parser.parse_args()
    rows, place = Rows(options.folder), options.folder / "growth"
    shutil.rmtree(place, ignore_errors=True)
    with Library.open(place, SPACE, DIM) as library:
        if not options.updates:
            marks = [n for n in (10**4, 3 * 10**4, 10**5, 3 * 10**5, 10**6) if n < options.rows]
            grow(library, rows, options.rows, [*marks, options.rows - ROWS_OF_A_PIECE * _FILES])
            return
        grow(library, rows, options.rows, [])
        library.compact(timedelta(milliseconds=1))
        fresh = library.stats().bytes_on_disk
        most = fresh
        begun = time.perf_counter()
        for number in range(options.updates):
            place_of = number * 7919 % (options.rows // ROWS_OF_A_PIECE)
            library.add([rows.entry(place_of, f"{number:064x}")])
            if number % 200 == 0:
                most = max(most, library.stats().bytes_on_disk)
        seconds = time.perf_counter() - begun
        before = library.stats().bytes_on_disk
        library.compact(timedelta(milliseconds=1))
        after = library.stats().bytes_on_disk
        figures = {
            "updates": options.updates, "ms_each": round(1000 * seconds / options.updates, 1),
            "fresh": fresh, "most": most, "before": before, "after": after,
            "ratio": round(after / fresh, 3), "problems": list(library.check().problems),
        }  # fmt: skip
        print(json.dumps(figures))


if __name__ == "__main__":
    sys.exit(main())
