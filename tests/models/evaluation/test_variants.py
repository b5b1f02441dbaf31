"""Changed music is the same music in all but what was to change."""

import pytest

from clamp3_models.evaluation.variants import rest_of, transposed, transposed_key
from clamp3_models.training.augmentation import change_tempo, remove_headers
from clamp3_plugin.music import Passage
from clamp3_plugin.readers.performance import read_mtf
from clamp3_plugin.readers.score import score_from_standard_abc

MTF = """ticks_per_beat 96
set_tempo 400000 0
time_signature 6 8 24 8 0
key_signature Em 0
program_change 0 0 40
note_on 0 0 60 64
note_on 0 9 38 64
set_tempo 300000 48
note_off 48 0 60 64
note_on 0 0 126 64
note_off 96 0 126 64
end_of_track 1"""


def abc_of(bars: int) -> str:
    """A score that tells its bars apart by their length in notes."""
    music = "".join(f"{'C' * (i % 7 + 1)}{i}|" for i in range(1, bars + 1))
    return f"X:1\nL:1/8\nM:4/4\nK:G\nV:1 treble\nV:1\n{music}\n"


def test_headers_are_gone_and_the_music_is_not():
    text = score_from_standard_abc(abc_of(2)).whole()

    blind = remove_headers(text)

    assert {line for line in text.splitlines() if line not in blind.splitlines()} == {
        "L:1/8",
        "M:4/4",
        "K:G",
    }
    assert [line for line in blind.splitlines() if line.startswith("[V:1]")]


def test_notes_stay_where_they_were_when_signatures_go():
    before, after = read_mtf(MTF)[0], read_mtf(remove_headers(MTF))[0]

    assert "set_tempo" not in after.text
    assert "signature" not in after.text
    assert after.track.notes == before.track.notes


def test_transposed_notes_are_three_higher_but_drums_and_the_edge_are_not():
    lines = transposed(MTF, 3).splitlines()

    assert lines[3] == "key_signature Gm 0"
    assert [line.split()[3] for line in lines if line.startswith("note_on")] == ["63", "38", "127"]


@pytest.mark.parametrize(("key", "semitones", "expected"), [
    ("C", 3, "Eb"), ("Am", 3, "Cm"), ("F#", 1, "G"), ("B", -1, "Bb"), ("Cb", 0, "B"), ("Abm", 3, "Bm"),
])  # fmt: skip
def test_keys_are_spelt_with_few_accidentals(key: str, semitones: int, expected: str):
    assert transposed_key(key, semitones) == expected


def test_a_faster_performance_is_shorter_by_the_factor():
    before, after = read_mtf(MTF)[0], read_mtf(change_tempo(MTF, 1.25))[0]

    assert after.duration == pytest.approx(before.duration / 1.25)


def test_a_performance_without_a_tempo_gets_one():
    silent_of_tempo = "ticks_per_beat 96\nnote_on 0 0 60 64\nnote_off 96 0 60 64\nend_of_track 0"

    assert read_mtf(change_tempo(silent_of_tempo, 1.25))[0].duration == pytest.approx(0.4)


@pytest.mark.parametrize(("first", "last"), [(1, 8), (5, 12), (13, 20)])
def test_a_piece_without_a_passage_has_all_other_bars(first: int, last: int):
    score = score_from_standard_abc(abc_of(20))

    rest = rest_of(score, Passage(first, last))

    bars = [bar.line for bar in score.bars if not first <= bar.index <= last]
    assert [line.replace("[M:4/4]", "") for line in rest.splitlines() if "[V:1]" in line] == bars
    assert rest.count("K:G") == 1


def test_a_key_change_inside_the_passage_is_said_after_it():
    abc = abc_of(20).replace("CCCCCC5|", "[K:D]CCCCCC5|")

    rest = rest_of(score_from_standard_abc(abc), Passage(5, 12))

    assert "[K:D]" in rest
