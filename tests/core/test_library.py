import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import lancedb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clamp3_plugin.errors import (
    LibraryBusyError,
    LibraryDamagedError,
    MissingFileError,
    NoLibraryError,
)
from clamp3_plugin.library.arrow import (
    FILES,
    LATER_FILES,
    LATER_PASSAGES,
    PRINTED,
    files_table,
    passages_schema,
    passages_table,
)
from clamp3_plugin.library.entries import FileEntry, FileRecord, FileStatus, PieceEntry, Stamp
from clamp3_plugin.library.exclusion import Exclusion
from clamp3_plugin.library.filters import key_name
from clamp3_plugin.library.library import Library
from clamp3_plugin.library.spelling import escape, unescape
from clamp3_plugin.library.tables import table_stem
from clamp3_plugin.music import Metadata, Modality, Passage, Piece
from clamp3_plugin.query import Filter

DIM = 16


def unit(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).standard_normal(DIM).astype(np.float32)
    return vector / np.linalg.norm(vector)


def piece(*seeds: int, modality: Modality = Modality.SCORE, **metadata) -> PieceEntry:
    """A piece whose whole has the first seed's vector and whose passages have the others'."""
    passages = [Passage(1 + 4 * i, 8 + 4 * i, 2.0 * i, 2.0 * i + 4) for i in range(len(seeds) - 1)]
    vectors = np.stack([unit(seed) for seed in seeds])
    return PieceEntry(modality, Metadata(**metadata), tuple(passages), vectors)


def entry(path: str, *pieces: PieceEntry, sha256: str = "00") -> FileEntry:
    passages = sum(len(each.passages) for each in pieces)
    record = FileRecord(path, Stamp(1, 2, 3), sha256, pieces=len(pieces), passages=passages)
    return FileEntry(record, pieces)


def refused(path: str) -> FileEntry:
    return FileEntry(FileRecord(path, Stamp(1, 2), "ff", FileStatus.REFUSED, "empty", "No music."))


@pytest.fixture
def library(tmp_path: Path):
    with Library.open(tmp_path / "library", "mini/1", DIM) as opened:
        yield opened


def reopened(library: Library) -> Library:
    library.close()
    return Library.open(library.folder, library.space, library.dim)


def test_a_piece_is_found_once_by_the_stretch_that_fits_best(library):
    library.add([entry("/m/a.xml", piece(1, 2, 3)), entry("/m/b.xml", piece(4, 5, 6))])

    hits = library.search(unit(3), 10)

    assert [hit.piece.path for hit in hits] == ["/m/a.xml", "/m/b.xml"]
    assert hits[0].passage == Passage(5, 12, 2.0, 6.0)
    assert hits[0].score == pytest.approx(1, abs=1e-3)
    assert hits[0].percentile == pytest.approx(100 * 5 / 6)


def test_the_whole_piece_is_a_hit_without_a_passage(library):
    library.add([entry("/m/a.xml", piece(1, 2, 3))])

    assert library.search(unit(1), 1)[0].passage is None


def test_scores_are_cosines_of_the_vectors_that_were_put_in(library):
    library.add([entry(f"/m/{i}.xml", piece(i)) for i in range(50)])
    question = unit(999)

    hits = library.search(question, 50)

    expected = sorted((float(unit(i) @ question) for i in range(50)), reverse=True)
    assert [hit.score for hit in hits] == pytest.approx(expected, abs=2e-3)


def test_everything_is_the_same_after_opening_again(library):
    metadata = Metadata(
        "Reel", "É. Niel", "N. N.", "Em", "6/8", 92.5, ("flute", "guitar"), 32, 61.25
    )
    full = replace(piece(1, 2, 3, modality=Modality.PERFORMANCE), metadata=metadata)
    library.add([entry("/m/a.mid", full, piece(7)), refused("/m/b.mid")])
    before = (library.pieces(), dict(library.records), library.search(unit(2), 5))

    with reopened(library) as again:
        after = (again.pieces(), dict(again.records), again.search(unit(2), 5))

    assert after == before
    assert after[0][0].metadata == metadata
    assert [each.tune for each in after[0]] == [1, 2]


