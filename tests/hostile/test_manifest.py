"""The corpus is what it claims to be: large, small in bytes, the same each time, a third good."""

import hashlib
from collections import Counter

from pythonosc.osc_message import OscMessage

from tests.hostile import http_requests, json_bodies, models, osc, traps
from tests.hostile.case import Accepted, Case
from tests.hostile.corpus import files

TOKEN = "t" * 43
KINDS = {
    "musicxml",
    "mxl",
    "abc",
    "midi",
    "audio",
    "names",
    "traps",
    "models",
    "json",
    "http",
    "osc",
}


def every_case() -> list[Case]:
    return [
        *files(),
        *traps.cases(),
        *models.folders(),
        *models.checkpoints(),
        *json_bodies.cases(),
        *http_requests.cases(),
        *osc.cases(),
    ]


def test_there_are_hundreds_of_cases_of_every_kind_and_a_third_of_them_is_good():
    cases = every_case()
    counts = Counter(case.kind for case in cases)
    good = Counter(case.kind for case in cases if case.is_valid)

    assert counts.keys() == good.keys() == KINDS
    assert min(counts.values()) >= 10
    assert len(cases) >= 500
    assert len(cases) / 3 <= sum(good.values()) <= len(cases) / 2


def test_every_case_has_a_name_of_its_own_and_says_what_it_does():
    cases = every_case()

    assert len({(case.kind, case.name) for case in cases}) == len(cases)
    assert all(case.does for case in cases)


def test_the_files_are_the_same_each_time_and_small():
    first, second = (
        hashlib.sha256(b"".join(case.path + case.content for case in files())) for _ in range(2)
    )

    assert first.digest() == second.digest()
    assert sum(len(case.content) for case in files()) < 16 * 2**20


def test_a_datagram_that_is_to_be_answered_is_sound_and_carries_the_token():
    for case in osc.cases():
        if isinstance(case.good, Accepted):
            data = case.write(TOKEN)
            assert len(data) % 4 == 0, case.name
            assert next(iter(OscMessage(data))) == TOKEN, case.name
