"""Which bars and staves are asked about, in the real MuseScore."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from clamp3_plugin.music import Passage
from clamp3_plugin.readers.musicxml_score import read_musicxml
from clamp3_plugin.readers.note_list.read import read_notes
from tests.bridges.musescore import scores
from tests.bridges.musescore.conftest import Headless
from tests.bridges.musescore.scores import CLARINET, TRIPLETS, attributes, note, score

SELECTED = "tell(Score.selected(curScore));"
PICKUP = score([[attributes(3) + note(4, 1), *(note(step, 3) for step in (2, 3, 1, 4))]], 0)


def test_nothing_is_selected_at_first(headless: Headless):
    assert headless(SELECTED, scores.plain(4)) == [None]


def test_all_is_every_bar_and_staff_although_it_ends_at_tick_0(headless: Headless):
    told = headless('cmd("select-all");' + SELECTED, scores.plain(7, 3))[0]

    assert (told["bars"], told["staves"], told["kind"]) == ([1, 7], [1, 3], "range")


def test_one_note_is_its_bar_and_staff(headless: Headless):
    steps = 'cmd("first-element"); for (var i = 0; i < 7; i++) { cmd("next-chord"); }'

    told = headless(steps + SELECTED, scores.plain(6))[0]

    assert told["bars"][0] == told["bars"][1] == 4
    assert (told["staves"], told["kind"]) == ([1, 1], "note")


@pytest.mark.parametrize("notes", [1, 2, 3])
def test_a_range_that_grows_by_notes_is_the_bars_that_it_touches(headless: Headless, notes: int):
    steps = (
        'cmd("first-element"); for (var i = 0; i < 3; i++) { cmd("next-chord"); }'
        f'for (var j = 0; j < {notes}; j++) {{ cmd("select-next-chord"); }}'
    )

    told = headless(steps + SELECTED, scores.plain(6))[0]

    assert told["bars"] == [2, 2 + notes // 2]  # two notes a bar, and the fourth is the first
    assert told["staves"] == [1, 1]


def test_a_pickup_bar_is_bar_1(headless: Headless):
    body = """
        var ticks = Score.measureTicks(curScore);
        tell(ticks);
        tell([0, 479, 480, 1919, 1920].map(function (tick) { return Score.barOf(ticks, tick); }));
    """

    ticks, bars = headless(body, PICKUP)

    assert ticks == [0, 480, 1920, 3360, 4800, 6240]
    assert bars == [1, 1, 2, 2, 3]


def test_repeats_are_not_played_out(headless: Headless):
    music = score(
        [
            [
                attributes() + note(1, 4),
                note(2, 4) + '<barline location="right"><repeat direction="backward"/></barline>',
                note(3, 4),
            ]
        ]
    )

    told = headless('cmd("select-all");' + SELECTED, music)[0]

    assert told["bars"] == [1, 3]


def test_the_key_of_a_selection_changes_with_it(headless: Headless):
    body = """
        var keys = [Score.selectionKey(curScore)];
        cmd("first-element"); keys.push(Score.selectionKey(curScore));
        cmd("next-chord"); cmd("next-chord"); cmd("next-chord"); keys.push(Score.selectionKey(curScore));
        cmd("select-all"); keys.push(Score.selectionKey(curScore));
        keys.push(Score.selectionKey(curScore));
        tell(keys);
    """

    keys = headless(body, scores.plain(4))[0]

    assert len(set(keys)) == 4
    assert keys[3] == keys[4]


@dataclass(frozen=True)
class Range:
    """Chords of the first staff that are selected, the first of all being 1."""

    music: bytes
    first: int
    count: int
    bars: tuple[int, int]
    pitches: list[int]
    """Of what is sent: all notes of these bars, as they sound."""


REPEATED = [
    attributes() + note(1, 4),
    '<barline location="left"><repeat direction="forward"/></barline>' + note(2, 4),
    note(3, 4) + '<barline location="right"><repeat direction="backward"/></barline>',
    note(4, 4),
]
RANGES = {
    "a pickup bar": Range(PICKUP, 1, 2, (1, 2), [67, 64]),
    "bars behind a pickup bar": Range(PICKUP, 2, 2, (2, 3), [64, 65]),
    "the last bars, which end at tick 0": Range(scores.plain(6, 1), 9, 4, (5, 6), [67, 67, 69, 72]),
    "one note": Range(scores.plain(6, 1), 4, 1, (2, 2), [62, 65]),
    "a transposing instrument": Range(
        score([[attributes(4, fifths=2, more=CLARINET) + note(5, 4), note(3, 4), note(4, 4)]]),
        2,
        2,
        (2, 3),
        [63, 65],
    ),
    "tuplets on both sides of the border": Range(
        score(
            [[attributes() + note(1, 4), note(1, 2) + TRIPLETS, TRIPLETS + note(4, 2), note(5, 4)]]
        ),
        4,
        3,
        (2, 3),
        [62, 62, 64, 65, 62, 64, 65, 67],
    ),
    "repeats": Range(score([REPEATED]), 2, 2, (2, 3), [64, 65]),
}
SEND = """
    cmd("first-element");
    for (var i = 0; i < %(first)d; i++) { cmd("next-chord"); }
    for (var j = 1; j < %(count)d; j++) { cmd("select-next-chord"); }
    var place = Score.selected(curScore);
    writeScore(curScore, "%(folder)s/written", "musicxml");
    tell([place, Score.notesOf(curScore, division, names())]);
"""


@pytest.mark.parametrize("name", RANGES, ids=RANGES)
def test_the_bars_sent_are_the_bars_selected_both_ways(
    headless: Headless, tmp_path: Path, name: str
):
    case = RANGES[name]
    words = {"first": case.first, "count": case.count, "folder": tmp_path}

    place, notes = headless(SEND % words, case.music)[0]

    first, last = place["bars"]
    sent = [
        note[0]
        for bar in notes["bars"][first - 1 : last]
        for event in bar["events"]
        for note in event.get("n", [])
    ]
    assert (first, last) == case.bars
    assert sent == case.pitches
    exported = read_musicxml((tmp_path / "written.musicxml").read_bytes())[0]
    walked = read_notes(json.dumps(notes).encode())[0]
    part = Passage(first, last)
    assert walked.excerpt(part) == exported.excerpt(part)


def test_several_staves_of_many_are_told(headless: Headless):
    grow = 'cmd("first-element"); cmd("next-chord"); cmd("select-next-chord"); cmd("select-staff-below");'

    told = headless(grow + SELECTED, scores.plain(4, 3))[0]

    assert (told["bars"], told["staves"], told["kind"]) == ([1, 1], [1, 2], "range")
