"""What goes into the library: files with their pieces, as values that cannot be wrong."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from clamp3_plugin.encoding import Embeddings
from clamp3_plugin.music import Metadata, Modality, Passage, Piece
from clamp3_plugin.readers.audio.fingerprint import Fingerprint

NORM_TOLERANCE = 1e-3


class FileStatus(StrEnum):
    """What became of a file."""

    INDEXED = "indexed"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Stamp:
    """By what a file is known to be unchanged without opening it."""

    size: int
    mtime_ns: int
    inode: int = 0

    @classmethod
    def of(cls, stat: os.stat_result) -> "Stamp":
        """Take the stamp of a file."""
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ino & 0x7FFF_FFFF_FFFF_FFFF)

    def agrees(self, other: "Stamp") -> bool:
        """Tell whether size and time are the same.

        The inode does not count: network and FAT file systems give a new one at every mount.
        """
        return (self.size, self.mtime_ns) == (other.size, other.mtime_ns)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What the library remembers of a file, whether it could be read or not."""

    path: str
    """Absolute; bytes that are no UTF-8 as surrogate escapes."""
    stamp: Stamp
    sha256: str
    """Of the content; empty where the file is too large to be hashed."""
    status: FileStatus = FileStatus.INDEXED
    reason: str = ""
    """Code of the error where the file was not indexed."""
    message: str = ""
    pieces: int = 0
    passages: int = 0
    """Passages of all its pieces; the whole pieces are not counted."""
    content: str = ""
    """Hash of the music in it, whatever its tags; empty where the file's own is all there is."""

    @property
    def rows(self) -> int:
        """How many vectors the library holds of this file."""
        return self.pieces + self.passages


@dataclass(frozen=True, slots=True, eq=False)
class PieceEntry:
    """A piece with its vectors.

    ``vectors`` is float32, shape ``(1 + len(passages), dim)``, unit rows: the whole piece, then
    each passage. ``fingerprint`` is that of a recording.
    """

    modality: Modality
    metadata: Metadata
    passages: tuple[Passage, ...]
    vectors: Embeddings
    fingerprint: Fingerprint | None = None

    def __post_init__(self) -> None:
        """Refuse vectors that are no unit vectors: a search could never find them again."""
        if self.vectors.ndim != 2 or len(self.vectors) != 1 + len(self.passages):
            wanted = 1 + len(self.passages)
            raise ValueError(f"{self.vectors.shape} vectors for {wanted} stretches of music")
        norms = np.linalg.norm(self.vectors.astype(np.float32), axis=1)
        if not np.all(np.abs(norms - 1) <= NORM_TOLERANCE):  # also where a norm is not finite
            raise ValueError(f"a vector has the norm {norms[np.argmax(np.abs(norms - 1))]}, not 1")


@dataclass(frozen=True, slots=True, eq=False)
class FileEntry:
    """A file with its pieces in the order of its tunes; a refused file has none."""

    record: FileRecord
    pieces: tuple[PieceEntry, ...] = ()

    def __post_init__(self) -> None:
        """Refuse counts that do not agree: the store trusts them after a crash."""
        counted = (len(self.pieces), sum(len(piece.passages) for piece in self.pieces))
        if counted != (self.record.pieces, self.record.passages):
            raise ValueError(f"{self.record.path!r}: the record does not count its {counted} rows")


def file_id(path: str) -> str:
    """Identify a file by its absolute path, in characters that need no quoting.

    Examples
    --------
    >>> len(file_id("/music/a.mid"))
    32
    """
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:32]


def piece_id(path: str, tune: int) -> str:
    """Identify a piece by the absolute path of its file and its number in it.

    Examples
    --------
    >>> piece_id("/music/a.abc", 1) == piece_id("/music/a.abc", 2)
    False
    """
    return hashlib.sha256(b"%b\0%d" % (os.fsencode(path), tune)).hexdigest()[:16]


def pieces_of(entries: Iterable[FileEntry]) -> list[Piece]:
    """Name the pieces of files in order."""
    return [
        Piece(piece_id(path, tune), path, piece.modality, tune, piece.metadata)
        for entry in entries
        for path in [entry.record.path]
        for tune, piece in enumerate(entry.pieces, 1)
    ]


def fingerprints_of(entries: Iterable[FileEntry]) -> dict[str, Fingerprint]:
    """Give the fingerprints of the recordings among files, by the id of the piece."""
    return {
        piece_id(entry.record.path, tune): piece.fingerprint
        for entry in entries
        for tune, piece in enumerate(entry.pieces, 1)
        if piece.fingerprint is not None
    }
