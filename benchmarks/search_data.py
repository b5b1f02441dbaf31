"""Make a library of any size without encoding anything: clustered vectors with invented pieces.

Vectors are a mixture of styles, pieces in styles and 15 stretches in each piece, over 96 directions of
falling weight, with noise in all others. Of a million rows the nearest, the 10th and the 100th to a
question lie at cosines of 0.84, 0.82 and 0.79, two rows at random at 0.08. Each of 20 keys is that of 5 %
of the pieces; half of them are scores, 40 % performances, the rest recordings. The same seed gives the
same library.

    python benchmarks/search_data.py FOLDER --rows 1000000

writes vectors.npy, questions.npy and pieces.npz; FOLDER/home is a home whose library holds them.
"""

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path

import lancedb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clamp3_plugin.config import Home
from clamp3_plugin.library import arrow
from clamp3_plugin.library.entries import file_id, piece_id
from clamp3_plugin.library.tables import table_stem

DIM, SPACE = 768, "bench-768"
ROWS_OF_A_PIECE = 15
MODALITIES = ("score", "performance", "audio")
KEYS = ("C", "G", "D", "A", "E", "B", "F", "Bb", "Eb", "Ab", "Am", "Em", "Bm", "Dm", "Gm", "Cm",
        "Fm", "F#m", "C#m", "G#m")  # fmt: skip
_RANK, _STYLES, _STEP = 96, 256, 4096
_WEIGHTS = {"style": 0.85, "piece": 0.42, "stretch": 0.24, "mean": 0.27, "noise": 0.24}


class Mixture:
    """What vectors are drawn from."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        self._basis = np.linalg.qr(rng.standard_normal((DIM, _RANK)))[0].T.astype(np.float32)
        falling = np.arange(1, _RANK + 1) ** -0.5
        self._falling = (falling / np.linalg.norm(falling)).astype(np.float32)
        styles = rng.standard_normal((_STYLES, _RANK)).astype(np.float32) * self._falling
        self._styles = styles * _WEIGHTS["style"]
        mean = rng.standard_normal(DIM).astype(np.float32)
        self._mean = mean / np.linalg.norm(mean) * _WEIGHTS["mean"]
        shares = np.arange(1, _STYLES + 1) ** -0.7
        self._shares = shares / shares.sum()

    def draw(
        self, pieces: int, seed: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Draw pieces: the style of each, and ``ROWS_OF_A_PIECE`` unit vectors of each."""
        rng = np.random.default_rng(seed)
        for first in range(0, pieces, _STEP):
            count = min(_STEP, pieces - first)
            styles = rng.choice(_STYLES, count, p=self._shares)
            spread = rng.standard_normal((count, _RANK), np.float32) * self._falling
            piece = self._styles[styles] + spread * _WEIGHTS["piece"]
            rows = count * ROWS_OF_A_PIECE
            spread = rng.standard_normal((rows, _RANK), np.float32) * self._falling
            latent = np.repeat(piece, ROWS_OF_A_PIECE, 0) + spread * _WEIGHTS["stretch"]
            noise = rng.standard_normal((rows, DIM), np.float32) * (_WEIGHTS["noise"] / DIM**0.5)
            vectors = latent @ self._basis + self._mean + noise
            yield styles, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def make(folder: Path, rows: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    mixture, pieces = Mixture(), rows // ROWS_OF_A_PIECE
    questions = np.concatenate([v[::ROWS_OF_A_PIECE] for _, v in mixture.draw(400, 99)])
    np.save(folder / "questions.npy", questions)
    shape = (pieces * ROWS_OF_A_PIECE, DIM)
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float16, shape)
    styles = []
    at = 0
    for of_pieces, drawn in mixture.draw(pieces, 7):
        vectors[at : at + len(drawn)] = drawn
        at += len(drawn)
        styles.append(of_pieces)
    vectors.flush()
    rng = np.random.default_rng(5)
    keys = rng.integers(0, len(KEYS), pieces)
    modalities = rng.choice(len(MODALITIES), pieces, p=[0.5, 0.4, 0.1])
    np.savez(folder / "pieces.npz", style=np.concatenate(styles), key=keys, modality=modalities)


