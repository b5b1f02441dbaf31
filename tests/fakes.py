"""Small real implementations of the seams: an encoder without weights, a format of plain words.

A file of the format ``.score`` or ``.play`` is text: lines ``name: value`` are metadata, every other
line is a bar (of one second), ``---`` begins the next tune.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clamp3_plugin.encoding import Embeddings
from clamp3_plugin.errors import BrokenFileError, MissingFileError, UsageError
from clamp3_plugin.music import Metadata, Modality, Passage


class HashEncoder:
    """Counts hashed runs of three characters: similar texts of any modality get similar vectors."""

    def __init__(self, dim: int = 16, space: str = "hash-16"):
        self.dim = dim
        self.space = space
        self.encoded = 0

    def _encode(self, contents: Sequence[str]) -> Embeddings:
        self.encoded += len(contents)
        return np.stack([self._vector(content) for content in contents])

    def _vector(self, content: str) -> Embeddings:
        text = f"  {content.casefold()} ".encode("utf-8", "surrogateescape")
        hashes = np.array([zlib.crc32(text[i : i + 3]) for i in range(len(text) - 2)], np.int64)
        signs = 1.0 - 2.0 * (hashes // 2**20 % 2)
        vector = np.bincount(hashes % self.dim, signs, self.dim).astype(np.float32)
        vector[0] += 0.01  # never zero
        return vector

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        return self._encode(texts)

    def encode_score(self, scores: Sequence[str]) -> Embeddings:
        return self._encode(scores)

    def encode_performance(self, performances: Sequence[str]) -> Embeddings:
        return self._encode(performances)


@dataclass(frozen=True)
class FakeContent:
    """One tune of the plain format."""

    modality: Modality
    metadata: Metadata
    bars: tuple[str, ...]

    def whole(self) -> str:
        return "\n".join(self.bars)

    def passages(self) -> list[Passage]:
        if len(self.bars) <= 8:
            return []
        last = len(self.bars)
        return [self._passage(first, min(first + 7, last)) for first in range(1, last - 3, 4)]

    def _passage(self, first: int, last: int) -> Passage:
        if self.modality is Modality.PERFORMANCE:
            return Passage(start=first - 1.0, end=float(last))
        return Passage(first, last, first - 1.0, float(last))

    def excerpt(self, passage: Passage) -> str:
        first, last = passage.first_bar, passage.last_bar
        if first is None or last is None:
            first, last = int(passage.start or 0) + 1, int(passage.end or len(self.bars))
        if last > len(self.bars):
            raise UsageError(f"The piece has {len(self.bars)} bars, not {last}.")
        return "\n".join(self.bars[first - 1 : last])

    def of_staves(self, first: int, last: int) -> "FakeContent":
        if (first, last) != (1, 1):
            raise UsageError("The plain format has one staff.")
        return self


class FakeFormats:
    """Reads the plain format, and counts what it opens."""

    def __init__(self):
        self.opened: list[str] = []

    def is_music(self, path: Path) -> bool:
        return path.suffix in {".score", ".play"}

    def read(self, path: Path) -> list[FakeContent]:
        self.opened.append(path.name)
        try:
            return self.read_bytes(path.read_bytes(), path.name)
        except OSError as error:
            raise MissingFileError(f"{path.name} cannot be read: {error.strerror}.") from error

    def read_bytes(self, data: bytes, name: str) -> list[FakeContent]:
        if b"BROKEN" in data:
            raise BrokenFileError(f"{name} is broken.", "Mend it.")
        if b"CRASH" in data:
            raise ZeroDivisionError("in the reader")
        text = data.decode("utf-8", "surrogateescape")
        modality = Modality.PERFORMANCE if name.endswith(".play") else Modality.SCORE
        return [_tune(tune.splitlines(), modality) for tune in text.split("---\n")]


def _tune(lines: list[str], modality: Modality) -> FakeContent:
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    bars = tuple(line for line in lines if ": " not in line)
    metadata = Metadata(
        title=fields.get("title", ""),
        composer=fields.get("composer", ""),
        key=fields.get("key", ""),
        tempo=float(fields["tempo"]) if "tempo" in fields else None,
        bars=len(bars),
        duration=float(len(bars)),
    )
    return FakeContent(modality, metadata, bars)
