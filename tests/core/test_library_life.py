"""What a library that changes all day keeps: few versions, little memory."""

from datetime import timedelta
from pathlib import Path

import lancedb
import pytest

from clamp3_plugin.library import tables
from clamp3_plugin.library.library import Library
from tests.core.crash.model import DIM, SPACE, entry


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


def change(library: Library, times: int) -> int:
    """Index a file again and again, then compact; gives how many versions are kept."""
    for number in range(times):
        library.add([entry("/m/a.abc", number)])
    library.compact()
    tables = list(Path(str(library.folder)).glob("*.lance"))
    assert len(tables) == 2
    return max(len(list((table / "_versions").iterdir())) for table in tables)


def test_versions_of_the_last_minute_are_kept_however_many(folder, monkeypatch):
    monkeypatch.setattr(tables, "MOST_VERSIONS", 4)

    with Library.open(folder, SPACE, DIM) as library:
        assert change(library, 6) == 13


def test_of_many_versions_the_old_ones_go_within_the_hour(folder, monkeypatch):
    """Negative control: with ``keep`` alone handed to ``optimize`` all 13 were kept."""
    monkeypatch.setattr(tables, "MOST_VERSIONS", 4)
    monkeypatch.setattr(tables, "_KEEP_AT_LEAST", timedelta(0))

    with Library.open(folder, SPACE, DIM) as library:
        assert change(library, 6) <= 6
        assert library.check().sound


def test_lancedb_keeps_little_of_what_it_read(folder, monkeypatch):
    """Negative control: with LanceDB's own session it was 445,265 bytes after 12 batches."""
    sessions = []
    make = lancedb.Session

    def noted(*sizes: int):
        sessions.append(make(*sizes))
        return sessions[-1]

    monkeypatch.setattr(lancedb, "Session", noted)
    monkeypatch.setattr(tables, "METADATA_CACHE", 100_000)

    with Library.open(folder, SPACE, DIM) as library:
        change(library, 12)
        assert 0 < sum(session.size_bytes for session in sessions) < 200_000
