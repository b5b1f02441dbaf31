"""Recordings in the library: by the real readers, with an encoder of real acoustic features."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

from clamp3_plugin.errors import UnheardError, UsageError
from clamp3_plugin.finder import Finder
from clamp3_plugin.indexing.events import FileEvent, Summary
from clamp3_plugin.indexing.indexer import Indexer
from clamp3_plugin.library.library import Library
from clamp3_plugin.music import Modality, Passage
from clamp3_plugin.query import Filter, Hit, Query, Source
from clamp3_plugin.readers import registry
from clamp3_plugin.tags import Tagger, Vocabulary
from tests.core.readers.audio.sounds import id3
from tests.core.tunes import RATE, played
from tests.fakes import HashEncoder

JIG = "X:1\nT:The Jig\nM:6/8\nL:1/8\nK:G\n" + "GBd gdB|c2A AGF|" * 8


def encoded(wave, form: str = "WAV", subtype: str | None = None, rate: int = RATE) -> bytes:
    file = BytesIO()
    soundfile.write(file, wave, rate, format=form, subtype=subtype)
    return file.getvalue()


class Desk:
    """A folder of recordings, a library, and what the last run said."""

    def __init__(self, folder: Path):
        self.music = folder / "music"
        self.music.mkdir()
        self.encoder = HashEncoder(dim=128, space="hash-128")
        self.library = Library.open(folder / "library", "hash-128", 128)
        tagger = Tagger(self.encoder, Vocabulary.load())
        self.finder = Finder(self.encoder, self.library, registry, tagger)
        self.events: list[FileEvent] = []

    def write(self, name: str, data: bytes) -> Path:
        path = self.music / name
        path.write_bytes(data)
        return path

    def index(self, **run) -> Summary:
        self.events = []
        indexer = Indexer(self.library, self.encoder, registry)
        return indexer.run([self.music], self.events.append, **run)

    @property
    def told(self) -> dict[str, str]:
        return {Path(event.path).name: event.reason or event.status.value for event in self.events}

    def find(self, *plus: Source, **options) -> tuple[Hit, ...]:
        return self.finder.find(Query(plus, **options)).hits

    def piece(self, name: str) -> str:
        return next(p.id for p in self.library.pieces() if Path(p.path).name == name)


@pytest.fixture
def desk(tmp_path: Path):
    desk = Desk(tmp_path)
    yield desk
    desk.library.close()


def name(hit: Hit) -> str:
    return Path(hit.piece.path).name


def test_a_recording_is_kept_as_windows_of_ten_seconds_and_their_mean(desk):
    desk.write("a.wav", encoded(played(1, 23.0)))

    summary = desk.index()

    [piece] = desk.library.pieces()
    passages = desk.library.passages(piece.id)
    assert (summary.indexed, summary.passages) == (1, 4)
    assert [(p.start, p.end) for p in passages] == [(0, 10), (5, 15), (10, 20), (15, 23)]
    assert (piece.modality, piece.metadata.duration) == (Modality.AUDIO, 23.0)
    windows = np.stack([desk.library.vector(piece.id, passage) for passage in passages])
    mean = windows.mean(axis=0) / np.linalg.norm(windows.mean(axis=0))
    np.testing.assert_allclose(desk.library.vector(piece.id), mean, atol=2e-3)
    assert desk.encoder.heard_s == 23.0  # once, though the windows overlap
    assert desk.library.check().sound


def test_clips_find_the_piece_and_the_place_that_they_were_cut_from(desk):
    pieces = {f"{seed}.flac": played(seed, 61.0, 90 + 10 * seed) for seed in range(6)}
    for name_, wave in pieces.items():
        desk.write(name_, encoded(wave, "FLAC"))
    desk.index()
    rng = np.random.default_rng(7)
    errors = []
    for name_, wave in pieces.items():
        for start in rng.uniform(0, 50, 4):
            clip = wave[int(start * RATE) : int((start + 10) * RATE)]
            hits = desk.find(Source(data=encoded(clip, "OGG", "VORBIS"), name="clip.ogg"))
            assert name(hits[0]) == name_
            assert hits[0].passage is not None
            assert hits[0].passage.start is not None
            errors.append(abs(hits[0].passage.start - start))

    assert np.mean([error < 5 for error in errors]) >= 0.85
    assert np.median(errors) < 2.5
