"""P5 of the promises, a fortieth of its size: files damaged at random are music or refused by a reason.

All of the size, 10,000 for each format, is run by ``benchmarks/hostile.py --mutations 10000``.

Negative control, 2026-11-30: a worker that dies of what it should refuse, 4 of 4 failed. Three layers hold what
a reader raises; with two of them out nothing failed.
"""

import pytest

from clamp3_plugin.readers.apart.pool import Pool
from tests.hostile.mutations import SEEDS, mutated, outcome_of

COUNT = 250
KNOWN = {"", "broken_file", "too_large", "empty", "unsupported_format"}


@pytest.fixture(scope="module")
def pool():
    pool = Pool()
    yield pool
    pool.close()


@pytest.mark.parametrize("name", SEEDS)
def test_whatever_becomes_of_a_damaged_file_it_has_a_reason_and_kills_nobody(pool, name):
    ended = {data: outcome_of(pool, name, data) for data in mutated(name, COUNT)}

    assert {each.code for each in ended.values()} <= KNOWN
    assert [data for data, each in ended.items() if each.has_killed] == []
    assert max(each.seconds for each in ended.values()) < 10
