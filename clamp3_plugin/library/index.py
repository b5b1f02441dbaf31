"""The index over vectors that stay on the disk: built, asked, tuned to a recall that is measured.

LanceDB's IVF_RQ keeps one bit a dimension: 106 MB for a million vectors of 768, where float32 in memory
would be 3 GB. It names candidates, whose stored vectors LanceDB then compares exactly; so every cosine
that leaves here is one of a vector as stored, and only who is compared is approximate.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Self, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.background_loop import LOOP
from lancedb.expr import Expr
from lancedb.index import Bitmap, BTree, IvfRq
from lancedb.table import LanceTable, Table
from numpy.typing import NDArray

from clamp3_plugin.library.prefix import Folder, write
from clamp3_plugin.library.tables import scan
from clamp3_plugin.readers.audio.fingerprint import BANDS, Fingerprint

LARGEST_EXACT = 100_000 * 768
"""Values in memory up to which every vector is compared: 10 ms on two cores, and 300 MB."""
MOST_DELTAS = 8
"""Each folding adds a small index; 14 of them doubled the time of a question."""
GROWTH = 2.0
"""After how much growth the partitions are learnt anew."""
TARGET_RECALL = 0.995
_WORTH_IT = 0.001
_NARROW = 0.1
"""Of 2.5 % of a million rows, 0.9865 of the ten nearest were found in as many partitions as of all."""
_QUESTIONS = 64
_PROBES = (10, 20, 40, 80, 160, 320)
_CANDIDATES = (200, 400, 800)
_INDEXED = "vector"
_NAME = "vector_idx"
_KNOWN_BY = "fingerprint"
_SCALARS: dict[str, Bitmap | BTree] = {
    "modality": Bitmap(), "key": Bitmap(), "meter": Bitmap(), "composer": BTree(), "path": BTree(),
    "tempo": BTree(), "bars": BTree(), "duration": BTree(), "piece_id": BTree(), "file_id": BTree(),
}  # fmt: skip
"""Columns that conditions are about; without these every question would read them whole."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the index is asked, and what share of the true ten nearest rows that finds."""

    rows: int
    """When the partitions were learnt."""
    probes: int = 40
    """Partitions that are looked into."""
    candidates: int = _CANDIDATES[-1]
    """Vectors that are read and compared exactly; more for a question that asks for many hits."""
    recall: float | None = None
    """Measured against every vector; None where nothing was measured."""
    questions: int = 0
    """With which it was measured: rows, and sums of two rows, which lie between pieces."""

    @classmethod
    def load(cls, path: Folder) -> Self | None:
        """Read it; None where there is none."""
        with suppress(OSError, ValueError, TypeError):
            return cls(**json.loads(path.read_bytes()))
        return None

    def save(self, path: Folder) -> None:
        """Keep it for the next time the library is opened."""
        write(path, json.dumps(asdict(self)).encode())


