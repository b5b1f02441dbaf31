"""Notes as JSON become a score; what is no list of notes is refused."""

import json
from copy import deepcopy
from fractions import Fraction

import pytest

from clamp3_plugin.errors import BrokenFileError, InputRefusedError, TooLargeError
from clamp3_plugin.readers.note_list.clefs import clef_of, octaves_of, top_line
from clamp3_plugin.readers.note_list.read import read_notes
from clamp3_plugin.readers.note_list.rows import Chord, Note
from clamp3_plugin.readers.note_list.timing import timed
from clamp3_plugin.readers.registry import FORMATS, read_bytes


def note(pitch: int, tpc: int, line: int, sounding: int | None = None) -> Note:
    return Note(pitch, tpc, line, ties=False, sounding=sounding or tpc, has_accidental=False)


def chord(tick: int, length: Fraction) -> Chord:
    return Chord(tick, 0, 0, length, (note(60, 14, 10),))


def a_list() -> dict:
    part = {"name": "Flute", "short": "Fl.", "instrument": "Flute", "program": 73, "staves": 1}
    return {
        "v": 1,
        "division": 480,
        "title": "Air",
        "composer": "Anon.",
        "lyricist": "",
        "parts": [part],
        "keys": [[0, 0, 1]],
        "spanners": [{"k": "Slur", "t": 0, "l": 480, "r": 0, "e": 0}],
        "end": 2880,
        "bars": [
            {
                "at": 0,
                "meter": [3, 4],
                "events": [
                    {"k": "clef", "t": 0, "s": 0},
                    {"k": "Dynamic", "t": 0, "s": 0, "o": 0, "x": "<sym>dynamicPiano</sym>"},
                    {"t": 0, "s": 0, "o": 0, "d": [1, 4], "n": [[67, 15, 5, 0]]},
                    {"t": 480, "s": 0, "o": 0, "d": [1, 2], "n": [[71, 19, 4, 1]], "a": ["578"]},
                ],
            },
            {
                "at": 1440,
                "line": 32,
                "events": [{"t": 1440, "s": 0, "o": 0, "d": [3, 4], "n": [[71, 19, 4, 0]]}],
            },
        ],
    }


def read(value: object):
    return read_notes(json.dumps(value).encode())[0]


def test_notes_become_interleaved_abc():
    lines = read(a_list()).whole().splitlines()

    assert "K:G" in lines
    assert "M:3/4" in lines
    assert lines[-2:] == ["[V:1]!p! (G2 .B4-)|", "[V:1]B6|]"]
    assert read(a_list()).metadata.title == "Air"


def test_three_in_the_time_of_two_stand_in_a_tuplet():
    rows = [chord(160 * i, Fraction(1, 8)) for i in range(3)] + [chord(480, Fraction(1, 4))]

    found = timed(rows, 960, 480)

    assert [item.ticks for item in found] == [160, 160, 160, 480]
    assert [item.opens for item in found] == [(3, 2), None, None, None]
    assert [item.closes for item in found] == [False, False, True, False]


def test_a_gap_behind_a_note_is_no_tuplet():
    found = timed([chord(0, Fraction(1, 8)), chord(480, Fraction(1, 4))], 960, 480)

    assert [(item.ticks, item.opens) for item in found] == [(240, None), (480, None)]


@pytest.mark.parametrize(
    ("placed", "name"),
    [
        (note(77, 13, 0), "G"),
        (note(57, 17, 0), "F"),
        (note(67, 15, 0), "C3"),
        (note(64, 18, 0), "C4"),
        (note(65, 13, 0), "G8vb"),
    ],
    ids=["treble", "bass", "alto", "tenor", "treble an octave down"],
)
def test_a_clef_is_told_by_the_line_of_a_note(placed: Note, name: str):
    assert clef_of(top_line(placed)) == name


def test_a_bass_clarinet_is_told_from_a_clarinet():
    clarinet = note(75, 13, 0, sounding=11)  # F5 as written, E flat as it sounds
    bass = note(63, 13, 0, sounding=11)

    assert octaves_of([clarinet]) == 0
    assert octaves_of([bass]) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda rows: rows.update(v=2), BrokenFileError),
        (lambda rows: rows.update(parts=[rows["parts"][0]] * 300), TooLargeError),
        (lambda rows: rows.update(bars=[]), InputRefusedError),
        (lambda rows: rows["bars"][0]["events"][2].update(d=[1, 0]), BrokenFileError),
        (lambda rows: rows["bars"][0]["events"][2].update(n=[["x"]]), BrokenFileError),
        (lambda rows: rows.update(bars=rows["bars"] * 10_001), TooLargeError),
    ],
    ids=["version", "parts", "no bars", "fraction", "no note", "bars"],
)
def test_what_is_no_list_of_notes_is_refused(change, error):
    rows = deepcopy(a_list())
    change(rows)

    with pytest.raises(error):
        read_bytes(json.dumps(rows).encode(), "score.notes")


@pytest.mark.parametrize("data", [b"[]", b"{}", b"null", b'"x"', b"{", b"[" * 100_000])
def test_other_json_is_refused(data: bytes):
    with pytest.raises(InputRefusedError):
        read_bytes(data, "score.notes")


def test_lists_of_notes_are_no_files_of_a_library():
    assert ".notes" not in FORMATS
