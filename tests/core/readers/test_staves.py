"""A range of staves: just these voices, with what holds for them."""

from pathlib import Path

import pytest

from clamp3_plugin.errors import UsageError
from clamp3_plugin.music import Passage
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.score import score_from_interleaved_abc, score_from_standard_abc
from clamp3_plugin.readers.staves import header_of
from tests.core.readers.abc_sounds import sounds

GOLDEN = Path(__file__).parents[2] / "golden" / "xml"
TRIO = (
    "X:1\n%%score 1 2 3\nL:1/8\nM:4/4\nK:C\nV:1 treble\nV:2 perc\nK:none\nV:3 bass\n"
    "V:1\n[Q:1/4=80] C8|[Q:1/4=60] D8|\nV:2\nE8|F8|\nV:3\n[K:G] G,8|F,8|\n"
)


def piano():
    return registry.read(GOLDEN / "in" / "x02_piano_two_staves.musicxml")[0]


def test_a_staff_of_two_voices_is_taken_with_both():
    score = piano()

    assert score.staves == {"1": 1, "2": 1, "3": 2}
    assert score.of_staves(1, 1).voices == ("1", "2")
    assert score.of_staves(2, 2).voices == ("3",)


def test_a_range_of_staves_sounds_as_these_voices_in_the_whole():
    score = piano()

    cut = sounds(score.of_staves(2, 2).whole())

    assert cut == [(tempo, {"3": bar["3"]}) for tempo, bar in sounds(score.whole())]


def test_voices_of_abc_are_staves():
    score = score_from_standard_abc(TRIO)

    assert score.of_staves(2, 3).whole() == (
        "%%score 2 3\nL:1/8\nM:4/4\nK:C\nV:2 perc\nK:none\nV:3 bass\n"
        "[V:2][Q:1/4=80] E8|[V:3][K:G] G,8|\n[V:2][Q:1/4=60] F8|[V:3]F,8|\n"
    )


def test_staves_and_bars_are_taken_together_in_either_order():
    score, bars = score_from_standard_abc(TRIO), Passage(2, 2)

    text = score.of_staves(3, 3).excerpt(bars)

    assert text == "L:1/8\nQ:1/4=80\nM:4/4\nK:G\nV:3 bass\n[V:3][Q:1/4=60] F,8|\n"
    assert sounds(score.of_bars(bars).of_staves(3, 3).whole()) == sounds(text)


def test_a_part_can_be_written_in_standard_abc():
    part = score_from_standard_abc(TRIO).of_staves(3, 3).of_bars(Passage(2, 2))

    assert part.standard_abc == (
        "X:1\nL:1/8\nQ:1/4=80\nM:4/4\nK:G\nV:3 bass\nV:3\n[Q:1/4=60] F,8|\n"
    )


def test_a_part_of_bars_keeps_its_numbers_and_seconds():
    abc = "X:1\nL:1/8\nK:C\nV:1 treble\nV:1\nC8|D8|E8|F8|\n"
    score = score_from_standard_abc(
        abc, bar_numbers=["0", "1", "2", "3"], onsets=[0, 2, 4, 6, 8], positions=[0, 4, 8, 12, 16]
    )

    part = score.of_bars(Passage(2, 3))

    assert [(bar.index, bar.number, bar.onset, bar.position) for bar in part.bars] == [
        (2, "1", 2, 4),
        (3, "2", 4, 8),
    ]
    assert part.end == 6
    assert part.whole() == score.excerpt(Passage(2, 3))


def test_staves_that_are_not_there_are_refused():
    score = score_from_standard_abc(TRIO)

    with pytest.raises(UsageError, match="the lowest staff with notes is 3"):
        score.of_staves(4, 5)


def test_interleaved_abc_without_voices_in_the_header_has_staves_too():
    score = score_from_interleaved_abc(
        ["L:1/8", "K:C"], ["[V:1]C8|[V:2]E8|"], metadata=score_from_standard_abc(TRIO).metadata
    )

    assert score.of_staves(2, 2).whole() == "L:1/8\nK:C\n[V:2]E8|\n"


@pytest.mark.parametrize(
    ("line", "kept", "expected"),
    [
        ("%%score { ( 1 2 ) | 3 }", "12", "%%score { ( 1 2 ) }"),
        ("%%score { ( 1 2 ) | 3 }", "23", "%%score { 2 | 3 }"),
        ("%%score { ( 1 2 ) | 3 }", "3", None),
        ("%%score [ 1 | 2 ] { 3 | 4 }", "23", "%%score 2 3"),
        ("%%score 1 | 2 | 3", "13", "%%score 1 | 3"),
        ("%%staves {(1 2) 3}", "123", "%%staves { ( 1 2 ) 3 }"),
    ],
)
def test_the_brackets_of_the_score_are_those_that_are_left(line, kept, expected):
    assert header_of([line], set(kept)) == ((expected,) if expected else ())