class VectorIndex:
    """The indexed rows of a table as they were at one moment, whatever is written since."""

    def __init__(self, table: Table, tuning: Tuning) -> None:
        self._table = table
        # the same table without the five hops between threads, of 0.4 ms each, that asking it takes
        self._asked = cast("LanceTable", table)._table  # noqa: SLF001
        self.tuning = tuning

    def nearest(
        self,
        vector: NDArray[np.float32],
        k: int,
        condition: Expr | str | None = None,
        share: float = 1.0,
    ) -> tuple[NDArray[np.uint64], NDArray[np.float32], bool]:
        """Name rows nearest to a vector and their cosines, best first, and tell whether these are all.

        Parameters
        ----------
        vector
            float32, shape ``(dim,)``, unit length.
        k
            How many at least, unless these are all. Of the candidates only the nearer half is
            named: among the others some that are as near may be missing.
        condition
            Which rows may be named.
        share
            How many of all rows those are: where they are few, more partitions are looked into.
        """
        probes = self.tuning.probes * (1 if share > _NARROW else 2)
        candidates = max(self.tuning.candidates, 2 * k)
        found = self._candidates(vector, candidates, condition, (probes, probes))
        if len(found) < candidates and condition is not None:  # on until there are as many
            found = self._candidates(vector, candidates, condition, (probes, 0))
        vectors = vectors_of(found, len(vector))
        cosines = vectors @ vector / np.linalg.norm(vectors, axis=1)
        is_all = len(found) < candidates
        order = np.argsort(-cosines)[: len(found) if is_all else candidates // 2]
        return np.asarray(found["_rowid"], np.uint64)[order], cosines[order], is_all

    def _candidates(
        self,
        vector: NDArray[np.float32],
        count: int,
        condition: Expr | str | None,
        probes: tuple[int, int],
    ) -> pa.Table:
        """Ask the index; of partitions it looks into these least and most, 0 for all it takes.

        The vectors come along and are compared here. LanceDB would read them twice, to compare them
        and to give them, and rounds the question to float16, which moves a cosine by up to 1e-4.
        """
        query = (
            self._asked.query()
            .nearest_to(vector)
            .column(_INDEXED)
            .distance_type("cosine")
            .maximum_nprobes(0)  # so that the least may be anything
            .minimum_nprobes(probes[0])
            .maximum_nprobes(probes[1])
            .limit(count)
            .select([_INDEXED, "_distance"])
            .with_row_id()
            .fast_search()  # what is not indexed yet is compared in memory
        )
        asked = (query if condition is None else query.where(condition)).to_arrow()
        return cast("pa.Table", LOOP.run(asked))  # type: ignore[no-untyped-call]

    def take(self, ids: NDArray[np.uint64]) -> NDArray[np.float32]:
        """Read vectors as stored, in the order of the row ids, shape ``(len(ids), dim)``."""
        wanted = np.unique(ids)
        parts = [
            self._table.take_row_ids([int(each) for each in wanted[first : first + 1024]])
            .select([_INDEXED])
            .with_row_id()
            .to_arrow()
            for first in range(0, len(wanted), 1024)
        ]
        dim = self._table.schema.field(_INDEXED).type.list_size
        if not parts:
            return np.zeros((0, dim), np.float32)
        table = pa.concat_tables(parts)
        given = np.asarray(table["_rowid"], np.uint64)
        vectors = vectors_of(table, dim)
        order = np.argsort(given)
        return np.asarray(vectors[order[np.searchsorted(given, ids, sorter=order)]], np.float32)

    def fingerprints(self, pieces: Sequence[str]) -> dict[str, Fingerprint]:
        """Read the fingerprints of some pieces, by their ids, which are hexadecimal; some have none."""
        if _KNOWN_BY not in self._table.schema.names or not pieces:
            return {}
        condition = f"whole AND piece_id IN ({', '.join(map(repr, pieces))})"
        query = self._table.search().where(condition).select(["piece_id", _KNOWN_BY])
        return fingerprints_in(query.limit(len(pieces)).to_arrow())


def fingerprints_in(table: pa.Table) -> dict[str, Fingerprint]:
    """Give the fingerprints in rows that were read, by the id of the piece."""
    if _KNOWN_BY not in table.column_names:  # a library of an earlier version
        return {}
    rows = table.select(["piece_id", _KNOWN_BY]).filter(pc.is_valid(table[_KNOWN_BY])).to_pylist()
    return {
        row["piece_id"]: np.frombuffer(row[_KNOWN_BY], np.uint8).reshape(-1, BANDS) for row in rows
    }


def vectors_of(table: pa.Table, dim: int) -> NDArray[np.float32]:
    """Give the vectors of rows that were read, shape ``(rows, dim)``."""
    flat = [np.asarray(chunk.flatten(), np.float16) for chunk in table[_INDEXED].chunks]
    stored = np.concatenate([np.zeros(0, np.float16), *flat]).reshape(-1, dim)
    return np.asarray(stored, np.float32)


def frozen(table: Table, version: int, tuning: Tuning) -> VectorIndex:
    """Give the index of a version of a table; ``table`` is a handle of nobody else."""
    table.checkout(version)
    with suppress(RuntimeError):  # a kindness to the first question, no more
        cast("LanceTable", table).prewarm_index(_NAME)
    return VectorIndex(table, tuning)


def is_indexed(table: Table) -> bool:
    """Tell whether there is an index over the vectors."""
    return any(index.columns == [_INDEXED] for index in table.list_indices())


def first_unindexed(table: Table) -> int:
    """Give the row id from which on rows are younger than the index; one behind all if none is.

    An index covers whole fragments and, when it is brought up to date, all of them; fragments are
    numbered as they come. So the rows that it lacks are those with the highest ids.
    """
    batches = scan(table, ["stretch"])
    none = np.zeros(0, np.uint64)
    ids = np.concatenate([none, *(np.asarray(batch["_rowid"], np.uint64) for batch in batches)])
    count = unindexed(table)
    if not count:
        return int(ids.max(initial=np.uint64(0))) + 1
    return int(np.partition(ids, len(ids) - count)[len(ids) - count])


def unindexed(table: Table) -> int:
    """Count the rows that are younger than the index."""
    stats = table.index_stats(_NAME)
    return int(stats.num_unindexed_rows) if stats else table.count_rows()


def is_stale(table: Table, tuning: Tuning | None) -> bool:
    """Tell whether the partitions should be learnt anew."""
    stats = table.index_stats(_NAME)
    if tuning is None or stats is None:
        return True
    deltas = stats.num_indices or 1
    return deltas > MOST_DELTAS or table.count_rows() > GROWTH * tuning.rows


def build(table: Table) -> Tuning:
    """Build the indexes of a table, measure how the one of vectors answers, and tune it.

    Returns
    -------
    Tuning
        The quickest that reaches the recall aimed at on this library's own vectors.
    """
    there = {name for index in table.list_indices() for name in index.columns}
    for column, kind in _SCALARS.items():
        if column not in there:
            table.create_index(column, config=kind)
    table.create_index(_INDEXED, config=IvfRq(distance_type="cosine"), replace=True)
    return tune(table)


def tune(table: Table) -> Tuning:
    """Ask the index ever more thoroughly until it finds what comparing with every vector finds."""
    rows = table.count_rows()
    questions = _sample(table, rows)
    truth = _nearest_of_all(table, questions)
    best = Tuning(rows, recall=0.0)
    for candidates in _CANDIDATES:
        before = 0.0
        for probes in _PROBES:
            asked = VectorIndex(table, Tuning(rows, probes, candidates))
            recall = _recall(asked, questions, truth)
            if recall > (best.recall or 0.0):
                best = Tuning(rows, probes, candidates, recall, len(questions))
            if recall >= TARGET_RECALL:
                return best
            if recall < before + _WORTH_IT:
                break  # what is missing is not in other partitions
            before = recall
    return best


def _recall(
    index: VectorIndex, questions: NDArray[np.float32], truth: Sequence[NDArray[np.uint64]]
) -> float:
    """Give the share of the true nearest rows that an index finds."""
    found = [
        np.intersect1d(index.nearest(question, 48)[0][: len(true)], true).size / len(true)
        for question, true in zip(questions, truth, strict=True)
    ]
    return round(float(np.mean(found)), 4)


def _sample(table: Table, rows: int) -> NDArray[np.float32]:
    """Choose questions: rows, and halfway between two of them; shape ``(n, dim)``, unit rows."""
    places = np.random.default_rng(rows).choice(rows, min(rows, 2 * _QUESTIONS), replace=False)
    taken = table.take_offsets([int(place) for place in np.sort(places)]).select([_INDEXED])
    dim = table.schema.field(_INDEXED).type.list_size
    vectors = vectors_of(taken.to_arrow(), dim)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    half = len(vectors) // 4
    between = vectors[half : 2 * half] + vectors[2 * half : 3 * half]
    between /= np.linalg.norm(between, axis=1, keepdims=True)
    return np.asarray(np.concatenate([vectors[:half], between]), np.float32)


def _nearest_of_all(table: Table, questions: NDArray[np.float32]) -> Sequence[NDArray[np.uint64]]:
    """Compare with every vector, a piece of the table at a time; ids of the ten nearest of each."""
    best = np.full((len(questions), 10), -2, np.float32)
    ids = np.zeros((len(questions), 10), np.uint64)
    for batch in scan(table, [_INDEXED]):
        flat = np.asarray(batch[_INDEXED].flatten(), np.float16)
        vectors = flat.reshape(batch.num_rows, -1).astype(np.float32)
        cosines = questions @ (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).T
        joined = np.concatenate([best, cosines], axis=1)
        of_batch = np.broadcast_to(np.asarray(batch["_rowid"], np.uint64), cosines.shape)
        names = np.concatenate([ids, of_batch], axis=1)
        top = np.argpartition(-joined, 9, axis=1)[:, :10]
        best, ids = np.take_along_axis(joined, top, 1), np.take_along_axis(names, top, 1)
    return [row[scores > -2] for row, scores in zip(ids, best, strict=True)]