def numbered(*seeds: int) -> PieceEntry:
    """A piece with a pickup, whose bars are printed as one less than they count."""
    plain = piece(*seeds)
    passages = [
        replace(p, printed=(str(4 * i), str(4 * i + 7))) for i, p in enumerate(plain.passages)
    ]
    return replace(plain, passages=tuple(passages))


def printed(library: Library) -> dict[str, list[tuple[str, str] | None]]:
    """The printed numbers of all passages, by path; the same for the hits of a search."""
    return {p.path: [each.printed for each in library.passages(p.id)] for p in library.pieces()}


def test_passages_keep_the_numbers_that_are_printed(library):
    library.add([entry("/m/a.xml", numbered(1, 2, 3)), entry("/m/b.xml", piece(4, 5))])
    library.add([entry("/m/c.xml", numbered(6, 7))])
    library.forget(["/m/b.xml"])
    moved = replace(library.records["/m/c.xml"], path="/n/c.xml")
    library.move({"/m/c.xml": moved})

    expected = {"/m/a.xml": [("0", "7"), ("4", "11")], "/n/c.xml": [("0", "7")]}
    assert printed(library) == expected
    with reopened(library) as again:
        assert printed(again) == expected
        [hit] = again.search(unit(3), 1)
        assert hit.passage is not None
        assert hit.passage.printed == ("4", "11")


