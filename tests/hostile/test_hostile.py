"""Hundreds of hostile files, bodies and requests against the real daemon: all end as they should.

One file in four is tried, always the same; all are with ``CLAMP3_HOSTILE=all``.

Negative control, 2026-11-24: with the survey following links out of the folder, four tests failed: the
manifest, the count of pieces, the canary (in two tables of the library) and the files opened, which
strace gave as ``/etc/passwd``, ``secret.abc`` and a device.
"""

import os
from pathlib import Path

import pytest

from clamp3_plugin.daemon.refusals import STATUS
from tests.hostile import http_requests, json_bodies
from tests.hostile.case import (
    CANARY,
    Answered,
    Indexed,
    Outcome,
    RequestCase,
    Skipped,
    may_end,
)
from tests.hostile.sending import answers_well, send
from tests.hostile.watching import foreign, is_watched

GIB = 2**30
WORKER = '"-m", "clamp3_plugin.readers.'
"""Stands in the command line of every process that a reader may be."""
REQUESTS = [*json_bodies.cases(), *http_requests.cases()]


def ends_well(outcome: Outcome, event: dict[str, str] | None) -> bool:
    """Compare what became of a path with what should."""
    if event is None:
        return isinstance(outcome, Skipped)
    if event["status"] not in {"indexed", "refused"}:
        return False
    return may_end(outcome, event["reason"] or "")


def test_every_file_ends_as_the_manifest_says(indexed):
    became = {Path(event["path"]): event for event in indexed.events}
    expected = indexed.corpus.expected

    differences = {
        os.fsencode(path): (outcome, became.get(path))
        for path, outcome in expected.items()
        if not ends_well(outcome, became.get(path))
    }
    assert differences == {}
    assert set(became) - set(expected) == set()
    assert indexed.exit_code == 1  # some were refused


def test_a_refusal_names_the_file_in_one_line_fit_for_a_terminal(indexed):
    messages = [event["message"] for event in indexed.events if event["status"] == "refused"]

    assert all(messages)
    assert [text for text in messages if not text.isprintable()] == []


def test_every_tune_of_a_book_is_a_piece(client, indexed):
    pieces = [Path(piece.path) for piece in client.pieces(limit=1000)]
    expected = {
        path: outcome.pieces
        for path, outcome in indexed.corpus.expected.items()
        if isinstance(outcome, Indexed) and not outcome.unless
    }

    assert {path: pieces.count(path) for path in expected} == expected


def test_nothing_ran_and_nothing_outside_was_read(client, indexed):
    ran = [path for path in indexed.place.rglob("PWNED*") if path.exists()]
    kept = [path for path in (indexed.place / "home").rglob("*") if path.is_file()]

    assert ran == []
    assert CANARY.encode() not in indexed.output
    assert [path for path in kept if CANARY.encode() in path.read_bytes()] == []
    assert [piece for piece in client.pieces(limit=1000) if CANARY in piece.metadata.title] == []


def test_after_all_that_the_library_is_sound_and_a_question_is_answered_right(client, indexed):
    assert client.check(deep=True) == []
    assert answers_well(indexed.daemon)


def test_every_file_that_is_asked_with_is_answered_or_refused_by_its_reason(asked):
    differences = {
        each.case.path: (each.case.good, each.reply)
        for each in asked
        if not may_end(each.case.good, each.reply.code)
        or each.reply.status != STATUS.get(each.reply.code, 200)
    }

    assert differences == {}


def test_a_good_question_after_each_file_is_answered_right(asked):
    assert [each.case.path for each in asked if not each.well_after] == []


def test_no_file_hangs(asked):
    late = [each for each in asked if each.seconds > (30 if each.case.kind == "audio" else 10)]

    assert [(each.case.path, round(each.seconds, 1)) for each in late] == []


def test_the_daemon_and_its_workers_took_less_than_a_gibibyte_more(indexed, asked):
    assert indexed.seen.peak - indexed.seen.before < GIB


def test_no_file_outside_was_opened_no_program_started_and_nobody_called(indexed, asked):
    seen = indexed.seen
    if not is_watched(seen):
        pytest.skip("strace is not here, or may not trace")
    own = [indexed.corpus.root, indexed.place / "home"]

    assert len(seen.opened()) > len(asked)  # it was watched
    assert foreign(seen.opened(), own) == []
    assert [line for line in seen.reached() if WORKER not in line] == []


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: f"{case.kind}-{case.name}")
def test_a_request_is_answered_as_the_manifest_says(indexed, case: RequestCase):
    reply = send(indexed.daemon, case.write)

    assert Answered(reply.status, reply.code) == case.good
    assert CANARY.encode() not in reply.body
    assert b"root:" not in reply.body
    assert answers_well(indexed.daemon)
