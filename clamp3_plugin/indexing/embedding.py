"""Files read and encoded: what goes into the library, whatever is in them."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from clamp3_plugin.encoding import Embeddings, Encoder, Input, encode
from clamp3_plugin.errors import Clamp3Error, MissingFileError
from clamp3_plugin.indexing.formats import Formats
from clamp3_plugin.indexing.preparation import FindKnown, KnownPiece, Piece, Preparation
from clamp3_plugin.library.entries import FileEntry, FileRecord, FileStatus

READER_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What parsers raise on files that nobody foresaw: 17 kinds were seen, and none may end a run."""


@dataclass(frozen=True, slots=True)
class Batch:
    """When a batch is full: the encoder sorts what it gets by length, so more is quicker."""

    files: int = 64
    rows: int = 256

    def is_filled_by(self, records: Sequence[FileRecord], others: int = 0) -> bool:
        """Tell whether these files, and others without rows, make a batch."""
        rows = sum(record.rows for record in records)
        return len(records) + others >= self.files or rows >= self.rows


@dataclass(frozen=True, slots=True)
class Pending:
    """A file that waits for its batch; a refused one has no pieces."""

    record: FileRecord
    pieces: tuple[Piece | KnownPiece, ...] = ()


class Embedding:
    """Reads and encodes files for one run.

    Parameters
    ----------
    known
        Finds music that need not be encoded again.
    cancelled
        Asked while a recording is listened to.
    """

    def __init__(
        self, encoder: Encoder, formats: Formats, known: FindKnown, cancelled: Callable[[], bool]
    ) -> None:
        self._encoder = encoder
        self._preparation = Preparation(encoder, formats.read, known, cancelled)

    def read(self, record: FileRecord) -> Pending:
        """Read a file; where that fails, remember why.

        Raises
        ------
        MissingFileError
            It is gone, or may not be read: a permission leaves no trace in the library.
        CancelledError
            The run was cancelled meanwhile.
        """
        try:
            return Pending(*self._preparation.pieces(record))
        except MissingFileError:
            raise
        except Clamp3Error as error:
            refused = replace(record, status=FileStatus.REFUSED, reason=error.code)
            return Pending(replace(refused, message=str(error)))
        except READER_FAILURES as error:
            return Pending(_failed(record, error))

    def encode(self, pending: Sequence[Pending]) -> list[FileEntry]:
        """Encode files at once, or one by one where one of them cannot be encoded."""
        try:
            return self._encode_together(pending)
        except (Clamp3Error, ValueError) as error:
            if len(pending) > 1:
                return [entry for one in pending for entry in self.encode([one])]
            return [FileEntry(_failed(pending[0].record, error))]

    def _encode_together(self, pending: Sequence[Pending]) -> list[FileEntry]:
        pieces = [piece for file in pending for piece in file.pieces]
        vectors: dict[int, Embeddings] = {}
        for modality in {piece.modality for piece in pieces}:
            chosen = [i for i, piece in enumerate(pieces) if piece.modality is modality]
            inputs: list[Input] = [each for i in chosen for each in pieces[i].inputs]
            ends = np.cumsum([len(pieces[i].inputs) for i in chosen])
            parts = np.split(encode(self._encoder, modality, inputs), ends[:-1])
            vectors |= dict(zip(chosen, parts, strict=True))
        entries = (piece.entry(vectors[i]) for i, piece in enumerate(pieces))
        return [
            FileEntry(file.record, tuple(next(entries) for _ in file.pieces)) for file in pending
        ]


def _failed(record: FileRecord, error: Exception) -> FileRecord:
    kind = type(error).__name__
    message = f"{Path(record.path).name} could not be read ({kind}: {str(error)[:200]})."
    failed = replace(record, status=FileStatus.FAILED, reason="failed", pieces=0, passages=0)
    return replace(failed, message=f"{message} This is a mistake of ours: please report it.")
