"""Rows that many processes write and one commits, by Lance's own means (the package ``pylance``).

A fragment is written into a table's folder by whoever has its rows; it is part of the table once a commit
names it. So any number of workers write without waiting for one another, and a worker that dies changes
nothing.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import lance
import numpy as np
import pyarrow as pa
from lance.fragment import FragmentMetadata, write_fragments

from clamp3_plugin.errors import LibraryBusyError
from clamp3_plugin.library import arrow
from clamp3_plugin.library.entries import FileEntry, FileRecord
from clamp3_plugin.library.prefix import Folder
from clamp3_plugin.library.staging import Receipt
from clamp3_plugin.library.tables import among, table_stem, translated


class FragmentWriter:
    """Writes files with their pieces into the tables of a space, which are there; commits nothing."""

    def __init__(self, folder: Folder, space: str, dim: int) -> None:
        self._folder = folder
        self._dim = dim
        stem = table_stem(space)
        with translated(folder):
            self._files = lance.dataset(f"{folder}/{stem}.files.lance")
            self._passages = lance.dataset(f"{folder}/{stem}.passages.lance")

    def write(self, entries: Sequence[FileEntry]) -> Receipt:
        """Write a batch; gives what is to be committed.

        Raises
        ------
        LibraryDamagedError, LibraryFullError
            It could not be written.
        """
        records = tuple(entry.record for entry in entries)
        with translated(self._folder):
            passages = _write(self._passages, arrow.passages_table(entries, self._dim))
        return Receipt(self.write_records(records), passages, records)

    def write_records(self, records: Sequence[FileRecord]) -> tuple[str, ...]:
        """Write records alone; gives their fragments."""
        with translated(self._folder):
            return _write(self._files, arrow.files_table(records))


def _write(dataset: lance.LanceDataset, rows: pa.Table) -> tuple[str, ...]:
    if not rows.num_rows:
        return ()
    written = write_fragments(
        rows,
        dataset.uri,
        schema=dataset.schema,
        mode="append",
        data_storage_version=dataset.data_storage_version,
    )
    return tuple(json.dumps(fragment.to_json()) for fragment in written)


def commit(
    folder: Folder, table: str, version: int, gone: Collection[str], fragments: Sequence[str]
) -> None:
    """Put fragments into a table, and take the rows of some files out, at one stroke.

    Parameters
    ----------
    version
        Of the table, from which all this was worked out.
    gone
        Ids of files.

    Raises
    ------
    LibraryBusyError
        Somebody else has written meanwhile.
    """
    with translated(folder):
        dataset = lance.dataset(f"{folder}/{table}.lance")
        if dataset.version != version:
            raise _busy(folder)
        new = [FragmentMetadata.from_json(fragment) for fragment in fragments]
        changed, removed = _without(dataset, gone)
        if changed or removed:
            operation: lance.LanceOperation.BaseOperation = lance.LanceOperation.Update(
                removed_fragment_ids=removed,
                updated_fragments=changed,
                new_fragments=new,
                fields_modified=[],
            )
        elif new:
            operation = lance.LanceOperation.Append(new)
        else:
            return
        after = lance.LanceDataset.commit(dataset, operation, read_version=version)
    if after.version != version + 1:
        raise _busy(folder)


def _without(
    dataset: lance.LanceDataset, gone: Collection[str]
) -> tuple[list[FragmentMetadata], list[int]]:
    """Mark the rows of files as deleted; gives the fragments changed, and those with no rows left."""
    changed, removed = [], []
    for number, ids in _by_fragment(dataset, gone).items():
        left = dataset.get_fragment(number).delete(among(sorted(ids)))
        if left is None:
            removed.append(number)
        else:
            changed.append(left)
    return changed, removed


def _by_fragment(
    dataset: lance.LanceDataset, gone: Collection[str]
) -> Mapping[int, Collection[str]]:
    """Tell which of some files have rows in which fragments."""
    if not gone:
        return {}
    rows = dataset.to_table(columns=["file_id"], filter=among(sorted(gone)), with_row_address=True)
    numbers = np.asarray(rows["_rowaddr"], np.uint64) >> np.uint64(32)
    found: dict[int, set[str]] = defaultdict(set)
    for number, name in zip(numbers.tolist(), rows["file_id"].to_pylist(), strict=True):
        found[number].add(name)
    return found


def _busy(folder: Folder) -> LibraryBusyError:
    return LibraryBusyError(
        f"Another run has written to the library {folder} meanwhile.",
        "Run it again when that has ended: what was embedded is kept.",
    )
