"""Passages are named by bars as counted and as printed."""

import json

from clamp3_cli.output import place, seconds
from clamp3_cli.printed import printed_numbers
from clamp3_plugin.music import Modality, Passage, Piece


def measure(number):
    return (
        f'<measure number="{number}"><note><pitch><step>C</step><octave>4</octave></pitch>'
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


def test_numbers_are_read_from_the_page(tmp_path):
    path = pickup_score(tmp_path)

    numbers = printed_numbers(Piece("p", str(path), Modality.SCORE))

    assert (numbers[1], numbers[10]) == ("0", "9")


def test_a_file_that_is_gone_has_no_printed_numbers(tmp_path):
    assert printed_numbers(Piece("p", str(tmp_path / "gone.abc"), Modality.SCORE)) == {}


def test_printed_numbers_are_named_only_where_they_differ():
    assert place(Passage(1, 8), {1: "0", 8: "7"}) == "bars 1-8 (printed 0-7)"
    assert place(Passage(1, 8), {1: "1", 8: "8"}) == "bars 1-8"
    assert seconds(Passage(1, 8)) == ""
    assert seconds(Passage(1, 8, 0.0, 62.0)) == "0:00-1:02"


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
