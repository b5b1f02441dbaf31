"""Whether the rows of a library are those of its files, and as they were written."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clamp3_plugin.library import arrow
from clamp3_plugin.library.entries import NORM_TOLERANCE, FileRecord, file_id
from clamp3_plugin.library.spelling import unescape


def rows_by_file(batches: Iterable[pa.RecordBatch]) -> Counter[str]:
    """Count the rows of each file and content: by ``file_id``, a space and ``sha256``."""
    counts: Counter[str] = Counter()
    for batch in batches:
        names = pc.binary_join_element_wise(batch["file_id"], batch["sha256"], " ")
        there = pc.value_counts(names)
        for name, times in zip(there.field(0).to_pylist(), there.field(1).to_pylist(), strict=True):
            counts[name] += times
    return counts


def sorted_out(
    records: Iterable[FileRecord], there: Mapping[str, int]
) -> tuple[list[FileRecord], set[str]]:
    """Tell the records whose rows are all there from the ids of files of which they are not.

    Parameters
    ----------
    there
        As ``rows_by_file`` counts.
    """
    complete, torn = [], {name.partition(" ")[0] for name in there}
    for record in records:
        name = file_id(record.path)
        if there.get(f"{name} {record.sha256}", 0) == record.rows:
            complete.append(record)
            torn.discard(name)
        else:
            torn.add(name)
    return complete, torn


def wrong_files(records: Sequence[FileRecord], there: Mapping[str, int]) -> list[str]:
    """Name the files whose rows are not complete."""
    torn = sorted_out(records, there)[1]
    paths = {file_id(record.path): record.path for record in records}
    return [f"{paths.get(name, name)!r}: its rows are not complete" for name in sorted(torn)]


def wrong_vectors(batch: pa.RecordBatch) -> list[str]:
    """Name the rows whose vector is not the one that was written."""
    vectors = arrow.read_vectors(pa.Table.from_batches([batch]))
    norms = np.linalg.norm(vectors.astype(np.float32), axis=1)
    wrong = are_flipped(batch) | ~(np.abs(norms - 1) <= 2 * NORM_TOLERANCE)
    chosen = batch.select(["id", "path"]).filter(pa.array(wrong))
    names = zip(chosen["id"].to_pylist(), chosen["path"].to_pylist(), strict=True)
    return [f"{unescape(path)!r}: the vector of row {name} is damaged" for name, path in names]


def are_flipped(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    """Tell for each row whether its vector has another checksum than it was written with."""
    vectors = arrow.read_vectors(pa.Table.from_batches([batch]))
    stored = np.asarray(batch["crc32"], np.int64)
    return np.asarray(stored != np.array(arrow.checksums(vectors), np.int64), np.bool_)


def wrong_ids(ids: Sequence[pa.Array]) -> list[str]:
    """Name the rows that are there twice."""
    counts = pc.value_counts(pa.chunked_array(ids, pa.string()))
    repeated = counts.filter(pc.greater(counts.field(1), 1)).field(0).to_pylist()
    return [f"row {name} is there more than once" for name in repeated]
