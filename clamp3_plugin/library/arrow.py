"""Pieces and files as Arrow tables and back: the only place that knows the columns."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clamp3_plugin.library.entries import (
    FileEntry,
    FileRecord,
    FileStatus,
    Stamp,
    file_id,
    piece_id,
)
from clamp3_plugin.library.exact import Rows, View, printed_ends, stretches
from clamp3_plugin.library.index import fingerprints_in
from clamp3_plugin.library.spelling import ESTIMATED, escape, spelled_key, tidy, unescape
from clamp3_plugin.music import Metadata, Modality, Passage, Piece

PRINTED = (pa.field("printed_first", pa.string()), pa.field("printed_last", pa.string()))
LATER_PASSAGES = (
    *PRINTED,
    pa.field("artist", pa.string()),
    pa.field("album", pa.string()),
    pa.field("tempo_is_estimated", pa.bool_()),
    pa.field("fingerprint", pa.binary()),  # of a recording, at the whole piece
)
LARGE_COLUMNS = ("vector", "fingerprint")
"""What makes a row large."""
LATER_FILES = (pa.field("content", pa.string()),)
"""Columns that came later, so they stand last; a library made without them is given them."""

FILES = pa.schema([
    pa.field("file_id", pa.string(), nullable=False),
    pa.field("path", pa.string()),
    pa.field("size", pa.int64()),
    pa.field("mtime_ns", pa.int64()),
    pa.field("inode", pa.int64()),
    pa.field("sha256", pa.string()),
    pa.field("status", pa.string()),
    pa.field("reason", pa.string()),
    pa.field("message", pa.string()),
    pa.field("pieces", pa.int32()),
    pa.field("passages", pa.int32()),
    *LATER_FILES,
])  # fmt: skip


def passages_schema(dim: int) -> pa.Schema:
    """Name the columns of the table of passages, one row per vector."""
    return pa.schema([
        pa.field("id", pa.string(), nullable=False),
        pa.field("file_id", pa.string()),
        pa.field("piece_id", pa.string()),
        pa.field("path", pa.string()),
        pa.field("tune", pa.int32()),
        pa.field("stretch", pa.int32()),  # 0 the whole piece, then its passages in order
        pa.field("whole", pa.bool_()),
        pa.field("modality", pa.string()),
        pa.field("first_bar", pa.int32()),
        pa.field("last_bar", pa.int32()),
        pa.field("start", pa.float64()),
        pa.field("end", pa.float64()),
        pa.field("title", pa.string()),
        pa.field("composer", pa.string()),
        pa.field("lyricist", pa.string()),
        pa.field("key", pa.string()),
        pa.field("meter", pa.string()),
        pa.field("tempo", pa.float64()),
        pa.field("instruments", pa.list_(pa.string())),
        pa.field("bars", pa.int32()),
        pa.field("duration", pa.float64()),
        pa.field("size", pa.int64()),
        pa.field("mtime_ns", pa.int64()),
        pa.field("sha256", pa.string()),
        pa.field("crc32", pa.uint32()),
        # half the disk of float32 and the same neighbours; scores move by less than 1e-3
        pa.field("vector", pa.list_(pa.float16(), dim)),
        *LATER_PASSAGES,
    ])  # fmt: skip


def checksums(vectors: NDArray[np.float16]) -> list[int]:
    """Checksum each row, as stored; LanceDB would not notice a flipped bit."""
    return [zlib.crc32(row.tobytes()) for row in np.ascontiguousarray(vectors)]


def passages_table(entries: Iterable[FileEntry], dim: int) -> pa.Table:
    """Lay out the rows of several files."""
    entries = list(entries)
    schema = passages_schema(dim)
    given = [piece.vectors for entry in entries for piece in entry.pieces]
    vectors = np.concatenate([np.zeros((0, dim), np.float16), *given]).astype(np.float16)
    crcs = checksums(vectors)
    dicts = [row for entry in entries for row in _rows(entry)]
    columns = [
        pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), dim)
        if field.name == "vector"
        else pa.array(crcs, field.type)
        if field.name == "crc32"
        else pa.array([row[field.name] for row in dicts], field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _rows(entry: FileEntry) -> Iterable[dict[str, Any]]:
    record = entry.record
    of_file = {
        "file_id": file_id(record.path),
        "path": escape(record.path),
        "size": record.stamp.size,
        "mtime_ns": record.stamp.mtime_ns,
        "sha256": record.sha256,
    }
    for tune, piece in enumerate(entry.pieces, 1):
        identity = piece_id(record.path, tune)
        of_piece = {"piece_id": identity, "tune": tune, "modality": piece.modality.value}
        of_piece |= _metadata_columns(piece.metadata)
        fingerprint = None if piece.fingerprint is None else piece.fingerprint.tobytes()
        for number, passage in enumerate((None, *piece.passages)):
            yield {
                **of_file,
                **of_piece,
                "id": f"{identity}.{number}",
                "stretch": number,
                "fingerprint": fingerprint if passage is None else None,
                **_stretch_columns(passage),
            }


def _stretch_columns(passage: Passage | None) -> dict[str, Any]:
    return {
        "whole": passage is None,
        "first_bar": passage and passage.first_bar,
        "last_bar": passage and passage.last_bar,
        "start": passage and passage.start,
        "end": passage and passage.end,
        **dict(zip((field.name for field in PRINTED), _printed(passage), strict=True)),
    }


def _printed(passage: Passage | None) -> tuple[str | None, str | None]:
    if passage is None or passage.printed is None:
        return None, None
    first, last = passage.printed
    return tidy(first), tidy(last)


def _metadata_columns(metadata: Metadata) -> dict[str, Any]:
    return {
        "title": tidy(metadata.title),
        "composer": tidy(metadata.composer),
        "lyricist": tidy(metadata.lyricist),
        "key": spelled_key(metadata),
        "meter": tidy(metadata.meter),
        "tempo": metadata.tempo,
        "instruments": [tidy(name) for name in metadata.instruments],
        "bars": metadata.bars,
        "duration": metadata.duration,
        "artist": tidy(metadata.artist),
        "album": tidy(metadata.album),
        "tempo_is_estimated": metadata.tempo_is_estimated,
    }


def rows_of(entries: Iterable[FileEntry], dim: int) -> Rows:
    """Give the rows as a search holds them, with the very values that the store keeps."""
    given = [piece for entry in entries for piece in entry.pieces]
    vectors = np.concatenate([np.zeros((0, dim), np.float32), *(piece.vectors for piece in given)])
    lengths = [len(piece.vectors) for piece in given]
    passages = [passage for piece in given for passage in (None, *piece.passages)]
    return Rows(
        np.repeat(np.arange(len(given), dtype=np.int32), lengths),
        stretches(passages),
        printed_ends(passages),
        vectors.astype(np.float16).astype(np.float32),
    )


def read_passages(table: pa.Table) -> View:
    """Give what is in a table, in the order of path and tune."""
    keys = [(name, "ascending") for name in ("path", "tune", "stretch")]
    small = table.select([name for name in table.column_names if name not in LARGE_COLUMNS])
    order = np.asarray(pc.sort_indices(small, sort_keys=keys))
    small = small.take(order)
    whole = np.asarray(small["whole"])
    return View(
        [_piece(row) for row in small.filter(whole).to_pylist()],
        Rows(
            (np.cumsum(whole) - 1).astype(np.int32),
            _stretches(small),
            _printed_numbers(small),
            _vectors_in_order(table, order),
        ),
        known_by=fingerprints_in(table),
    )


LARGE_ROWS = ("piece_id", "stretch", "first_bar", "last_bar", "start", "end", "printed_first",
              "printed_last")  # fmt: skip
"""What is read of every row where the vectors stay on the disk."""


def read_large(
    wholes: pa.Table, rows: pa.Table, first_held: int
) -> tuple[list[Piece], Rows, NDArray[np.uint64]]:
    """Give pieces and rows without vectors; those with row ids from ``first_held`` on stand last.

    Parameters
    ----------
    wholes
        The rows of whole pieces, without vectors, with their row ids.
    rows
        All rows, with the columns ``LARGE_ROWS`` and their row ids; those of other pieces are left out.

    Returns
    -------
    tuple
        Pieces, rows, and the row id of each, shape ``(n,)``.
    """
    young = pc.greater_equal(wholes["_rowid"], pa.scalar(first_held, pa.uint64()))
    keys = [(name, "ascending") for name in ("young", "path", "tune")]
    wholes = wholes.append_column("young", young)
    wholes = wholes.take(pc.sort_indices(wholes, sort_keys=keys))
    pieces = [_piece(row) for part in wholes.to_batches(4096) for row in part.to_pylist()]
    numbers = pc.index_in(rows["piece_id"], value_set=wholes["piece_id"].combine_chunks())
    rows = rows.drop_columns(["piece_id"]).append_column("number", numbers)
    rows = rows.filter(pc.is_valid(rows["number"]))
    rows = rows.take(pa.array(np.lexsort((rows["stretch"], rows["number"]))))
    dim_free = np.zeros((0, 0), np.float32)
    return (
        pieces,
        Rows(
            np.asarray(rows["number"], np.int32), _stretches(rows), _printed_numbers(rows), dim_free
        ),
        np.asarray(rows["_rowid"], np.uint64),
    )


def _stretches(table: pa.Table) -> NDArray[np.float64]:
    return np.stack(
        [
            np.asarray(table[name].cast(pa.float64()).fill_null(float("nan")))
            for name in ("first_bar", "last_bar", "start", "end")
        ],
        axis=1,
    )


def _printed_numbers(table: pa.Table) -> NDArray[np.object_]:
    """Read the printed numbers, each text once in memory: most pieces number their bars alike."""
    numbers = np.full((table.num_rows, len(PRINTED)), None, np.object_)
    for column, field in enumerate(PRINTED):
        if field.name in table.column_names:
            encoded = table[field.name].combine_chunks().dictionary_encode()
            texts = np.array([*encoded.dictionary.to_pylist(), None], np.object_)
            numbers[:, column] = texts[np.asarray(encoded.indices.fill_null(len(texts) - 1))]
    return numbers


def _vectors_in_order(table: pa.Table, order: NDArray[np.int64]) -> NDArray[np.float32]:
    """Widen the vectors into their places, chunk by chunk: the matrix is there once."""
    dim = table.schema.field("vector").type.list_size
    places = np.argsort(order)
    vectors = np.empty((table.num_rows, dim), np.float32)
    first = 0
    for chunk in table["vector"].chunks:
        last = first + len(chunk)
        vectors[places[first:last]] = np.asarray(chunk.flatten(), np.float16).reshape(-1, dim)
        first = last
    return vectors


def read_vectors(table: pa.Table) -> NDArray[np.float16]:
    """Give the vectors of a table as they are stored, shape ``(rows, dim)``."""
    dim = table.schema.field("vector").type.list_size
    flat = [np.asarray(chunk.flatten(), np.float16) for chunk in table["vector"].chunks]
    return np.concatenate([np.zeros(0, np.float16), *flat]).reshape(-1, dim)


def _piece(row: Mapping[str, Any]) -> Piece:
    metadata = Metadata(
        title=row["title"],
        composer=row["composer"],
        lyricist=row["lyricist"],
        key=row["key"].removesuffix(ESTIMATED),
        meter=row["meter"],
        tempo=row["tempo"],
        instruments=tuple(row["instruments"]),
        bars=row["bars"],
        duration=row["duration"],
        key_is_estimated=row["key"].endswith(ESTIMATED),
        tempo_is_estimated=bool(row.get("tempo_is_estimated")),
        artist=row.get("artist") or "",
        album=row.get("album") or "",
    )
    path, modality = unescape(row["path"]), Modality(row["modality"])
    return Piece(row["piece_id"], path, modality, row["tune"], metadata)


def files_table(records: Sequence[FileRecord]) -> pa.Table:
    """Lay out what is remembered of files."""
    return pa.Table.from_pylist(
        [
            {
                "file_id": file_id(record.path),
                "path": escape(record.path),
                "size": record.stamp.size,
                "mtime_ns": record.stamp.mtime_ns,
                "inode": record.stamp.inode,
                "sha256": record.sha256,
                "status": record.status.value,
                "reason": record.reason,
                "message": tidy(record.message),
                "pieces": record.pieces,
                "passages": record.passages,
                "content": record.content,
            }
            for record in records
        ],
        schema=FILES,
    )


def read_files(table: pa.Table) -> list[FileRecord]:
    """Give back what is remembered of files."""
    return [
        FileRecord(
            unescape(row["path"]),
            Stamp(row["size"], row["mtime_ns"], row["inode"]),
            row["sha256"],
            FileStatus(row["status"]),
            row["reason"],
            row["message"],
            row["pieces"],
            row["passages"],
            row.get("content") or "",
        )
        for row in table.to_pylist()
    ]
