"""Search at the size of FOLDER (search_data.py): the daemon, and other engines over the same rows.

    python benchmarks/search_scale.py FOLDER truth      compare with every vector, once
    python benchmarks/search_scale.py FOLDER engines    build faiss, hnswlib and usearch, once
    python benchmarks/search_scale.py FOLDER daemon     ask the real daemon over HTTP
    python benchmarks/search_scale.py FOLDER anchors    ask the others for the same recall

Everything is written to FOLDER/figures.json. Recall is that of the ten nearest pieces (daemon), or rows
(engines), as comparing in float32 with every stored vector names them.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from search_data import DIM, KEYS, MODALITIES, ROWS_OF_A_PIECE, paths_of

from clamp3_plugin.client import Client
from clamp3_plugin.config import Home
from clamp3_plugin.music import Modality
from clamp3_plugin.query import Filter, Query, Source

_QUESTIONS, _WARM = 200, 20
_BLOCK = 50_000
_KEY = "G"


def note(folder: Path, name: str, figures: object) -> None:
    path = folder / "figures.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, name: figures}, indent=1) + "\n")
    print(name, json.dumps(figures), flush=True)


def questions(folder: Path) -> NDArray[np.float32]:
    asked: NDArray[np.float32] = np.load(folder / "questions.npy")[:_QUESTIONS]
    return asked


def vectors_of(folder: Path) -> NDArray[np.float16]:
    rows = len(np.load(folder / "pieces.npz")["key"]) * ROWS_OF_A_PIECE
    vectors: NDArray[np.float16] = np.load(folder / "vectors.npy", mmap_mode="r")[:rows]
    return vectors


def cosines(folder: Path) -> NDArray[np.float32]:
    """Compare with every vector as it is stored; shape ``(questions, rows)``."""
    vectors = vectors_of(folder)
    asked, parts = questions(folder), []
    for first in range(0, len(vectors), _BLOCK):
        block = vectors[first : first + _BLOCK].astype(np.float32)
        parts.append(asked @ (block / np.linalg.norm(block, axis=1, keepdims=True)).T)
    return np.concatenate(parts, axis=1)


def truth(folder: Path) -> None:
    about = np.load(folder / "pieces.npz")
    scores = cosines(folder)
    rows = np.argpartition(-scores, 10, axis=1)[:, :10]
    of_piece = scores.reshape(len(scores), -1, ROWS_OF_A_PIECE).max(axis=2)
    found = {"rows": rows}
    for filtered, keys in (
        ("all", np.ones(of_piece.shape[1], bool)),
        ("key", about["key"] == KEYS.index(_KEY)),
    ):
        for code, modality in enumerate(MODALITIES):
            among = np.flatnonzero(keys & (about["modality"] == code))
            top = np.argpartition(-of_piece[:, among], 10, axis=1)[:, :10]
            order = np.take_along_axis(-of_piece[:, among], top, 1).argsort(axis=1)
            found[f"{modality} {filtered}"] = among[np.take_along_axis(top, order, 1)]
    np.savez(folder / "truth.npz", **found)


# The daemon


def daemon(folder: Path) -> None:
    home = Home.locate(str(folder / "home"))
    environment = {**os.environ, "CLAMP3_HOME": str(folder / "home"), "OMP_NUM_THREADS": "2"}
    command = [sys.executable, str(Path(__file__).with_name("search_daemon.py"))]
    begun = time.perf_counter()
    with subprocess.Popen([*command, str(folder / "questions.npy")], env=environment) as process:
        try:
            client = _connected(home)
            ready_s = time.perf_counter() - begun
            stats = dict(client.stats())
            about = {"ready_s": round(ready_s, 1), "memory_mb": memory(process.pid)}
            keep = ("pieces", "passages", "search", "recall_at_10", "not_indexed", "bytes_on_disk")
            note(folder, "library", {**about, **{name: stats.get(name) for name in keep}})
            for name, modalities in (
                ("one modality", MODALITIES[:1]),
                ("three modalities", MODALITIES),
            ):
                for filtered in ("all", "key"):
                    figures = ask(client, folder, modalities, filtered)
                    figures["memory_mb"] = memory(process.pid)
                    note(folder, f"daemon, {name}, {filtered}", figures)
        finally:
            process.terminate()


def _connected(home: Home) -> Client:
    deadline = time.monotonic() + 250
    while time.monotonic() < deadline:
        try:
            client = Client.connect(home)
            client.find(Query((Source(text="0"),)))
        except Exception:  # noqa: BLE001 - whatever keeps it from answering yet
            time.sleep(0.3)
        else:
            return client
    raise SystemExit("the daemon did not come up")


def ask(client: Client, folder: Path, modalities: tuple[str, ...], filtered: str) -> dict[str, Any]:
    known = np.load(folder / "truth.npz")
    numbers = {path: i for i, path in enumerate(paths_of(np.load(folder / "pieces.npz")["style"]))}
    where = Filter(tuple(map(Modality, modalities)), key=_KEY if filtered == "key" else "")
    if len(modalities) == len(MODALITIES):
        where = Filter(key=where.key)
    took, inside, recalls = [], [], []
    for number in range(_QUESTIONS):
        begun = time.perf_counter()
        answer = client.find(Query((Source(text=str(number)),), n=10, where=where))
        took.append(time.perf_counter() - begun)
        inside.append(client.took_ms)
        hits: dict[str, list[int]] = {}
        for hit in answer.hits:
            hits.setdefault(hit.piece.modality.value, []).append(numbers[hit.piece.path])
        for modality, found in hits.items():  # of each modality the first few are right
            true = known[f"{modality} {filtered}"][number][: len(found)]
            recalls.append((len(set(found) & set(true.tolist())), len(found)))
    return {**quantiles(took[_WARM:]), "took_ms_p50": round(float(np.median(inside)), 2),
            "recall": round(sum(r for r, _ in recalls) / sum(n for _, n in recalls), 4)}  # fmt: skip


def memory(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {name: int(fields[name].split()[0]) // 1024 for name in ("VmRSS", "VmHWM")}


def quantiles(seconds: list[float]) -> dict[str, float]:
    p50, p95 = np.percentile(seconds, [50, 95]) * 1000
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}


# Other engines


def engines(folder: Path) -> None:
    import faiss  # noqa: PLC0415 - of the benchmark only
    import hnswlib  # noqa: PLC0415
    from usearch.index import Index  # noqa: PLC0415

    vectors = vectors_of(folder)
    rows = len(vectors)
    blocks = range(0, rows, _BLOCK)

    def block(first: int) -> NDArray[np.float32]:
        return np.asarray(vectors[first : first + _BLOCK], np.float32)

    def build_faiss() -> None:
        quantizer = faiss.IndexFlatIP(DIM)
        index = faiss.IndexIVFScalarQuantizer(
            quantizer,
            DIM,
            int(4 * rows**0.5),
            faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
        )
        index.train(np.concatenate([block(first)[::4] for first in blocks])[: 64 * 4000])
        for first in blocks:
            index.add(block(first))
        faiss.write_index(index, str(folder / "faiss.index"))

    def build_hnswlib() -> None:
        index = hnswlib.Index("ip", DIM)
        index.init_index(rows, M=16, ef_construction=100)
        for first in blocks:
            index.add_items(block(first), num_threads=2)
        index.save_index(str(folder / "hnswlib.index"))

    def build_usearch() -> None:
        index = Index(ndim=DIM, metric="ip", dtype="f16", connectivity=16, expansion_add=100)
        for first in blocks:
            index.add(np.arange(first, min(first + _BLOCK, rows)), vectors[first : first + _BLOCK])
        index.save(str(folder / "usearch.index"))

    for name, build in (
        ("faiss", build_faiss),
        ("usearch", build_usearch),
        ("hnswlib", build_hnswlib),
    ):
        path = folder / f"{name}.index"
        if not path.exists():
            begun, cpu = time.perf_counter(), time.process_time()
            build()
            note(folder, f"{name} build", {"s": round(time.perf_counter() - begun), "cpu_s": round(time.process_time() - cpu), "mb": path.stat().st_size >> 20})  # fmt: skip


Answer = Callable[[NDArray[np.float32]], NDArray[np.int64]]


def anchors(folder: Path) -> None:
    for name, engine in (("faiss", _faiss), ("usearch", _usearch), ("hnswlib", _hnswlib)):
        path = folder / f"{name}.index"
        if path.exists():
            levels, set_level = engine(str(path))
            compare(folder, name, levels, set_level)


def _faiss(path: str) -> tuple[tuple[int, ...], Callable[[int], Answer]]:
    import faiss  # noqa: PLC0415 - of the benchmark only

    index = faiss.read_index(path)

    def probes(level: int) -> Answer:
        index.nprobe = level
        return lambda question: np.asarray(index.search(question[None], 10)[1][0])

    return (4, 8, 16, 32, 64, 128, 256), probes


def _usearch(path: str) -> tuple[tuple[int, ...], Callable[[int], Answer]]:
    from usearch.index import Index  # noqa: PLC0415 - of the benchmark only

    graph = Index.restore(path, view=False)

    def expansion(level: int) -> Answer:
        graph.expansion_search = level
        return lambda question: np.asarray(graph.search(question, 10).keys, np.int64)

    return (32, 64, 128, 256, 512), expansion


def _hnswlib(path: str) -> tuple[tuple[int, ...], Callable[[int], Answer]]:
    import hnswlib  # noqa: PLC0415 - of the benchmark only

    net = hnswlib.Index("ip", DIM)
    net.load_index(path)

    def breadth(level: int) -> Answer:
        net.set_ef(level)
        return lambda question: np.asarray(net.knn_query(question, 10)[0][0], np.int64)

    return (16, 32, 64, 128, 256), breadth


def compare(
    folder: Path, name: str, levels: tuple[int, ...], set_level: Callable[[int], Answer]
) -> None:
    """Ask ever more thoroughly until the recall is 0.99."""
    true = np.load(folder / "truth.npz")["rows"]
    for level in levels:
        answer = set_level(level)
        took, hits = [], 0
        for question, expected in zip(questions(folder), true, strict=True):
            begun = time.perf_counter()
            found = answer(question)
            took.append(time.perf_counter() - begun)
            hits += len(set(found.tolist()) & set(expected.tolist()))
        recall = round(hits / true.size, 4)
        if recall >= 0.99 or level == levels[-1]:
            note(folder, name, {**quantiles(took[_WARM:]), "level": level, "recall": recall})
            return


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", choices=("truth", "engines", "daemon", "anchors"))
    options = parser.parse_args()
    {"truth": truth, "engines": engines, "daemon": daemon, "anchors": anchors}[options.what](
        options.folder.resolve()
    )


if __name__ == "__main__":
    main()
