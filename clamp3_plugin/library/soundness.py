"""Whether the rows of a library are those of its files, and as they were written."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clamp3_plugin.library import arrow
from clamp3_plugin.library.entries import NORM_TOLERANCE, FileRecord, file_id


def sorted_out(records: Iterable[FileRecord], table: pa.Table) -> tuple[list[FileRecord], set[str]]:
    """Tell the records whose rows are all there from the ids of files of which they are not."""
    ids, contents = table["file_id"], table["sha256"]
    counted = pc.value_counts(pc.binary_join_element_wise(ids, contents, " "))
    there = {row["values"]: row["counts"] for row in counted.to_pylist()}
    complete, torn = [], {name.partition(" ")[0] for name in there}
    for record in records:
        name = file_id(record.path)
        if there.get(f"{name} {record.sha256}", 0) == record.rows:
            complete.append(record)
            torn.discard(name)
        else:
            torn.add(name)
    return complete, torn


def wrong_files(records: Sequence[FileRecord], table: pa.Table) -> list[str]:
    """Name the files whose rows are not complete."""
    torn = sorted_out(records, table)[1]
    paths = {file_id(record.path): record.path for record in records}
    return [f"{paths.get(name, name)!r}: its rows are not complete" for name in sorted(torn)]


def wrong_rows(table: pa.Table, vectors: NDArray[np.float16]) -> list[str]:
    """Name the rows that are there twice, or whose vector is not the one that was written."""
    repeated = [name for name, times in Counter(table["id"].to_pylist()).items() if times > 1]
    stored = np.asarray(table["crc32"], np.int64)
    flipped = stored != np.array(arrow.checksums(vectors), np.int64)
    norms = np.linalg.norm(vectors.astype(np.float32), axis=1)
    wrong = flipped | ~(np.abs(norms - 1) <= 2 * NORM_TOLERANCE)
    return [f"row {name} is there more than once" for name in repeated] + [
        f"{arrow.unescape(path)!r}: the vector of row {name} is damaged"
        for name, path in _names(table, wrong)
    ]


def _names(table: pa.Table, rows: NDArray[np.bool_]) -> list[tuple[str, str]]:
    chosen = table.select(["id", "path"]).filter(pa.array(rows))
    return list(zip(chosen["id"].to_pylist(), chosen["path"].to_pylist(), strict=True))
