"""A library on object storage is looked on by many: it answers, and nobody spoils it."""

import time
from pathlib import Path

import pytest

from clamp3_cli.wiring import MusicService
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import LibraryDamagedError, NoLibraryError, UsageError
from clamp3_plugin.library.bulk import BulkLibrary
from clamp3_plugin.library.library import Library
from clamp3_plugin.library.prefix import Prefix, folder_of
from clamp3_plugin.library.refreshing import Refreshing
from clamp3_plugin.query import Query, Source
from tests.core.test_indexing import tune
from tests.core.test_large_library import DIM, OLD, YOUNG, question
from tests.fakes import HashEncoder
from tests.scale.conftest import Hall, Nearby


class Listener(HashEncoder):
    """As the service wants one."""

    device = "cpu"
    folder = None


@pytest.fixture
def hall(tmp_path: Path, store: str) -> Hall:
    hall = Hall(tmp_path, f"{store}/{tmp_path.name}", Nearby())
    hall.fill(6)
    hall.by_many()
    return hall


def test_a_service_answers_from_object_storage_and_writes_nothing(hall: Hall, tmp_path: Path):
    home = Home.locate(str(tmp_path / "home")).create()
    service = MusicService(home, Config(library=hall.place), lambda *_: Listener())  # type: ignore[arg-type]
    service.load()

    answer = service.find(Query((Source(text="jig reel"),), n=3))

    assert len(answer.hits) == 3
    stats = service.stats()
    assert (stats["folder"], stats["pieces"]) == (hall.place, 6)
    assert stats["bytes_on_disk"]
    assert service.check(deep=False) == []
    for ask in (
        lambda: service.index([str(hall.music)], lambda _: None, lambda: False),
        lambda: service.forget([str(hall.music)]),
        service.compact,
    ):
        with pytest.raises(UsageError, match=r"s3://.* is only looked on from here"):
            ask()
    service.close()
    assert not home.library.exists()


def test_what_is_written_later_is_found_a_look_later(hall: Hall):
    library = hall.far()
    refreshing = Refreshing(library, every_s=0.05)
    hall.write("later.score", tune(99, title="Later"))
    hall.by_many()

    end = time.monotonic() + 60
    while len(library.pieces()) < 7 and time.monotonic() < end:
        time.sleep(0.05)

    refreshing.close()
    assert "Later" in {piece.metadata.title for piece in library.pieces()}


def test_a_large_library_on_object_storage_is_indexed_once_and_answers_alike(
    store: str, tmp_path: Path
):
    place = folder_of(f"{store}/{tmp_path.name}")
    with Library.open(tmp_path / "near", "s", DIM) as near:
        near.add(OLD)
        near.add(YOUNG)
        for entries in (OLD, YOUNG):
            bulk = BulkLibrary(place, "s", DIM, largest_exact=1000)
            assert bulk.commit([bulk.writer().write(entries)], [], [])
            bulk.finish()
        far = Library.open(place, "s", DIM, largest_exact=1000)
        stats = far.stats()
        assert (stats.search, stats.not_indexed) == ("index", 0)
        assert stats.recall_at_10 is not None
        assert stats.recall_at_10 > 0.95
        found = 0
        for seed in range(8):
            hits = {hit.piece for hit in far.search(question(seed), 10)}
            found += len(hits & {hit.piece for hit in near.search(question(seed), 10)})
        assert found >= 76
        assert far.check().sound


def test_what_is_not_there_is_said(store: str, tmp_path: Path):
    with pytest.raises(NoLibraryError, match="There is no library of 'hash-16' in s3://music/"):
        Library.open(folder_of(f"{store}/nothing"), "hash-16", 16)
    with pytest.raises(LibraryDamagedError, match="Is there such a bucket"):
        BulkLibrary(folder_of("s3://nobodys-bucket/x"), "hash-16", 16)


@pytest.mark.parametrize("name", ["gs://bucket/x", "s3://", "s3:///"])
def test_other_places_are_refused(name):
    with pytest.raises(UsageError, match="no place for a library"):
        folder_of(name)


def test_a_place_is_understood(tmp_path: Path):
    assert folder_of("s3://music/a/") == Prefix("s3://music/a")
    assert folder_of(str(tmp_path)) == tmp_path
