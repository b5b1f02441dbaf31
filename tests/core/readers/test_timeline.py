import pytest

from clamp3_plugin.readers.midi import Event
from clamp3_plugin.readers.timeline import Timeline


def metre(tick, numerator, denominator):
    return Event(tick, "time_signature", (numerator, denominator, 24, 8))


def test_without_a_tempo_a_quarter_lasts_half_a_second():
    assert Timeline.of(96, []).seconds(192) == pytest.approx(1.0)


def test_seconds_follow_every_change_of_tempo_and_lead_back_to_the_tick():
    line = Timeline.of(
        100, [Event(100, "set_tempo", (1_000_000,)), Event(200, "set_tempo", (250_000,))]
    )

    assert [line.seconds(tick) for tick in (100, 150, 200, 300)] == pytest.approx(
        [0.5, 1.0, 1.5, 1.75]
    )
    assert [line.tick(line.seconds(tick)) for tick in range(400)] == list(range(400))


@pytest.mark.parametrize(
    ("division", "ticks"),
    [(-6360, 1000), ((-24 << 8) | 80, 1920), ((-29 << 8) | 100, pytest.approx(2997.003))],
    ids=["25 frames of 40", "24 frames of 80", "29.97 frames of 100"],
)
def test_smpte_ticks_are_parts_of_a_second_whatever_the_tempo(division, ticks):
    line = Timeline.of(division, [Event(0, "set_tempo", (1_000,)), metre(0, 4, 4)])

    assert 1 / line.seconds(1) == ticks
    assert line.bars(10_000) is None


def test_bars_are_counted_across_metres_and_a_cut_bar_counts_as_one():
    line = Timeline.of(4, [metre(0, 3, 4), metre(30, 6, 8)])  # 12 ticks a bar: 2.5 bars, then 6/8

    assert [line.bar_start(bar) for bar in (1, 2, 3, 4, 5)] == [0, 12, 24, 30, 42]
    assert [line.bars(end) for end in (1, 12, 13, 30, 31, 42)] == [1, 1, 2, 3, 4, 4]


def test_a_late_first_metre_comes_after_bars_of_four_quarters():
    line = Timeline.of(1, [metre(8, 3, 4)])

    assert [line.bar_start(bar) for bar in (1, 2, 3, 4)] == [0, 4, 8, 11]


def test_of_two_metres_at_one_tick_the_later_holds():
    line = Timeline.of(1, [metre(0, 4, 4), metre(0, 2, 4)])

    assert line.bars(8) == 4


@pytest.mark.parametrize("senseless", [metre(0, 0, 4), metre(0, 4, 2**200)])
def test_a_metre_without_sense_makes_no_bars(senseless):
    assert Timeline.of(480, [senseless]).bars(480) is None
