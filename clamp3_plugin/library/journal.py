"""What of a space is safe on the disk: the versions of its tables, and a checksum of every file.

LanceDB never waits for the disk. ``keep`` does, once a batch, and then says so in a small file of
our own; whatever is not named there is of a batch that nobody was told of.

Conventions: files are named from the library's folder, with slashes; LanceDB never changes a file
that it has written, except the hint which version is the latest, which it can do without.
"""

import contextlib
import json
import os
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clamp3_plugin.library.durable import checksum, sync_files, sync_folder, write_private

_HINT = "latest_version_hint.json"
QUARANTINE = "quarantine"
_ASIDE_S = 14 * 86_400.0
_TEMPORARY_S = 3600.0


@dataclass(frozen=True, slots=True)
class Commit:
    """A state of the tables that survives a power cut."""

    versions: tuple[int, ...]
    """Of each table."""
    rows: tuple[int, ...]
    """Of each table."""
    sums: Mapping[str, tuple[int, int]]
    """Size and CRC-32 of every file."""

    def to_json(self) -> bytes:
        """Write it down, with a checksum of its own."""
        body = json.dumps([self.versions, self.rows, self.sums], separators=(",", ":"))
        return json.dumps({"crc32": zlib.crc32(body.encode()), "commit": body}).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Commit | None":
        """Read it; None where it is damaged."""
        try:
            outer = json.loads(data)
            body = outer["commit"]
            if zlib.crc32(body.encode()) != outer["crc32"]:
                return None
            versions, rows, sums = json.loads(body)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        named = {name: (size, crc) for name, (size, crc) in sums.items()}
        return cls(tuple(versions), tuple(rows), named)


class Journal:
    """Keeps the last commit of some tables of a library in ``path``."""

    def __init__(self, folder: Path, path: Path, tables: Sequence[str]) -> None:
        self._folder = folder
        self._path = path
        self._tables = [folder / f"{name}.lance" for name in tables]
        self.last: Commit | None = None
        with contextlib.suppress(FileNotFoundError):
            self.last = Commit.from_json(path.read_bytes())

    def keep(self, versions: tuple[int, ...], rows: tuple[int, ...]) -> None:
        """Wait until the disk has all of the tables, then say that it has these versions."""
        there = dict(self._present())
        known = self.last.sums if self.last else {}
        sums = {name: known[name] for name in there if name in known}
        new = [name for name in there if name not in known]
        if self.last == Commit(versions, rows, sums) and not new:
            return
        crcs = sync_files([self._folder / name for name in new])
        sync_folder(self._folder)
        sums |= {name: (there[name], crc) for name, crc in zip(new, crcs, strict=True)}
        commit = Commit(versions, rows, sums)
        write_private(self._path, commit.to_json())
        self.last = commit

    def agrees(self, versions: tuple[int, ...]) -> bool:
        """Tell whether this is the last commit, and every file of it as long as it was."""
        last = self.last
        if last is None or last.versions != versions:
            return False
        there = dict(self._present())
        return all(there.get(name, size) == size for name, (size, _) in last.sums.items())

    def set_aside_rest(self) -> int:
        """Move what is not of the last commit into quarantine; gives how many files that were."""
        known = self.last.sums if self.last else {}
        rest = [name for name, _ in self._present() if name not in known]
        for name in rest:
            self.set_aside(self._folder / name)
        return len(rest)

    def set_aside(self, path: Path) -> Path:
        """Move a file or a table into quarantine; gives where it is now. Its name may be used again."""
        name = path.relative_to(self._folder).as_posix()
        if self.last:
            left = {n: s for n, s in self.last.sums.items() if n != name}
            self.last = replace(self.last, sums=left)
        place = self._folder / QUARANTINE / name
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = 1
        while place.exists():
            place = place.with_name(f"{path.name}.{number}")
            number += 1
        path.rename(place)
        return place

    def damaged(self) -> list[str]:
        """Name the files of the last commit that are no longer what was written."""
        if self.last is None:
            return []
        there = dict(self._present())
        return [
            name
            for name, (size, crc) in self.last.sums.items()
            if name in there and (there[name] != size or checksum(self._folder / name) != crc)
        ]  # a file that is gone was cleaned up, or reading fails for want of it

    def prune(self) -> None:
        """Remove what was set aside two weeks ago, and temporary files that nobody writes to."""
        for folder, _, names in os.walk(self._folder):
            aside = QUARANTINE in Path(folder).relative_to(self._folder).parts
            for name in names:
                path = Path(folder, name)
                if aside or _is_temporary(name):
                    with contextlib.suppress(FileNotFoundError):
                        age_s = time.time() - path.stat().st_ctime
                        if age_s > (_ASIDE_S if aside else _TEMPORARY_S):
                            path.unlink()

    def _present(self) -> Iterator[tuple[str, int]]:
        """Name all files of the tables, with their sizes."""
        for table in self._tables:
            for folder, _, names in os.walk(table):
                for name in names:
                    path = Path(folder, name)
                    if name != _HINT and not _is_temporary(name):
                        with contextlib.suppress(FileNotFoundError):
                            size = path.stat().st_size
                            yield path.relative_to(self._folder).as_posix(), size


def _is_temporary(name: str) -> bool:
    return name.startswith(".") or "#" in name
