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
    rounded = np.rint(wave * 32_767).astype(np.int16)  # the same in whatever loses nothing
    soundfile.write(file, rounded, rate, format=form, subtype=subtype)
    return file.getvalue()


class Desk:
    """A folder of recordings, a library, and what the last run said."""

    def __init__(self, folder: Path, encoder: HashEncoder | None = None):
        self.music = folder / "music"
        self.music.mkdir()
        self.encoder = encoder or HashEncoder(dim=128, space="hash-128")
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


class Tin(HashEncoder):
    """To its ear all music is the same."""

    def encode_audio(self, features):
        return np.ones((len(features), self.dim), np.float32)


def clip_of(wave, start: float, seconds: float) -> Source:
    part = wave[round(start * RATE) : round((start + seconds) * RATE)]
    return Source(data=encoded(0.5 * part, "OGG", "VORBIS"), name="clip.ogg")


@pytest.fixture
def deaf(tmp_path: Path):
    """Two recordings that no vector tells apart."""
    desk = Desk(tmp_path, Tin(dim=128, space="hash-128"))
    desk.write("a.flac", encoded(played(4, 40.0), "FLAC"))
    desk.write("b.flac", encoded(played(3, 40.0), "FLAC"))
    desk.index()
    yield desk
    desk.library.close()


def test_the_recording_that_a_clip_was_cut_from_comes_first_with_its_very_place(deaf):
    hits = deaf.find(clip_of(played(3, 40.0), 23.4, 7.0))

    assert [name(hit) for hit in hits] == ["b.flac", "a.flac"]
    assert hits[0].passage is not None
    assert (hits[0].passage.start, hits[0].passage.end) == pytest.approx((23.4, 30.4), abs=0.07)
    assert hits[0].score == hits[1].score == pytest.approx(1)


def test_it_is_known_again_after_the_library_was_opened_anew_and_after_a_move(deaf):
    deaf.music.joinpath("b.flac").rename(deaf.music / "c.flac")
    deaf.index()
    deaf.library.close()
    deaf.library = Library.open(deaf.library.folder, "hash-128", 128)
    finder = Finder(deaf.encoder, deaf.library, registry, Tagger(deaf.encoder, Vocabulary.load()))

    hits = finder.find(Query((clip_of(played(3, 40.0), 23.4, 7.0),))).hits

    assert name(hits[0]) == "c.flac"
    assert hits[0].passage is not None
    assert hits[0].passage.start == pytest.approx(23.4, abs=0.07)


def test_a_recording_that_is_gone_is_not_known_again(deaf):
    deaf.music.joinpath("b.flac").unlink()
    deaf.index()

    assert [name(hit) for hit in deaf.find(clip_of(played(3, 40.0), 23.4, 7.0))] == ["a.flac"]


def test_a_longer_clip_is_placed_by_all_its_windows(desk):
    wave = played(3, 90.0)
    desk.write("a.flac", encoded(wave, "FLAC"))
    desk.write("b.flac", encoded(played(4, 90.0), "FLAC"))
    desk.index()

    hits = desk.find(Source(data=encoded(wave[33 * RATE : 61 * RATE]), name="clip.wav"))

    assert name(hits[0]) == "a.flac"
    assert hits[0].passage is not None
    assert hits[0].passage.start == pytest.approx(33, abs=2.5)
    assert hits[0].passage.end == pytest.approx(61, abs=2.5)


def test_a_clip_finds_a_loop_that_is_shorter_than_itself(desk):
    wave = played(5, 40.0)
    desk.write("loop.wav", encoded(wave[15 * RATE : 25 * RATE]))
    desk.write("other.wav", encoded(played(6, 10.0)))
    desk.index()

    hits = desk.find(Source(data=encoded(wave), name="clip.wav"))

    assert [(name(hit), hit.passage) for hit in hits] == [("loop.wav", None), ("other.wav", None)]


def test_a_part_of_a_file_is_asked_with_and_does_not_find_itself(desk):
    theme = played(8, 12.0)
    first = np.concatenate([played(1, 20.0), theme, played(2, 20.0)])
    data = encoded(first)
    desk.write("first.wav", data)
    desk.write("second.wav", encoded(np.concatenate([played(3, 35.0), theme])))
    desk.index()
    part = Passage(start=20.0, end=32.0)

    for source in (
        Source(data=data, name="elsewhere.wav", passage=part),
        Source(data=encoded(first, "FLAC"), name="same.flac", passage=part),  # the same music
        Source(piece_id=desk.piece("first.wav"), passage=part),
    ):
        hits = desk.find(source)
        assert name(hits[0]) == "second.wav"
        assert hits[0].passage is not None
        assert hits[0].passage.start == pytest.approx(35, abs=4)
        own = [hit.passage for hit in hits if name(hit) == "first.wav"]
        assert all(found and not found.overlaps(part) for found in own)


def test_a_part_that_is_not_there_is_refused(desk):
    data = encoded(played(1, 15.0))
    desk.write("a.wav", data)
    desk.index()

    for passage, match in [(Passage(start=20.0), "has 15.0 s"), (Passage(1, 2), "Bars 1-2")]:
        with pytest.raises(UsageError, match=match):
            desk.find(Source(data=data, name="a.wav", passage=passage))


