"""The same library in memory and behind an index must answer alike."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from clamp3_plugin.encoding import normalize
from clamp3_plugin.library import index as index_module
from clamp3_plugin.library.alignment import Clip
from clamp3_plugin.library.entries import FileEntry, FileRecord, PieceEntry, Stamp, pieces_of
from clamp3_plugin.library.exclusion import Exclusion
from clamp3_plugin.library.library import Library
from clamp3_plugin.library.ranking import Origin
from clamp3_plugin.library.searching import FEW_ROWS
from clamp3_plugin.music import Metadata, Modality, Passage
from clamp3_plugin.query import Filter
from clamp3_plugin.readers.audio.fingerprint import BANDS, PHASES

DIM = 64
PASSAGES = 4
KINDS = (Modality.SCORE, Modality.SCORE, Modality.PERFORMANCE, Modality.AUDIO)


def unit_rows(rng, centre, n):
    rows = centre + 0.7 * rng.standard_normal((n, DIM))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def entry(number: int, kind: Modality | None = None) -> FileEntry:
    rng = np.random.default_rng(number)
    centre = np.random.default_rng(number % 20).standard_normal(DIM)
    metadata = Metadata(
        title=f"Piece {number}",
        composer=("J. S. Bach", 'Dvořák\'s "pupil"', "bachelor", "")[number % 4],
        key=("G", "g major", "Em", "D")[number % 4],
        key_is_estimated=number % 3 == 0,
        meter=("4/4", "6/8", "C")[number % 3],
        tempo=60.0 + number % 80 if number % 5 else None,
        bars=number,
        duration=25.0,
    )
    known_by = None
    passages = tuple(
        Passage(1 + 4 * i, 4 + 4 * i, 5.0 * i, 5.0 * i + 5, printed=(str(4 * i), str(4 * i + 3)))
        for i in range(PASSAGES)
    )
    kind = kind or KINDS[number % len(KINDS)]
    if kind is Modality.AUDIO:
        passages = tuple(Passage(start=5.0 * i, end=5.0 * i + 5) for i in range(PASSAGES))
        known_by = np.random.default_rng(-number - 1 & 0xFFFF).integers(
            100, 200, (100, BANDS), np.uint8
        )
    vectors = unit_rows(rng, centre, 1 + PASSAGES)
    piece = PieceEntry(kind, metadata, passages, vectors, known_by)
    path = f"/music/{('jigs', 'reels')[number % 2]}/{number:04}\udce9 100%'s.mid"
    record = FileRecord(path, Stamp(1, number), f"{number:064x}", pieces=1, passages=PASSAGES)
    return FileEntry(record, (piece,))


OLD = [entry(number) for number in range(800)]
YOUNG = [entry(number) for number in range(1200, 1280)]


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """One library in memory, one behind an index, with rows older and younger than it."""
    folder = tmp_path_factory.mktemp("libraries")
    with (
        Library.open(folder / "exact", "s", DIM) as exact,
        Library.open(folder / "large", "s", DIM, largest_exact=1000) as large,
    ):
        for library in (exact, large):
            for first in range(0, len(OLD), 300):
                library.add(OLD[first : first + 300])
        large.compact()
        for library in (exact, large):
            library.add(YOUNG)
            library.add([entry(number) for number in (3, 7)])  # again: now they are young
            library.forget([entry(11).record.path])
        yield exact, large


def question(seed):
    return unit_rows(
        np.random.default_rng(10_000 + seed), np.random.default_rng(seed).standard_normal(DIM), 1
    )[0]


def in_both(hits, both):
    found = [hit for hit in hits if (hit.piece, hit.passage) in both]
    return sorted(found, key=lambda hit: (hit.piece.path, -hit.score))


def shown(hits, *, percentiles: bool = False):
    return [
        (hit.piece.path, hit.passage, pytest.approx(hit.score, abs=2e-6))
        + ((pytest.approx(hit.percentile, abs=3.0),) if percentiles else ())
        for hit in hits
    ]


def assert_nearly_all(found, expected):
    """What an index trained on so few, random vectors finds is what there is, but for one in ten."""
    there = {(path, passage): score for path, passage, score in expected}
    common = [(path, passage) for path, passage, _ in found if (path, passage) in there]
    assert len(common) >= 0.9 * len(expected)
    for path, passage, score in found:
        if (path, passage) in there:
            assert score.expected == there[path, passage]


def test_a_library_beyond_the_size_is_behind_an_index_and_says_how_well_it_finds(libraries):
    exact, large = libraries

    assert exact.stats().search == "exact"
    assert exact.stats().recall_at_10 == 1.0
    stats = large.stats()
    assert stats.search == "index"
    assert stats.recall_at_10 >= 0.95
    assert stats.not_indexed == 82 * 5
    assert (stats.pieces, stats.passages) == (exact.stats().pieces, exact.stats().passages)
    assert len(large._view.rows.vectors) == 82 * 5  # the others are not in memory


WHERES = {
    "everything": Filter(),
    "one modality": Filter((Modality.SCORE,)),
    "two modalities": Filter((Modality.AUDIO, Modality.PERFORMANCE)),
    "key, however spelt": Filter(key="G major"),
    "metre": Filter(meter="C"),
    "part of a composer": Filter(composer="BACH"),
    "quotes in a composer": Filter(composer="dvořák's \""),
    "nobody's composer": Filter(composer="x' OR 1=1 --"),
    "folder": Filter(folder="/music/jigs"),
    "folder without music": Filter(folder="/music/jig"),
    "tempo": Filter(tempo=(80.0, 90.5)),
    "bars": Filter(bars=(1.0, 1000.0)),
    "duration": Filter(duration=(0.0, 24.0)),
    "several at once": Filter((Modality.SCORE,), key="G", meter="4/4", tempo=(60, 130)),
    "few": Filter(bars=(790, 1215)),
}


@pytest.mark.parametrize("where", WHERES.values(), ids=WHERES)
def test_both_ways_give_the_same_hits(libraries, where):
    exact, large = libraries

    found = asked = 0
    for seed in range(8):
        expected = exact.search(question(seed), 10, where)
        hits = large.search(question(seed), 10, where)

        assert len(hits) == len(expected)
        both = {(hit.piece, hit.passage) for hit in hits}
        both &= {(hit.piece, hit.passage) for hit in expected}
        found, asked = found + len(both), asked + len(expected)
        # which modality stands first may differ with what is missing
        hits = in_both(hits, both)
        expected = in_both(expected, both)
        assert shown(hits, percentiles=True) == shown(expected, percentiles=True)
    # vectors as random as these, of 64 bits each, are harder to tell apart than music
    assert found >= 0.9 * asked


def test_filters_with_many_values_name_the_pieces_one_by_one(libraries, monkeypatch):
    monkeypatch.setattr("clamp3_plugin.library.filters._MOST_VALUES", 1)
    exact, large = libraries
    where = Filter(composer="bach")

    hits = {hit.piece.id for hit in large.search(question(1), 10, where)}

    assert len(hits) == 10
    assert len(hits & {hit.piece.id for hit in exact.search(question(1), 10, where)}) >= 7


def test_many_hits_are_as_many(libraries):
    exact, large = libraries

    hits = large.search(question(3), 200, Filter((Modality.SCORE,)))

    expected = exact.search(question(3), 200, Filter((Modality.SCORE,)))
    assert len(hits) == 200
    found = {hit.piece.id for hit in hits} & {hit.piece.id for hit in expected}
    assert len(found) >= 180


def test_a_young_piece_is_found_before_it_is_indexed(libraries):
    _, large = libraries
    vector = YOUNG[40].pieces[0].vectors[2]

    assert (
        large.search(vector, 1, Filter((YOUNG[40].pieces[0].modality,)))[0].passage
        == (YOUNG[40].pieces[0].passages[1])
    )


def test_what_was_forgotten_is_not_found(libraries):
    _, large = libraries
    vector = OLD[11].pieces[0].vectors[0]

    assert OLD[11].record.path not in [hit.piece.path for hit in large.search(vector, 50)]


def test_the_question_itself_does_not_answer(libraries):
    exact, large = libraries
    piece = pieces_of([OLD[20]])[0]
    without = Exclusion(frozenset(), ((piece.id, OLD[20].pieces[0].passages[2]),))
    vector = OLD[20].pieces[0].vectors[3]

    hits = large.search(vector, 10, None, without)

    assert hits[0].piece != piece or hits[0].passage not in OLD[20].pieces[0].passages[1:4]
    assert shown(hits[:1]) == shown(exact.search(vector, 10, None, without)[:1])


def test_vectors_and_entries_come_from_the_disk(libraries):
    exact, large = libraries
    piece = pieces_of([OLD[20]])[0]

    assert np.array_equal(large.vector(piece.id), exact.vector(piece.id))
    again = large.entry(piece.id)
    assert np.array_equal(again.vectors, exact.entry(piece.id).vectors)
    assert (again.passages, again.metadata) == (OLD[20].pieces[0].passages, piece.metadata)
    assert large.background(Modality.SCORE, 64).shape[0] <= 64


def test_a_clip_is_placed_in_pieces_on_the_disk(libraries):
    exact, large = libraries
    source = OLD[23].pieces[0]
    clip = Clip(Modality.AUDIO, source.vectors[2:4], np.array([0.0, 5.0]), 10.0, 5.0)
    where = Filter((Modality.AUDIO,))

    hits = large.search(source.vectors[2], 3, where, None, Origin(Modality.AUDIO, clip))

    expected = exact.search(source.vectors[2], 3, where, None, Origin(Modality.AUDIO, clip))
    assert hits[0].piece.path == OLD[23].record.path
    assert shown(hits[:1]) == shown(expected[:1])


@pytest.mark.parametrize("source", [OLD[23], YOUNG[3]], ids=["on the disk", "not indexed yet"])
def test_a_recording_is_known_again_by_its_fingerprint(libraries, source):
    exact, large = libraries
    piece = source.pieces[0]
    assert piece.fingerprint is not None
    cut = np.stack([piece.fingerprint[33:73]] * PHASES)
    like = normalize(piece.vectors + 1.3 * OLD[27].pieces[0].vectors)  # nearer to another one
    clip = Clip(Modality.AUDIO, like[2:4], np.array([0.0, 5.0]), 10.0, 5.0)
    known = replace(clip, fingerprints=cut)

    where = Filter((Modality.AUDIO,))

    for library in (exact, large):
        alike = library.search(like[2], 3, where, None, Origin(Modality.AUDIO, clip))
        first = library.search(like[2], 3, where, None, Origin(Modality.AUDIO, known))[0]

        assert alike[0].piece.path != source.record.path
        assert first.piece.path == source.record.path
        assert first.passage is not None
        assert first.passage.start == pytest.approx(33 / 4, abs=0.2)


def test_the_same_after_opening_again_folding_and_rebuilding(tmp_path: Path, monkeypatch):
    folder = tmp_path / "library"
    with Library.open(folder, "s", DIM, largest_exact=1000) as library:
        library.add(OLD[:400])
        library.compact()
        library.add(YOUNG)
        before = shown(library.search(question(2), 10))
    with Library.open(folder, "s", DIM, largest_exact=1000) as library:
        assert library.stats().not_indexed == len(YOUNG) * 5
        opened = shown(library.search(question(2), 10))

        library.compact(timedelta(milliseconds=1))

        assert library.stats().not_indexed == 0
        folded = shown(library.search(question(2), 10))
        monkeypatch.setattr(index_module, "MOST_DELTAS", 0)
        library.compact(timedelta(milliseconds=1))
        rebuilt = shown(library.search(question(2), 10))
        assert library.check().sound
    with Library.open(folder, "s", DIM, read_only=True, largest_exact=1000) as library:
        looked_on = shown(library.search(question(2), 10))
    with Library.open(folder, "s", DIM) as library:  # there is memory for it now
        assert library.stats().search == "exact"
        in_memory = shown(library.search(question(2), 10))
    assert before == opened
    assert rebuilt == looked_on
    for found in (before, folded, rebuilt):
        assert_nearly_all(found, in_memory)


def test_moved_files_keep_their_vectors(tmp_path: Path):
    with Library.open(tmp_path / "library", "s", DIM, largest_exact=1000) as library:
        library.add(OLD[:300])
        library.compact()
        record = OLD[5].record

        library.move({record.path: replace(record, path="/elsewhere/a.mid")})

        hit = library.search(OLD[5].pieces[0].vectors[1], 1, Filter((OLD[5].pieces[0].modality,)))[
            0
        ]
        assert hit.piece.path == "/elsewhere/a.mid"
        assert hit.score == pytest.approx(1, abs=1e-3)


def test_searches_go_on_while_the_index_is_built_anew(tmp_path: Path):
    with Library.open(tmp_path / "library", "s", DIM, largest_exact=1000) as library:
        library.add(OLD[:400])
        library.compact()
        expected = shown(library.search(question(2), 5, Filter((Modality.SCORE,))))
        stop = threading.Event()
        wrong = []

        def ask():
            while not stop.is_set():
                hits = shown(library.search(question(2), 5, Filter((Modality.SCORE,))))
                if hits != expected:
                    wrong.append(hits)

        asker = threading.Thread(target=ask)
        asker.start()
        for number in range(3):
            library.add([entry(5000 + number, Modality.AUDIO)])
            library.compact(timedelta(milliseconds=1))
        stop.set()
        asker.join()

    assert not wrong


def test_more_than_few_rows_are_asked_of_the_index():
    assert len(OLD) * 5 / len(KINDS) > FEW_ROWS  # else these tests would never reach it