def paths_of(styles: NDArray[np.int64]) -> list[str]:
    return [f"/music/style{style:03}/{number:06}.mid" for number, style in enumerate(styles)]


def fill(folder: Path) -> None:
    """Write the tables at once, as a library has them after its first run."""
    about = dict(np.load(folder / "pieces.npz"))
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    paths = paths_of(about["style"])
    library = Home.locate(str(folder / "home")).library
    library.mkdir(parents=True, mode=0o700)
    stem, database = table_stem(SPACE), lancedb.connect(library)
    schema = arrow.passages_schema(DIM).with_metadata({"space": SPACE})
    batches = (
        _batch(schema, paths, about, vectors, first) for first in range(0, len(paths), _STEP)
    )
    reader = pa.RecordBatchReader.from_batches(schema, batches)
    database.create_table(f"{stem}.passages", data=reader, schema=schema)
    schema = arrow.FILES.with_metadata({"space": SPACE})
    database.create_table(f"{stem}.files", data=_files(paths).cast(schema), schema=schema)


def _files(paths: list[str]) -> pa.Table:
    count = len(paths)
    same: dict[str, object] = {
        "size": 1000, "mtime_ns": 10**18, "inode": 0, "status": "indexed", "reason": "",
        "message": "", "pieces": 1, "passages": ROWS_OF_A_PIECE - 1, "content": "",
    }  # fmt: skip
    columns = {name: [value] * count for name, value in same.items()}
    columns |= {"path": paths, "file_id": [file_id(path) for path in paths]}
    columns["sha256"] = [_sha256(path) for path in paths]
    return pa.table(columns).select(arrow.FILES.names)


def _batch(
    schema: pa.Schema,
    paths: list[str],
    about: dict[str, NDArray[np.int64]],
    vectors: NDArray[np.float16],
    first: int,
) -> pa.RecordBatch:
    chosen = range(first, min(first + _STEP, len(paths)))
    rows = np.array(vectors[chosen.start * ROWS_OF_A_PIECE : chosen.stop * ROWS_OF_A_PIECE])
    number = np.tile(np.arange(ROWS_OF_A_PIECE), len(chosen))
    whole = number == 0
    each = {
        "file_id": [file_id(paths[i]) for i in chosen],
        "piece_id": [piece_id(paths[i], 1) for i in chosen],
        "path": [paths[i] for i in chosen],
        "modality": [MODALITIES[about["modality"][i]] for i in chosen],
        "title": [f"Piece {i}" for i in chosen],
        "composer": [f"Composer {i % 997}" for i in chosen],
        "key": [KEYS[about["key"][i]] for i in chosen],
        "tempo": [60.0 + i % 120 for i in chosen],
        "sha256": [_sha256(paths[i]) for i in chosen],
    }
    same: dict[str, object] = {
        "tune": 1, "lyricist": "", "meter": "4/4", "instruments": ["Piano"], "bars": 112,
        "duration": 140.0, "size": 1000, "mtime_ns": 10**18, "artist": "", "album": "",
        "tempo_is_estimated": False, "printed_first": None, "printed_last": None,
        "fingerprint": None,
    }  # fmt: skip
    columns: dict[str, object] = {name: [value] * len(number) for name, value in same.items()}
    columns |= {name: np.repeat(values, ROWS_OF_A_PIECE).tolist() for name, values in each.items()}
    names = zip(columns["piece_id"], number, strict=True)  # type: ignore[call-overload]
    columns |= {"id": [f"{piece}.{k}" for piece, k in names], "stretch": number, "whole": whole}
    columns |= {
        "first_bar": pa.array(number * 8 - 7, mask=whole), "last_bar": pa.array(number * 8, mask=whole),
        "start": pa.array(number * 10.0 - 10, mask=whole), "end": pa.array(number * 10.0, mask=whole),
        "crc32": arrow.checksums(rows),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), DIM),
    }  # fmt: skip
    arrays = [
        columns[field.name].cast(field.type)
        if isinstance(columns[field.name], pa.Array)
        else pa.array(columns[field.name], field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _sha256(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    make(options.folder, options.rows)
    fill(options.folder)
    print(f"{options.folder}: {options.rows} rows of {DIM}")


if __name__ == "__main__":
    main()