def test_a_file_that_is_tagged_anew_is_not_heard_again(desk):
    data = encoded(played(1, 15.0), "MP3")
    desk.write("a.mp3", data)
    desk.index()
    [before] = desk.library.pieces()
    vector = desk.library.vector(before.id)
    heard = desk.encoder.heard_s
    desk.write("a.mp3", id3(TIT2="Gravel", TPE1="The Mills", TALB="Stones", TCOM="Ada") + data)

    desk.index()

    [after] = desk.library.pieces()
    known = after.metadata
    assert (known.title, known.artist, known.album) == ("Gravel", "The Mills", "Stones")
    assert known.composer == "Ada"
    assert desk.told == {"a.mp3": "indexed"}
    assert desk.encoder.heard_s == heard
    np.testing.assert_array_equal(desk.library.vector(after.id), vector)
    assert desk.library.check().sound


def test_the_same_music_in_another_container_is_not_heard_again(desk):
    wave = played(1, 15.0)
    desk.write("a.wav", encoded(wave))
    desk.index()
    heard = desk.encoder.heard_s
    desk.write("b.flac", encoded(wave, "FLAC"))

    desk.index()

    assert len(desk.library.pieces()) == 2
    assert desk.encoder.heard_s == heard


def test_a_bounce_in_the_place_of_another_is_a_new_answer(desk):
    desk.write("bounce.wav", encoded(played(1, 15.0)))
    desk.write("other.wav", encoded(played(3, 15.0)))
    desk.index()
    new = encoded(played(2, 15.0))
    desk.write("bounce.wav", new)

    desk.index()

    assert desk.told == {"bounce.wav": "indexed", "other.wav": "unchanged"}
    best = desk.find(Source(data=new, name="question.wav"))[0]
    assert (name(best), best.score) == ("bounce.wav", pytest.approx(1, abs=1e-3))


def test_recordings_wait_for_a_model_that_hears_them(desk):
    desk.write("a.wav", encoded(played(1, 15.0)))
    desk.write("broken.wav", b"no sound at all" * 99)
    desk.write("jig.abc", JIG.encode())
    desk.encoder.hears = False

    deaf = [desk.index(), desk.index(), desk.index(retry=True)]
    told, errors = desk.told, desk.library.errors()
    desk.encoder.hears = True
    hearing = desk.index()

    assert [(run.unheard, run.refused, run.failed) for run in deaf] == [(2, 0, 0)] * 3
    assert told == {"a.wav": "unheard", "broken.wav": "unheard", "jig.abc": "unchanged"}
    assert {error.message for error in errors} == {
        "hash-16 does not hear audio. Use a model that does."
    }
    assert desk.told == {"a.wav": "indexed", "broken.wav": "broken_file", "jig.abc": "unchanged"}
    assert (hearing.unheard, hearing.refused) == (0, 1)


def test_a_model_that_hears_nothing_says_so_before_a_file_is_opened(desk):
    desk.write("jig.abc", JIG.encode())
    desk.index()
    desk.encoder.hears = False

    with pytest.raises(UnheardError, match="does not hear audio"):
        desk.find(Source(data=b"never looked at", name="a.wav"))


def test_what_was_heard_stays_when_the_model_hears_no_more(desk):
    desk.write("a.wav", encoded(played(1, 15.0)))
    desk.index()
    desk.encoder.hears = False

    assert desk.index().unchanged == 1
    assert len(desk.library.pieces()) == 1


def test_a_run_is_cancelled_within_a_recording(desk):
    desk.write("a.wav", encoded(played(1, 15.0)))
    desk.write("long.wav", encoded(played(2, 60.0)))

    summary = desk.index(cancelled=lambda: desk.encoder.heard_s > 25)

    assert summary.cancelled
    assert desk.encoder.heard_s < 35
    assert desk.index().indexed == 2


def test_no_modality_crowds_out_another(desk):
    wave = played(1, 40.0)
    for seed in range(12):
        desk.write(f"{seed}.wav", encoded(wave * (0.5 + seed / 30)))
    desk.write("one.abc", JIG.encode())
    desk.write("two.abc", JIG.replace("GBd", "ABc").encode())
    desk.write("play.mtf", b"ticks_per_beat 480\nnote_on 0 0 60 90\nnote_off 480 0 60 0\n")
    desk.index()
    clip = Source(data=encoded(wave[: 10 * RATE]), name="clip.wav")

    mixed = [hit.piece.modality for hit in desk.find(clip)]
    of_text = desk.find(Source(text="lively jig"), n=4)
    only = desk.find(clip, where=Filter(modalities=(Modality.SCORE,)))

    assert mixed[0] is Modality.AUDIO  # that of the question comes first
    assert {m: mixed.count(m) for m in set(mixed)} == {
        Modality.AUDIO: 7,
        Modality.SCORE: 2,
        Modality.PERFORMANCE: 1,
    }
    assert mixed == sorted(mixed, key=mixed.index)  # hits of a modality stand together
    assert len({hit.piece.modality for hit in of_text}) == 3
    assert {hit.piece.modality for hit in only} == {Modality.SCORE}


def test_the_percentile_is_among_what_has_the_modality_of_the_hit(desk):
    for seed in range(5):
        desk.write(f"{seed}.wav", encoded(played(seed, 10.0)))
    desk.write("jig.abc", JIG.encode())
    desk.index()

    hits = desk.find(Source(data=encoded(played(2, 10.0)), name="clip.wav"))

    assert [hit.percentile for hit in hits if hit.piece.modality is Modality.AUDIO] == [
        pytest.approx(20.0 * below) for below in (4, 3, 2, 1, 0)
    ]


def test_tags_are_given_for_recordings(desk):
    data = encoded(played(1, 15.0))
    desk.write("a.wav", data)
    desk.index()

    hits = desk.finder.tag(Source(data=data, name="a.wav", passage=Passage(start=2.0, end=9.0)))

    assert len(hits) == 10
