"""What is to be done about a file: first by its size and time, then by what is in it.

Nothing is decoded here, and nothing written: a run on one machine and one on many decide alike.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from clamp3_plugin.errors import MissingFileError, NoModelError, UnheardError
from clamp3_plugin.indexing.formats import Formats
from clamp3_plugin.library.entries import FileRecord, FileStatus, Stamp
from clamp3_plugin.music import Modality
from clamp3_plugin.readers.resolved import open_resolved


class Known(Protocol):
    """What a library knows of files."""

    @property
    def records(self) -> Mapping[str, FileRecord]:
        """What is known of each file, by path."""


class Action(StrEnum):
    """What is to be done about a file."""

    KEEP = "keep"
    LEAVE_OUT = "leave out"
    RESTAMP = "restamp"
    MOVE = "move"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about one file."""

    action: Action
    record: FileRecord
    """What is known of it, or with the new path, stamp and hash what is to be remembered."""
    former: str = ""
    """Where it was, if it has moved."""


class Triage:
    """Decides about the files of one run.

    Parameters
    ----------
    known
        Asked for each file anew: what is committed meanwhile counts.
    require
        Raises NoModelError for what the model in use does not read.
    retry
        Files that were refused or failed are read again.
    """

    def __init__(
        self, known: Known, require: Callable[[Modality], None], formats: Formats, *, retry: bool
    ) -> None:
        self._known = known
        self._require = require
        self._formats = formats
        self._retry = retry
        self._deafness: dict[Modality | None, str] = {}
        self._moved: set[str] = set()
        self._by_hash: dict[str, list[FileRecord]] | None = None

    def by_stamp(self, path: str, stamp: Stamp) -> Decision | None:
        """Decide without opening a file; None where its content must be known."""
        record = self._known.records.get(path)
        if deafness := self._deaf_to(path):
            return _without_ears(record, FileRecord(path, stamp, ""), deafness)
        record = self._trusted(path)
        if record and record.stamp.agrees(stamp):
            return Decision(Action.KEEP, record)
        return None

    def by_content(self, path: str, stamp: Stamp, sha256: str) -> Decision:
        """Decide about a file with some content that ``by_stamp`` did not decide about."""
        record = self._trusted(path)
        if record and sha256 and record.sha256 == sha256:
            return Decision(Action.RESTAMP, replace(record, stamp=stamp))
        if path not in self._known.records and (old := self._former(path, sha256)):
            self._moved.add(old.path)
            return Decision(Action.MOVE, replace(old, path=path, stamp=stamp), old.path)
        return Decision(Action.READ, FileRecord(path, stamp, sha256))

    def _trusted(self, path: str) -> FileRecord | None:
        """Give what is known of a file, unless it is to be read again whatever is known."""
        record = self._known.records.get(path)
        if record and record.reason == UnheardError.code:
            return None  # now there is a model that hears it
        if record and self._retry and record.status is not FileStatus.INDEXED:
            return None
        return record

    def _deaf_to(self, path: str) -> str:
        """Say why the model does not read what a file holds; empty where it does."""
        modality = self._formats.modality_of(Path(path))
        if modality not in self._deafness:
            self._deafness[modality] = ""
            try:
                if modality is not None:
                    self._require(modality)
            except NoModelError as error:
                self._deafness[modality] = str(error)
        return self._deafness[modality]

    def _former(self, path: str, sha256: str) -> FileRecord | None:
        """Find the record of a file that has moved to a path: same content, and gone itself."""
        known = self._known.records
        if self._by_hash is None:
            self._by_hash = defaultdict(list)
            for record in known.values():
                if record.sha256 and record.status is FileStatus.INDEXED:
                    self._by_hash[record.sha256].append(record)
        for record in self._by_hash.get(sha256, []):
            same_kind = Path(record.path).suffix.lower() == Path(path).suffix.lower()
            left = record.path in known and record.path not in self._moved
            if same_kind and left and not os.path.lexists(record.path):
                return record
        return None


def content_hash(path: str, stamp: Stamp, formats: Formats) -> str:
    """Hash a file; empty where it will be refused by its size, be it terabytes of nothing.

    Raises
    ------
    MissingFileError
        It cannot be read.
    """
    if stamp.size > formats.most_bytes(Path(path)):
        return ""
    try:
        with os.fdopen(open_resolved(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MissingFileError(f"{path} cannot be read: {error.strerror}.") from error


def _without_ears(known: FileRecord | None, record: FileRecord, why: str) -> Decision:
    """Note a file that waits for a model that hears it; what was heard of it before stays."""
    unchanged = known is not None and known.stamp.agrees(record.stamp)
    if known and unchanged and (known.status is FileStatus.INDEXED or known.message == why):
        return Decision(Action.KEEP, known)
    left = replace(record, status=FileStatus.REFUSED, reason=UnheardError.code, message=why)
    return Decision(Action.LEAVE_OUT, left)
