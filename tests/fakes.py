"""Small real implementations of the seams: an encoder without weights, a format of plain words.

What the encoder makes of recordings are real acoustic features, so that clips find where they are from.

A file of the format ``.score`` or ``.play`` is text: lines ``name: value`` are metadata, every other
line is a bar (of one second), ``---`` begins the next tune.
"""

import itertools
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clamp3_plugin.encoding import Ear, Embeddings, Frames, Samples
from clamp3_plugin.errors import BrokenFileError, MissingFileError, UnheardError, UsageError
from clamp3_plugin.music import Metadata, Modality, Passage
from clamp3_plugin.readers.content import Stretches, text_of, written

RATE = 24_000
BANDS = 64


def band_levels(samples: Samples) -> Frames:
    """Levels in bands of equal width in pitch, their means and their spread over time: ``(128,)``."""
    window = np.hanning(2048).astype(np.float32)
    padded = np.pad(samples, (0, max(0, 2048 - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, 2048)[::1024] * window
    spectra = np.abs(np.fft.rfft(frames, axis=1))
    edges = np.geomspace(5, 1025, BANDS + 1).astype(int)
    ends = itertools.pairwise(edges)
    bands = np.stack([spectra[:, a : max(b, a + 1)].mean(axis=1) for a, b in ends], axis=1)
    levels = np.log(bands + 1e-3)
    means, spread = levels.mean(axis=0), levels.std(axis=0)
    return np.concatenate([means - means.mean(), spread - spread.mean()]).astype(np.float32)


class HashEncoder:
    """Counts hashed runs of three characters: similar texts of any modality get similar vectors.

    Of a recording it takes the levels in bands of every five seconds.
    """

    frame_s = 5.0
    hears = True

    def __init__(self, dim: int = 16, space: str = "hash-16"):
        self.dim = dim
        self.space = space
        self.encoded = 0
        self.heard_s = 0.0

    def require(self, modality: Modality) -> None:
        if modality is Modality.AUDIO and not self.hears:
            raise UnheardError("hash-16 does not hear audio.", "Use a model that does.")

    def listen(self, samples: Samples) -> Iterator[Frames]:
        self.require(Modality.AUDIO)
        row = round(self.frame_s * RATE)
        for start in range(0, len(samples), row):
            part = samples[start : start + row]
            if not start or len(part) >= RATE:  # as MERT does
                self.heard_s += len(part) / RATE
                yield band_levels(part)[None]

    def encode_audio(self, features: Sequence[Frames]) -> Embeddings:
        self.encoded += len(features)
        mixing = np.random.default_rng(1).standard_normal((2 * BANDS, self.dim)).astype(np.float32)
        return np.stack([rows.mean(axis=0) @ mixing for rows in features])

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

    @property
    def digest(self) -> str:
        return ""

    def indexed(self, ear: Ear) -> Stretches:
        return written(self)

    def asked(self, ear: Ear, passage: Passage | None) -> Stretches:
        return Stretches(text_of(self, passage))

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

    def modality_of(self, path: Path) -> Modality | None:
        return {".score": Modality.SCORE, ".play": Modality.PERFORMANCE}.get(path.suffix)

    def most_bytes(self, path: Path) -> int:
        return 2**20

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
