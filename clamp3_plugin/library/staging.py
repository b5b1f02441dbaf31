"""What workers have written into the tables of a library and nobody has committed yet.

A worker leaves a receipt for every batch: which fragments it wrote, and of which files they are. What a
run that died has left is taken over by the next one where the files are still the same, and is otherwise
as if it had never been: a fragment that no version of a table names is not part of it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clamp3_plugin.library.entries import FileRecord, FileStatus, Stamp
from clamp3_plugin.library.prefix import Folder, sizes, write
from clamp3_plugin.library.tables import table_stem


@dataclass(frozen=True, slots=True)
class Receipt:
    """A batch that was written."""

    files: tuple[str, ...]
    """Fragments of the table of files, as Lance describes them in JSON."""
    passages: tuple[str, ...]
    """Fragments of the table of passages; none where no file of the batch could be read."""
    records: tuple[FileRecord, ...]
    """The files, as the fragments have them."""

    @property
    def name(self) -> str:
        """Of the same files in the same state the same, however often they are written."""
        lines = sorted(f"{r.path!r} {r.stamp} {r.sha256}" for r in self.records)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]

    def to_json(self) -> bytes:
        """Write it down."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Receipt":
        """Read it.

        Raises
        ------
        ValueError
            It is no receipt.
        """
        try:
            read = json.loads(data)
            records = tuple(_record(fields) for fields in read["records"])
            return cls(tuple(read["files"]), tuple(read["passages"]), records)
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no receipt: {error}") from error


def _record(fields: dict[str, Any]) -> FileRecord:
    stamp, status = Stamp(**fields.pop("stamp")), FileStatus(fields.pop("status"))
    return FileRecord(stamp=stamp, status=status, **fields)


class Staging:
    """The receipts of one space."""

    def __init__(self, folder: Folder, space: str) -> None:
        self._folder = folder
        self._place = folder / f"{table_stem(space)}.staged"
        self._tables = [f"{table_stem(space)}.{name}.lance" for name in ("files", "passages")]

    def put(self, receipt: Receipt) -> None:
        """Keep a receipt, once its fragments are written."""
        self._write(f"{receipt.name}.json", receipt.to_json())

    def tries(self, name: str) -> int:
        """Count the beginnings of a batch that did not end, and that another one begins now."""
        file = f"{name}.tries"
        before = 0
        with suppress(FileNotFoundError, ValueError):
            before = int((self._place / file).read_bytes())
        self._write(file, str(before + 1).encode())
        return before

    def _write(self, name: str, data: bytes) -> None:
        if isinstance(self._place, Path):
            self._place.mkdir(exist_ok=True, mode=0o700)
        write(self._place / name, data)

    def receipts(self) -> list[Receipt]:
        """Give the receipts whose fragments are there as they were written."""
        names = self.names()
        if not names:
            return []
        there = [sizes(self._folder / table / "data") for table in self._tables]
        receipts = []
        for name in names:
            try:
                receipt = Receipt.from_json((self._place / name).read_bytes())
            except ValueError:
                continue
            kept = zip(there, (receipt.files, receipt.passages), strict=True)
            if all(_is_there(fragment, data) for data, given in kept for fragment in given):
                receipts.append(receipt)
        return receipts

    def names(self) -> list[str]:
        """Name the receipts, be they of use or not."""
        return [name for name in self._all() if name.endswith(".json")]

    def forget_tries(self) -> None:
        """Begin anew to count how often a batch was begun."""
        self._remove(name for name in self._all() if not name.endswith(".json"))

    def clear(self) -> None:
        """Forget all receipts: what was of use is committed."""
        self._remove(self._all())
        if isinstance(self._place, Path) and self._place.is_dir():
            self._place.rmdir()

    def _all(self) -> list[str]:
        return sorted(sizes(self._place)) if self._place.is_dir() else []

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            (self._place / name).unlink()


def _is_there(fragment: str, there: dict[str, int]) -> bool:
    return all(there.get(name) == size for name, size in _data_files(fragment))


def _data_files(fragment: str) -> Iterator[tuple[str, int]]:
    for file in json.loads(fragment)["files"]:
        yield file["path"], file["file_size_bytes"]
