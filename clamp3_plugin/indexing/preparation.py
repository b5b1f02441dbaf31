"""From a file to what waits to be encoded; music that the library knows already does not wait.

Recordings are large and what is heard of them is small: they are listened to here, one at a time, so
that no samples wait for others.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clamp3_plugin.encoding import Embeddings, Encoder, Frames, Input, Samples
from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.library.entries import FileRecord, FileStatus, PieceEntry, piece_id
from clamp3_plugin.library.library import Library
from clamp3_plugin.music import Metadata, Modality, Passage
from clamp3_plugin.readers.content import Content, Stretches


class CancelledError(Exception):
    """The run was cancelled while a recording was listened to."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece as the encoder reads it."""

    modality: Modality
    metadata: Metadata
    stretches: Stretches

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Its passages in order."""
        return self.stretches.passages

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What is to be encoded."""
        return self.stretches.inputs

    def entry(self, encoded: Embeddings) -> PieceEntry:
        """Make the entry of the library from the encoded inputs, unit rows."""
        vectors, phases = self.stretches.vectors(encoded), self.stretches.fingerprints
        fingerprint = None if phases is None else phases[0]
        return PieceEntry(self.modality, self.metadata, self.passages, vectors, fingerprint)


@dataclass(frozen=True, slots=True)
class KnownPiece:
    """A piece whose music is in the library already, be it under other tags or another name."""

    known: PieceEntry

    @property
    def modality(self) -> Modality:
        """What it is."""
        return self.known.modality

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Its passages in order."""
        return self.known.passages

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Nothing."""
        return ()

    def entry(self, encoded: Embeddings) -> PieceEntry:  # noqa: ARG002 - there is nothing in it
        """Give its entry."""
        return self.known


FindKnown = Callable[[str], PieceEntry | None]
"""Finds a piece by the digest of its music; None where it is not known."""


class KnownMusic:
    """Finds the music that a library had when it was first asked."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._paths: dict[str, str] | None = None

    def __call__(self, digest: str) -> PieceEntry | None:
        """Find a piece by the digest of its music."""
        records = self._library.records
        if self._paths is None:
            self._paths = {r.content: r.path for r in records.values() if r.content}
        path = self._paths.get(digest, "")
        record = records.get(path)
        if record is None or record.content != digest or record.status is not FileStatus.INDEXED:
            return None
        return self._library.entry(piece_id(path, 1))


class Preparation:
    """Reads files for one run.

    Parameters
    ----------
    read
        Reads the pieces of a file in order.
    known
        Finds music that need not be encoded again.
    cancelled
        Asked while a recording is listened to.
    """

    def __init__(
        self,
        encoder: Encoder,
        read: Callable[[Path], Sequence[Content]],
        known: FindKnown,
        cancelled: Callable[[], bool],
    ) -> None:
        self._ear = _Listener(encoder, cancelled)
        self._read = read
        self._known = known

    def pieces(self, record: FileRecord) -> tuple[FileRecord, tuple[Piece | KnownPiece, ...]]:
        """Read a file; gives its record with what was counted, and its pieces.

        Raises
        ------
        Clamp3Error
            It cannot be read.
        CancelledError
            The run was cancelled meanwhile.
        """
        name = Path(record.path).name
        contents = self._read(Path(record.path))
        digest = contents[0].digest if len(contents) == 1 else ""
        pieces = tuple(self._prepared(content, name) for content in contents)
        passages = sum(len(piece.passages) for piece in pieces)
        return replace(record, pieces=len(pieces), passages=passages, content=digest), pieces

    def _prepared(self, content: Content, name: str) -> Piece | KnownPiece:
        if content.digest and (known := self._known(content.digest)) is not None:
            return KnownPiece(replace(known, metadata=content.metadata))
        try:
            stretches = content.indexed(self._ear)
        except Clamp3Error as error:
            raise type(error)(f"{name}: {error.message}", error.hint) from error
        return Piece(content.modality, content.metadata, stretches)


class _Listener:
    """The encoder's ear, which stops when the run is cancelled."""

    def __init__(self, encoder: Encoder, cancelled: Callable[[], bool]) -> None:
        self._encoder = encoder
        self._cancelled = cancelled

    @property
    def frame_s(self) -> float:
        """Seconds that a row of features stands for."""
        return self._encoder.frame_s

    def listen(self, samples: Samples) -> Iterator[Frames]:
        """Give features as they come."""
        for frames in self._encoder.listen(samples):
            if self._cancelled():
                raise CancelledError
            yield frames
