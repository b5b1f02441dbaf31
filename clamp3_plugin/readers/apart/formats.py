"""Formats as ``registry`` knows them, with everything but recordings read in a worker.

(Recordings have workers of their own.) A file is opened here, and only its bytes are handed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from clamp3_plugin.encoding import Ear
from clamp3_plugin.music import Metadata, Modality, Passage
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.apart.parcel import Parcel, passage_fields
from clamp3_plugin.readers.apart.pool import File, Pool
from clamp3_plugin.readers.content import Content, Stretches


class ApartFormats:
    """Reads files in the workers of a pool; any thread may ask."""

    def __init__(self, pool: Pool | None = None) -> None:
        self.pool = pool or Pool()

    def is_music(self, path: PurePath) -> bool:
        """Tell by its name whether a file may hold music."""
        return registry.is_music(path)

    def modality_of(self, path: PurePath) -> Modality | None:
        """Tell by its name what a file holds."""
        return registry.modality_of(path)

    def most_bytes(self, path: PurePath) -> int:
        """Tell by its name how large a file may be."""
        return registry.most_bytes(path)

    def read(self, path: Path) -> Sequence[Content]:
        """Read the pieces of a file in order, with their passages: what the library keeps.

        The path is that of a library, without links; one that is there by now is not followed.

        Raises
        ------
        MissingFileError
            It is not there or may not be read.
        InputRefusedError
            It cannot be read, or what read it died, took too long or too much memory.
        """
        if self.modality_of(path) is Modality.AUDIO:
            return registry.read(path, is_resolved=True)
        with registry.opened(path, is_resolved=True) as (content, _):
            file = File(path.name, content.read())
        return self._pieces(file, "indexed")

    def read_bytes(self, data: bytes, name: str) -> Sequence[Content]:
        """Read the pieces of a file in memory; its name says the format.

        Raises
        ------
        InputRefusedError
            As ``read`` does.
        """
        if self.modality_of(PurePath(name)) is Modality.AUDIO:
            return registry.read_bytes(data, name)
        registry.check_size(len(data), name)
        return self._pieces(File(name, data), "whole")

    def close(self) -> None:
        """End the workers."""
        self.pool.close()

    def _pieces(self, file: File, want: str) -> list[Content]:
        parcels = self.pool.ask(file, want)
        return [
            ApartPiece(self.pool, file, number, parcel, has_passages=want == "indexed")
            for number, parcel in enumerate(parcels)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class ApartPiece:
    """A piece that was read in a worker, where a part of it is cut too; satisfies ``Content``."""

    pool: Pool
    file: File
    number: int
    """In its file, from 0."""
    parcel: Parcel
    has_passages: bool
    staves: tuple[int, int] | None = None

    @property
    def modality(self) -> Modality:
        """SCORE or PERFORMANCE."""
        return self.parcel.modality

    @property
    def metadata(self) -> Metadata:
        """What the file says of itself."""
        return self.parcel.metadata

    @property
    def digest(self) -> str:
        """Empty: what is written otherwise is encoded again."""
        return ""

    @property
    def is_interleaved(self) -> bool:
        """Tell whether the file is what an encoder reads, as it is."""
        return self.parcel.is_interleaved

    def passages(self) -> list[Passage]:
        """Stretches that are indexed beside the whole."""
        return list(self._indexed.passages)

    def of_staves(self, first: int, last: int) -> "ApartPiece":
        """Take a range of staves, from 1 at the top; whether they are there shows when it is cut."""
        return replace(self, staves=(first, last))

    def indexed(self, ear: Ear) -> Stretches:  # noqa: ARG002 - there is nothing to listen to
        """Give the whole and its passages."""
        return self._indexed

    def asked(self, ear: Ear, passage: Passage | None) -> Stretches:  # noqa: ARG002 - as above
        """Give the whole, or the part that is asked for."""
        return Stretches(self.text(passage))

    def text(self, passage: Passage | None) -> str:
        """Give what an encoder reads of the whole, or of a part.

        Raises
        ------
        UsageError
            There is no such part.
        """
        return str(self.part(passage).stretches.whole)

    def part(self, passage: Passage | None) -> Parcel:
        """Give the whole, or a part that is a whole of its own.

        Raises
        ------
        UsageError
            There is no such part.
        """
        if passage is None and self.staves is None:
            return self.parcel
        fields = {"passage": passage_fields(passage), "staves": self.staves}
        return self.pool.ask(self.file, "part", number=self.number, **fields)[0]

    @property
    def _indexed(self) -> Stretches:
        if self.has_passages:
            return self.parcel.stretches
        return self.pool.ask(self.file, "indexed")[self.number].stretches
