"""Passages are named by bars as counted and as printed."""

import json

import pytest

from clamp3_cli.output import place, seconds
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.music import Passage
from clamp3_plugin.readers.registry import read_bytes
from tests.cli.conftest import HASH_DAEMON


def measure(number):
    step = "CDEFGABCAG"[number]
    return (
        f'<measure number="{number}"><note><pitch><step>{step}</step><octave>4</octave></pitch>'
        "<duration>4</duration><voice>1</voice><type>whole</type></note></measure>"
    )


def pickup_score(folder):
    """Write ten bars whose first is printed as 0."""
    first = measure(0).replace(
        "<note>", "<attributes><divisions>1</divisions></attributes><note>", 1
    )
    path = folder / "pickup.musicxml"
    path.write_text(
        '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>A</part-name>'
        f'</score-part></part-list><part id="P1">{first}{"".join(map(measure, range(1, 10)))}'
        "</part></score-partwise>"
    )
    return path


def numbers_of(text):
    return [passage.printed for passage in read_bytes(text, "a.musicxml")[0].passages()]


def test_passages_have_the_numbers_of_the_page(tmp_path):
    score = pickup_score(tmp_path).read_bytes()

    assert numbers_of(score) == [("0", "7"), ("2", "9")]
    assert numbers_of(score.replace(b'number="9"', b'number=""')) == [("0", "7"), ("2", "10")]


def test_printed_numbers_are_named_only_where_they_differ():
    assert place(Passage(1, 8, printed=("0", "7"))) == "bars 1-8 (printed 0-7)"
    assert place(Passage(1, 8, printed=("1", "8"))) == "bars 1-8"
    assert place(Passage(1, 8)) == "bars 1-8"
    assert seconds(Passage(1, 8)) == ""
    assert seconds(Passage(1, 8, 0.0, 62.0)) == "0:00-1:02"


def test_seconds_have_no_printed_numbers():
    with pytest.raises(ValueError, match="no bar numbers"):
        Passage(start=0.0, printed=("0", "7"))


def test_find_names_bars_as_counted_and_as_printed(run, home, tmp_path):
    indexed = pickup_score(tmp_path)
    asked = tmp_path / "asked.musicxml"  # another file, so that its own bars may answer
    asked.write_bytes(indexed.read_bytes() + b"\n")
    words = ("find", str(asked), "--bars", "3-10", "-n", "1")

    with ensure_daemon(home, command=HASH_DAEMON, timeout_s=60) as client:
        list(client.index([str(indexed)]))
        told = json.loads(run(home, *words, "--json").stdout)
        shown = run(home, *words).stdout
        passages = run(home, "library", "show", told["piece"]["id"]).stdout

    assert told["score"] == pytest.approx(1, abs=1e-3)
    assert told["passage"] == {
        "first_bar": 3,
        "last_bar": 10,
        "start": 4.0,
        "end": 20.0,
        "printed_first": "2",
        "printed_last": "9",
    }
    assert "bars 3-10 (printed 2-9)" in shown
    assert "bars 1-8 (printed 0-7)" in passages


def test_show_lists_the_passages_as_counted_and_as_printed(run, tiny_home, tmp_path):
    pickup_score(tmp_path)
    run(tiny_home, "index", str(tmp_path), "--no-daemon")
    listed = run(tiny_home, "library", "list", "--no-daemon", "--json").stdout
    piece = json.loads(listed.splitlines()[0])["id"]

    shown = run(tiny_home, "library", "show", piece, "--no-daemon").stdout
    told = json.loads(run(tiny_home, "library", "show", piece, "--no-daemon", "--json").stdout)

    assert "bars 1-8 (printed 0-7)" in shown
    assert "bars 3-10 (printed 2-9)" in shown
    assert told["passages"][0]["first_bar"] == 1
    assert told["passages"][0]["printed_first"] == "0"
