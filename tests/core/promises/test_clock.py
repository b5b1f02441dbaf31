"""P20 of the promises: a clock that jumps, and times of files that no clock gives, change nothing.

Not held: a file that is replaced by one of the same size and the same time is taken for the same. Its
inode would tell, but on network disks that is another at each mount, and all would be read again.

Negative control, 2026-11-30: files of times to come left out, 4 failed. (Such files read again each time are
not seen here: what has the same bytes counts as unchanged.)
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clamp3_plugin.library.library import Library
from tests.core.test_indexing import Desk, tune

YEARS_10 = 10 * 365 * 86_400
TIMES = {
    "before the epoch": -86_400,
    "1970": 0,
    "2038": 2**31,
    "2106": 2**32 + 1,
    "in ten years": int(time.time()) + YEARS_10,
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.library.close()


@pytest.mark.parametrize("jump", [YEARS_10, -YEARS_10], ids=["forth", "back"])
def test_a_clock_that_jumps_ten_years_between_and_within_runs_changes_nothing(
    desk: Desk, monkeypatch, jump, tmp_path
):
    now, calls = time.time, iter(range(10**9))
    for i in range(3):
        desk.write(f"{i}.score", tune(i))
    desk.index()
    monkeypatch.setattr(time, "time", lambda: now() + jump * (next(calls) % 2))

    again = desk.index()
    desk.write("new.score", tune(9))
    more = desk.index()
    desk.library.compact()

    assert (again.unchanged, more.unchanged, more.indexed) == (3, 3, 1)
    assert desk.library.check().problems == ()
    assert len(list(desk.library.pieces())) == 4
    desk.library.close()
    with Library.open(tmp_path / "library", desk.encoder.space, desk.encoder.dim) as library:
        assert len(list(library.pieces())) == 4


@pytest.mark.parametrize("seconds", TIMES.values(), ids=TIMES.keys())
def test_a_file_of_any_time_is_indexed_once_and_seen_to_change(desk: Desk, seconds):
    path = desk.write("a.score", tune(1))
    os.utime(path, (seconds, seconds))

    first, second = desk.index(), desk.index()
    desk.write("a.score", tune(2, bars=13))
    os.utime(path, (seconds, seconds))
    third = desk.index()

    assert (first.indexed, second.unchanged, third.indexed) == (1, 1, 1)
