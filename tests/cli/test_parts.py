"""``--bars``, ``--time`` and ``--staves``: parts of a file."""

import json

import pytest

from clamp3_cli.questions import Typed
from clamp3_plugin import wire
from clamp3_plugin.errors import UsageError
from clamp3_plugin.music import Passage
from clamp3_plugin.query import Query, Source

DUET = (
    "X:1\n%%score 1 2\nL:1/8\nM:4/4\nK:C\nV:1 treble\nV:2 bass\n"
    "V:1\n[K:D] f8|f8|f8|\nV:2\n[K:D] F,8|G,8|A,8|\n"
)


@pytest.fixture
def duet(tmp_path):
    path = tmp_path / "duet.abc"
    path.write_text(DUET)
    return str(path)


def test_convert_cuts_bars_and_staves_with_the_key_in_force(run, home, duet):
    words = ("convert", duet, "--to", "interleaved-abc", "--bars", "2-3", "--staves", "2")

    assert run(home, *words).stdout == ("L:1/8\nM:4/4\nK:D\nV:2 bass\n[V:2]G,8|\n[V:2]A,8|\n")


def test_convert_cuts_standard_abc_too(run, home, duet):
    done = run(home, "convert", duet, "--to", "abc", "--bars", "3")

    assert done.stdout == (
        "X:1\n%%score 1 2\nL:1/8\nM:4/4\nK:D\nV:1 treble\nV:2 bass\nV:1\nf8|\nV:2\nA,8|\n"
    )


def test_convert_refuses_staves_that_are_not_there(run, home, duet):
    done = run(home, "convert", duet, "--to", "abc", "--staves", "3-4")

    assert done.exit_code != 0


@pytest.fixture
def jig_below(tmp_path, music):
    """A score whose second staff is a jig of the library, and whose first is a scale."""
    jig = (music / "jig.abc").read_text().splitlines()
    header, bars = [line for line in jig if line[1] == ":"], [line for line in jig if "|" in line]
    lines = [
        *header[:-1],
        "%%score 1 2",
        header[-1],
        "V:1",
        "V:2",
        "V:1",
        *["c3 d3|e3 f3|" * 4] * 2,
    ]
    path = tmp_path / "below.abc"
    path.write_text("\n".join([*lines, "V:2", *bars, ""]))
    return str(path)


def hits_of(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("part", [("--staves", "2"), ("--staves", "2", "--bars", "9-16")])
def test_the_daemon_asks_with_the_staves_alone(run, served, home, tmp_path, jig_below, part):
    alone = tmp_path / "alone.abc"
    alone.write_text(run(home, "convert", jig_below, "--to", "interleaved-abc", *part).stdout)

    hits = hits_of(run(served, "find", jig_below, *part, "--json"))

    assert hits == hits_of(run(served, "find", str(alone), "--json"))
    assert hits != hits_of(run(served, "find", jig_below, "--json"))


def test_the_daemon_refuses_staves_that_are_not_there(run, served, jig_below):
    done = run(served, "find", jig_below, "--staves", "3")

    assert done.exit_code == 2
    assert "no music on staves 3-3" in done.stderr


def test_staves_of_a_text_are_refused():
    with pytest.raises(UsageError, match="--staves take a part of a file"):
        Typed(["slow", "waltz"], staves="1").source()


def test_staves_of_a_file_are_asked_over_the_wire(duet):
    source = Typed(file=duet, bars="2-3", staves="1").source()
    assert source is not None

    body = wire.query_to_wire(Query((source,)))

    assert (body["bars"], body["staves"]) == ([2, 3], [1, 1])
    assert wire.query_from_wire(body, lambda _: ("", b"")).plus == (source,)
    assert source == Source(
        data=DUET.encode(), name="duet.abc", passage=Passage(2, 3), staves=(1, 1)
    )


@pytest.mark.parametrize("staves", [[0, 1], [2, 1], [1.5, 2], [1], "1-2"])
def test_staves_without_sense_are_refused(staves):
    with pytest.raises(UsageError):
        wire.source_from_wire({"piece_id": "a", "staves": staves}, lambda _: ("", b""))
