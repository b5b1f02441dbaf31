"""Which bars and staves are asked about, in the real MuseScore."""

import pytest

from tests.bridges.musescore import scores
from tests.bridges.musescore.conftest import Headless
from tests.bridges.musescore.scores import attributes, note, score

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
