"""The bar map: every bar and voice found again in the text that the encoder reads."""

from pathlib import Path

from clamp3_plugin.readers import registry
from clamp3_plugin.readers.bar_map import bar_map
from clamp3_plugin.readers.score import Score, score_from_standard_abc

GOLDEN = Path(__file__).parents[2] / "golden" / "xml" / "in"


def _score(path: Path) -> Score:
    score = registry.read(path)[0]
    assert isinstance(score, Score)
    return score


def test_every_voice_of_every_bar_is_found_in_the_text():
    score = _score(GOLDEN / "x02_piano_two_staves.musicxml")
    text = score.whole()

    places = bar_map(score)

    assert [text.split("\n")[place.line] for place in places] == [bar.line for bar in score.bars]
    for place, bar in zip(places, score.bars, strict=True):
        pieces = [text[voice.start : voice.stop] for voice in place.voices]
        assert "".join(pieces) == bar.line
        assert [(voice.voice, voice.staff) for voice in place.voices] == [
            ("1", 1),
            ("2", 1),
            ("3", 2),
        ]


def test_bars_know_their_number_and_time():
    score = _score(GOLDEN / "x03_repeats_voltas_three_parts.xml")

    places = bar_map(score)

    assert [place.index for place in places] == list(range(1, 9))
    assert [place.number for place in places] == [bar.number for bar in score.bars]
    assert [place.position for place in places] == [2.0 * i for i in range(8)]


def test_a_tune_by_hand_knows_its_quarters_and_seconds(tmp_path):
    path = tmp_path / "jig.abc"
    path.write_text("X:1\nM:6/8\nL:1/8\nQ:3/8=120\nK:D\nd|dfa afd|efe e2d|\n")

    places = bar_map(_score(path))

    assert [place.position for place in places] == [0.0, 0.5, 3.5]
    assert [round(place.onset or 0.0, 3) for place in places] == [0.0, 0.167, 1.167]


def test_bars_that_were_left_out_at_the_start_keep_their_count():
    score = score_from_standard_abc(
        "X:1\nL:1/8\nM:4/4\nK:C\nV:1 treble\nV:1\nz8|z8|C8|D8|\n", positions=[0, 4, 8, 12, 16]
    )

    assert [(place.index, place.position) for place in bar_map(score)] == [(3, 8), (4, 12)]