@pytest.fixture(params=[0, len(PRINTED)], ids=["before printed numbers", "before recordings"])
def old_library(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A library as it was made before some columns were kept."""
    folder = tmp_path / "old"
    names = [field.name for field in LATER_PASSAGES[request.param :]]
    of_files = [field.name for field in LATER_FILES]
    schema = pa.schema([field for field in passages_schema(DIM) if field.name not in names])
    old = entry("/m/old.xml", piece(1, 2, 3))
    database, stem, about = lancedb.connect(folder), table_stem("mini/1"), {"space": "mini/1"}
    passages = database.create_table(f"{stem}.passages", schema=schema.with_metadata(about))
    passages.add(passages_table([old], DIM).drop_columns(names))
    older = pa.schema([field for field in FILES if field.name not in of_files])
    files = database.create_table(f"{stem}.files", schema=older.with_metadata(about))
    files.add(files_table([old.record]).drop_columns(of_files))
    return folder


def test_a_library_without_printed_numbers_can_be_read(old_library):
    with Library.open(old_library, "mini/1", DIM, read_only=True) as library:
        assert printed(library) == {"/m/old.xml": [None, None]}
        assert library.search(unit(3), 1)[0].passage == Passage(5, 12, 2.0, 6.0)


def test_a_library_without_printed_numbers_is_given_them_when_it_is_written(old_library):
    with (
        Library.open(old_library, "mini/1", DIM, read_only=True) as reader,
        Library.open(old_library, "mini/1", DIM) as library,
    ):
        library.add([entry("/m/new.xml", numbered(4, 5, 6))])
        assert reader.refresh()
        seen_by_the_reader = printed(reader)

    with Library.open(old_library, "mini/1", DIM) as library:
        library.add([entry("/m/old.xml", piece(1, 2))])
        library.compact(timedelta(milliseconds=1))
        assert printed(library)["/m/new.xml"] == [("0", "7"), ("4", "11")]
        assert printed(library)["/m/old.xml"] == [None]
        assert library.check().sound
    assert seen_by_the_reader == {
        "/m/new.xml": [("0", "7"), ("4", "11")],
        "/m/old.xml": [None, None],
    }


def test_a_library_with_columns_that_nobody_knows_is_refused_and_left_alone(old_library):
    stem = table_stem("mini/1")
    table = lancedb.connect(old_library).open_table(f"{stem}.files")
    table.add_columns([pa.field("from_the_future", pa.string())])

    with pytest.raises(LibraryDamagedError, match=r"not those of this version .from_the_future"):
        Library.open(old_library, "mini/1", DIM)


def test_the_tags_and_the_fingerprint_of_a_recording_are_kept(library):
    known = Metadata(title="Gravel", artist="The Mills", album="Stones", tempo=97.0,
                     tempo_is_estimated=True)  # fmt: skip
    added = entry("/m/a.wav", replace(piece(1, 2), metadata=known, modality=Modality.AUDIO))
    library.add([replace(added, record=replace(added.record, content="abc"))])

    with reopened(library) as again:
        assert again.pieces()[0].metadata == known
        assert again.records["/m/a.wav"].content == "abc"
        assert [each.path for each in again.pieces_with_content("other", "abc")] == ["/m/a.wav"]


def test_a_file_put_in_again_takes_the_place_of_the_first(library):
    library.add([entry("/m/a.xml", piece(1, 2, 3), piece(4)), entry("/m/b.xml", piece(5))])

    library.add([entry("/m/a.xml", piece(6), sha256="11")])

    with reopened(library) as again:
        for each in (library, again):
            assert sorted(p.path for p in each.pieces()) == ["/m/a.xml", "/m/b.xml"]
            assert each.records["/m/a.xml"].sha256 == "11"
            assert each.search(unit(6), 1)[0].score == pytest.approx(1, abs=1e-3)
            assert each.search(unit(1), 1)[0].score < 0.95
        assert again.check().sound


def test_a_forgotten_file_is_gone(library):
    library.add([entry("/m/a.xml", piece(1, 2)), entry("/m/b.xml", piece(3)), refused("/m/c")])

    count = library.forget(["/m/a.xml", "/m/c", "/never/there"])

    assert count == 2
    with reopened(library) as again:
        assert [p.path for p in again.pieces()] == ["/m/b.xml"]
        assert list(again.records) == ["/m/b.xml"]
        assert again.check().rows == 1


def _vector(library: Library, of: Piece) -> bytes:
    vector = library.vector(of.id)
    assert vector is not None
    return bytes(vector.tobytes())


def test_a_moved_file_keeps_its_vectors_exactly(library):
    library.add([entry("/m/a.xml", piece(1, 2, 3, title="Jig"), piece(4))])
    old = [_vector(library, each) for each in library.pieces()]

    moved = replace(library.records["/m/a.xml"], path="/n/z.xml", stamp=Stamp(9, 9))
    library.move({"/m/a.xml": moved})

    with reopened(library) as again:
        new = again.pieces()
        assert [(p.path, p.tune, p.metadata.title) for p in new] == [
            ("/n/z.xml", 1, "Jig"),
            ("/n/z.xml", 2, ""),
        ]
        kept = [_vector(again, each) for each in new]
        assert kept == old
        assert list(again.records) == ["/n/z.xml"]
        assert again.check().sound


@pytest.mark.parametrize(
    "where",
    [
        Filter(modalities=(Modality.SCORE,)),
        Filter(key="E minor"),
        Filter(meter="6/8"),
        Filter(composer="NIEL"),
        Filter(tempo=(80, 92.5)),
        Filter(bars=(32, 32)),
        Filter(duration=(0, 61)),
        Filter(folder="/m/jigs"),
        Filter(modalities=(Modality.SCORE, Modality.AUDIO), meter="6/8", bars=(1, 100)),
    ],
    ids=lambda where: str({k: v for k in where.__slots__ if (v := getattr(where, k))}),
)
def test_a_filter_lets_through_only_what_says_so(library, where):
    jig = piece(1, composer="É. Niel", key="Em", meter="6/8", tempo=92.5, bars=32, duration=60.0)
    library.add(
        [
            entry("/m/jigs/a.xml", jig),
            entry("/m/jigs-not/b.mid", piece(2, modality=Modality.PERFORMANCE)),
            entry("/m/c.mid", piece(3, modality=Modality.PERFORMANCE, key="G", meter="4/4")),
        ]
    )

    hits = library.search(unit(3), 10, where)

    assert [hit.piece.path for hit in hits] == ["/m/jigs/a.xml"]


def test_an_estimated_key_is_found_like_a_given_one_and_stays_an_estimate(library):
    library.add(
        [
            entry("/m/a.xml", piece(1, key="Em")),
            entry("/m/b.xml", piece(2, key="Em", key_is_estimated=True)),
            entry("/m/c.xml", piece(3, key="G", key_is_estimated=True)),
            entry("/m/d.xml", piece(4)),
        ]
    )

    hits = library.search(unit(1), 10, Filter(key="E minor"))
    told = {hit.piece.path: hit.piece.metadata for hit in hits}

    assert {path: about.key_is_estimated for path, about in told.items()} == {
        "/m/a.xml": False,
        "/m/b.xml": True,
    }
    assert {about.key for about in told.values()} == {"Em"}


@pytest.mark.parametrize("text", ["' OR 1=1 --", "x') OR ('1'='1", '"', "\\", "%", "\0", "G' --"])
def test_a_filter_is_never_a_command(library, text):
    library.add([entry("/m/a.xml", piece(1, key="G", composer="Niel", meter="4/4"))])

    for where in (Filter(key=text), Filter(meter=text), Filter(composer=text)):
        assert library.search(unit(1), 10, where) == []
    assert library.forget([f"/m/{text}"]) == 0
    assert len(library.pieces()) == 1


def test_a_path_with_quotes_can_be_replaced_and_forgotten(library):
    path = "/m/it's \"so\" '; DROP.xml"
    library.add([entry(path, piece(1)), entry("/m/b.xml", piece(2))])

    library.add([entry(path, piece(3))])
    assert len(library.pieces()) == 2
    library.forget([path])

    assert [each.path for each in library.pieces()] == ["/m/b.xml"]


def test_names_that_are_no_utf8_come_back_as_they_were(library):
    path = os.fsdecode(b"/m/caf\xe9 \xff.xml")
    library.add([entry(path, piece(1, title="caf\udce9\0"))])

    with reopened(library) as again:
        assert again.pieces()[0].path == path
        assert again.pieces()[0].id == library.pieces()[0].id
        assert os.fsencode(again.search(unit(1), 1)[0].piece.path) == b"/m/caf\xe9 \xff.xml"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=()), max_size=30))
def test_escaping_is_reversible_and_valid_utf8(path):
    assert escape(path).encode()[:0] == b""
    assert unescape(escape(path)) == path


def test_excluded_pieces_and_stretches_do_not_answer(library):
    library.add([entry("/m/a.xml", piece(*range(1, 8))), entry("/m/b.xml", piece(9))])
    first, second = library.pieces()

    without_piece = library.search(unit(1), 5, without=Exclusion(frozenset({first.id})))
    near_passage = Exclusion(passages=((first.id, Passage(9, 16)),))
    left = {
        hit.passage
        for seed in range(1, 8)
        for hit in library.search(unit(seed), 5, without=near_passage)
        if hit.piece.id == first.id
    }

    assert [hit.piece.id for hit in without_piece] == [second.id]
    # the whole piece, 5-12 and 13-20 overlap it; 1-8 and 17-24 are its neighbours
    assert left == {Passage(21, 28, 10.0, 14.0)}


def test_passages_in_seconds_have_neighbours_too(library):
    windows = tuple(Passage(start=5.0 * i, end=5.0 * i + 10) for i in range(7))
    vectors = np.stack([unit(seed) for seed in range(8)])
    library.add([entry("/m/a.mid", PieceEntry(Modality.PERFORMANCE, Metadata(), windows, vectors))])
    near_passage = Exclusion(passages=((library.pieces()[0].id, Passage(start=10, end=20)),))

    left = {
        hit.passage
        for seed in range(8)
        for hit in library.search(unit(seed), 5, without=near_passage)
    }

    assert left == {Passage(start=25, end=35), Passage(start=30, end=40)}


def test_a_vector_of_the_library_is_its_own_best_hit_exactly(library):
    library.add([entry(f"/m/{i}.xml", piece(i)) for i in range(20)])

    for each in library.pieces():
        vector = library.vector(each.id)
        assert vector is not None
        assert library.search(vector, 1)[0].score == pytest.approx(1, abs=1e-6)


def test_vectors_are_given_back_by_piece_and_passage(library):
    library.add([entry("/m/a.xml", piece(1, 2, 3))])
    identity = library.pieces()[0].id

    assert library.vector(identity) == pytest.approx(unit(1), abs=1e-3)
    assert library.vector(identity, Passage(5, 12)) == pytest.approx(unit(3), abs=1e-3)
    assert library.vector(identity, Passage(2, 9)) is None
    assert library.vector("nobody") is None
    assert library.passages(identity) == [Passage(1, 8, 0.0, 4.0), Passage(5, 12, 2.0, 6.0)]


def test_a_piece_is_known_by_the_beginning_of_its_id(library):
    library.add([entry("/m/a.xml", piece(1)), entry("/m/b.xml", piece(2))])
    wanted = library.pieces()[1]

    assert library.piece(wanted.id) == library.piece(wanted.id[:8]) == wanted
    with pytest.raises(MissingFileError, match="no piece with the id 'zzz'"):
        library.piece("zzz")
    with pytest.raises(MissingFileError, match="no piece"):
        library.piece("")


def test_the_counts_are_told(library):
    library.add(
        [
            entry("/m/a.xml", piece(1, 2, 3), piece(4)),
            entry("/m/b.mid", piece(5, modality=Modality.PERFORMANCE)),
            refused("/m/c.mid"),
        ]
    )

    stats = library.stats()

    assert (stats.files, stats.refused, stats.pieces, stats.passages) == (2, 1, 3, 2)
    assert stats.modalities == {"performance": 1, "score": 2}
    assert stats.bytes_on_disk > 0
    assert [record.path for record in library.errors()] == ["/m/c.mid"]
    assert library.background(Modality.SCORE).shape == (4, DIM)
    assert library.background(Modality.SCORE, 2).shape == (2, DIM)


def test_spaces_do_not_mix(library):
    library.add([entry("/m/a.xml", piece(1))])
    library.close()

    with Library.open(library.folder, "full/2", DIM) as other:
        assert other.pieces() == []
        assert other.other_spaces() == ["mini/1"]
    with pytest.raises(LibraryDamagedError, match=r"columns of .* are not those"):
        Library.open(library.folder, "mini/1", 32)


def test_table_names_differ_where_only_punctuation_does():
    assert table_stem("a/b") != table_stem("a:b")
    assert table_stem("../../x").isascii()
    assert "/" not in table_stem("../../x")


@pytest.mark.parametrize("bad", [np.zeros(DIM), np.full(DIM, np.nan), np.full(DIM, 1.0)])
def test_what_is_no_unit_vector_is_refused(bad):
    with pytest.raises(ValueError, match="norm"):
        PieceEntry(Modality.SCORE, Metadata(), (), bad[None].astype(np.float32))


def test_a_second_writer_is_told_that_there_is_one(library):
    with pytest.raises(LibraryBusyError, match="Another process is writing"):
        Library.open(library.folder, library.space, DIM)

    script = (
        "import sys; from pathlib import Path\n"
        "from clamp3_plugin.library.lock import WriterLock\n"
        "WriterLock(Path(sys.argv[1]) / 'writer.lock')\n"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", script, library.folder], capture_output=True, check=False
    )
    assert b"LibraryBusyError" in outcome.stderr


def test_a_reader_sees_what_is_written_after_a_refresh(library):
    library.add([entry("/m/a.xml", piece(1))])
    reader = Library.open(library.folder, library.space, DIM, read_only=True)

    library.add([entry("/m/b.xml", piece(2))])

    assert len(reader.pieces()) == 1
    assert reader.refresh()
    assert len(reader.pieces()) == 2
    assert not reader.refresh()
    with pytest.raises(ValueError, match="read only"):
        reader.forget(["/m/a.xml"])


def test_a_library_that_was_never_written_cannot_be_read(tmp_path):
    with pytest.raises(NoLibraryError, match="no library"):
        Library.open(tmp_path, "mini/1", DIM, read_only=True)

    assert list(tmp_path.iterdir()) == []


def test_threads_search_while_another_writes(library):
    library.add([entry("/m/first.xml", piece(1, 2))])
    wrong, stop = [], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            hits = library.search(unit(1), 200)
            if hits[0].piece.path != "/m/first.xml" or abs(hits[0].score - 1) > 1e-3:
                wrong.append(hits)
            if any(hit.score != library.search(unit(1), 1)[0].score for hit in hits[:1]):
                wrong.append(hits)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for i in range(15):
        library.add([entry(f"/m/{i % 10}.xml", piece(100 + i, 200 + i), piece(300 + i))])
        if i % 7 == 0:
            library.forget([f"/m/{i % 10}.xml"])
    stop.set()
    for thread in threads:
        thread.join()

    assert wrong == []
    with reopened(library) as again:
        assert {p.id for p in again.pieces()} == {p.id for p in library.pieces()}


def test_rows_of_a_write_that_did_not_end_are_removed(library):
    library.add([entry("/m/a.xml", piece(1, 2)), entry("/m/b.xml", piece(3))])
    whole = entry("/m/torn.xml", piece(4, 5))
    fewer = replace(library.records["/m/a.xml"], passages=2)
    library._store._passages.add(passages_table([whole], DIM))
    library._store.write_records([fewer], ["/m/a.xml"])

    with Library.open(library.folder, library.space, DIM, read_only=True) as reader:
        assert [p.path for p in reader.pieces()] == ["/m/b.xml"]
    assert len(library.check().problems) == 2
    with reopened(library) as again:
        assert list(again.records) == ["/m/b.xml"]
        assert again.check() == replace(again.check(), files=1, rows=1, problems=())


def test_a_flipped_byte_of_a_vector_is_noticed(library):
    library.add([entry("/m/a.xml", piece(1, 2))])
    stored = unit(1).astype(np.float16).tobytes()
    [file] = [
        f for f in library.folder.rglob("*.lance") if f.is_file() and stored in f.read_bytes()
    ]
    content = bytearray(file.read_bytes())
    content[content.index(stored)] ^= 1
    file.write_bytes(content)

    with reopened(library) as again:
        in_the_file, in_the_row = again.check().problems

    assert in_the_file == f"the file {file.relative_to(library.folder).as_posix()} is damaged"
    assert "'/m/a.xml': the vector of row" in in_the_row


def test_a_damaged_table_is_named(library):
    library.add([entry("/m/a.xml", piece(1))])
    library.close()
    for file in library.folder.rglob("*.manifest"):
        file.write_bytes(b"")

    with pytest.raises(LibraryDamagedError, match=r"cannot be read .*clamp3 daemon start"):
        Library.open(library.folder, library.space, DIM)


def test_compacting_keeps_every_row_and_gives_back_space(library):
    for i in range(12):
        library.add([entry(f"/m/{i}.xml", piece(i, i + 100))])
    before = library.stats().bytes_on_disk

    library.compact(timedelta(milliseconds=1))

    assert library.stats().bytes_on_disk < before
    with reopened(library) as again:
        assert again.check() == replace(again.check(), files=12, rows=24, problems=())


@pytest.mark.parametrize("key", ["Gmaj", "G major", "g", " G ", "G ionian"])
def test_a_key_has_one_name(key):
    assert key_name(key) == "G"
