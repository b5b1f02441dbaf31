"""The Score: whole, passages, and excerpts that stand alone."""

import pytest

from clamp3_plugin.errors import UsageError
from clamp3_plugin.music import Metadata, Modality, Passage
from clamp3_plugin.readers.content import Content
from clamp3_plugin.readers.score import score_from_interleaved_abc, score_from_standard_abc


def standard(bars, *, header="L:1/8\nQ:1/4=60\nM:4/4\nK:C\n"):
    """One voice, bars as given."""
    return f'X:1\n{header}V:1 treble nm="Part 1"\nV:1\n ' + " | ".join(bars) + " |]\n"


def score_of(count, **options):
    return score_from_standard_abc(standard([f"C{i}" for i in range(1, count + 1)]), **options)


def lines_of(text):
    return [line for line in text.splitlines() if line.startswith("[V:")]


def two_voices(first, second):
    return (
        "X:1\n%%score 1 2\nL:1/8\nM:4/4\nK:C\nV:1 treble\nV:2 bass\n"
        f"V:1\n {first} |]\nV:2\n {second} |]\n"
    )


def test_a_score_is_content():
    content: Content = score_of(3)

    assert content.modality is Modality.SCORE
    assert content.metadata.bars == 3


def test_the_whole_is_interleaved_abc():
    assert score_of(2).whole() == (
        'L:1/8\nQ:1/4=60\nM:4/4\nK:C\nV:1 treble nm="Part 1"\n[V:1]C1|\n[V:1]C2|]\n'
    )


@pytest.mark.parametrize("count", [1, 7, 8])
def test_a_short_piece_has_no_passages(count):
    assert score_of(count).passages() == []


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (9, [(1, 8), (2, 9)]),
        (12, [(1, 8), (5, 12)]),
        (16, [(1, 8), (5, 12), (9, 16)]),
        (18, [(1, 8), (5, 12), (9, 16), (11, 18)]),
    ],
)
def test_passages_are_eight_bars_every_four_and_the_last_eight(count, expected):
    passages = score_of(count).passages()

    assert [(p.first_bar, p.last_bar) for p in passages] == expected


def test_passages_know_their_seconds_where_the_bars_do():
    score = score_of(9, onsets=[2.0 * i for i in range(10)])

    assert [(p.start, p.end) for p in score.passages()] == [(0.0, 16.0), (2.0, 18.0)]
    assert score.metadata.duration == 18.0


def test_passages_have_no_seconds_where_the_bars_have_none():
    assert all(p.start is None and p.end is None for p in score_of(9).passages())


def test_bars_carry_their_printed_numbers():
    score = score_of(3, bar_numbers=["0", "1", "X1"])

    assert [bar.number for bar in score.bars] == ["0", "1", "X1"]


def test_passages_name_the_bars_of_the_page_where_empty_ones_were_stripped():
    abc = standard(["z8", "z8", *[f"C{i}" for i in range(1, 10)], "z8"])

    score = score_from_standard_abc(abc)

    assert [(p.first_bar, p.last_bar) for p in score.passages()] == [(3, 10), (4, 11)]
    assert score.metadata.bars == 12


def test_every_passage_can_be_excerpted():
    score = score_of(23)

    for passage in score.passages():
        lines = lines_of(score.excerpt(passage))
        assert len(lines) == 8
        assert lines[0].startswith(f"[V:1]C{passage.first_bar}|")


def test_an_excerpt_has_the_header_and_its_bars():
    excerpt = score_of(9).excerpt(Passage(first_bar=3, last_bar=4))

    assert excerpt == ('L:1/8\nQ:1/4=60\nM:4/4\nK:C\nV:1 treble nm="Part 1"\n[V:1]C3|\n[V:1]C4|\n')


def test_an_excerpt_of_all_bars_is_the_whole():
    abc = standard(["|: C8", "D8"])
    score = score_from_standard_abc(abc)

    assert score.excerpt(Passage(first_bar=1, last_bar=2)) == score.whole()


def test_key_metre_and_tempo_in_force_go_into_the_header():
    score = score_from_standard_abc(standard(["C8", "[K:Dmin][M:3/4][Q:1/4=90] D6", "E6", "F6"]))

    excerpt = score.excerpt(Passage(first_bar=3, last_bar=4))

    assert excerpt == (
        'L:1/8\nQ:1/4=90\nM:3/4\nK:Dmin\nV:1 treble nm="Part 1"\n[V:1]E6|\n[V:1]F6|]\n'
    )


def test_a_tempo_that_the_header_lacks_is_added():
    score = score_from_standard_abc(
        standard(["C8", "[Q:1/4=90] D8", "E8"], header="L:1/8\nM:4/4\nK:C\n")
    )

    assert score.excerpt(Passage(first_bar=3, last_bar=3)).startswith(
        "L:1/8\nQ:1/4=90\nM:4/4\nK:C\n"
    )


def test_a_change_at_the_first_bar_itself_is_not_said_twice():
    score = score_from_standard_abc(standard(["C8", "[K:D] D8", "[K:G] E8", "F8"]))

    excerpt = score.excerpt(Passage(first_bar=3, last_bar=4))

    assert lines_of(excerpt) == ["[V:1][K:G] E8|", "[V:1]F8|]"]


def test_a_change_behind_the_excerpt_does_not_count():
    score = score_from_standard_abc(standard(["C8", "D8", "[K:G] E8"]))

    assert "K:C\n" in score.excerpt(Passage(first_bar=1, last_bar=2))


def test_keys_that_differ_between_voices_stand_in_the_voices():
    score = score_from_standard_abc(two_voices("[K:D] C8 | D8 | E8", "C,8 | D,8 | E,8"))

    excerpt = score.excerpt(Passage(first_bar=2, last_bar=3))

    assert "\nK:C\n" in excerpt
    assert lines_of(excerpt) == ["[V:1][K:D] D8|[V:2]D,8|", "[V:1]E8|][V:2]E,8|]"]


def test_a_key_that_all_voices_take_goes_into_the_header():
    score = score_from_standard_abc(two_voices("C8 | [K:A] D8 | E8", "C,8 | [K:A] D,8 | E,8"))

    excerpt = score.excerpt(Passage(first_bar=3, last_bar=3))

    assert "\nK:A\n" in excerpt
    assert lines_of(excerpt) == ["[V:1]E8|][V:2]E,8|]"]


def test_clefs_in_force_stand_in_their_voice():
    score = score_from_standard_abc(two_voices("[K:bass] C8 | D8", "C,8 | D,8"))

    excerpt = score.excerpt(Passage(first_bar=2, last_bar=2))

    assert lines_of(excerpt) == ["[V:1][K:bass] D8|][V:2]D,8|]"]


def test_seconds_find_the_bars_that_they_touch():
    score = score_of(4, onsets=[0.0, 2.0, 4.0, 6.0, 8.0])

    excerpt = score.excerpt(Passage(start=2.5, end=4.5))

    assert lines_of(excerpt) == ["[V:1]C2|", "[V:1]C3|"]


def test_seconds_without_an_end_reach_to_the_end():
    score = score_of(4, onsets=[0.0, 2.0, 4.0, 6.0, 8.0])

    assert len(lines_of(score.excerpt(Passage(start=4.0)))) == 2


@pytest.mark.parametrize(
    ("passage", "message"),
    [
        (Passage(first_bar=3, last_bar=12), "the piece has 4 bars"),
        (Passage(first_bar=5, last_bar=5), "the piece has 4 bars"),
        (Passage(start=8.0, end=9.0), "behind the end of the piece"),
    ],
)
def test_a_passage_outside_is_refused_with_the_size_of_the_piece(passage, message):
    score = score_of(4, onsets=[0.0, 2.0, 4.0, 6.0, 8.0])

    with pytest.raises(UsageError, match=message):
        score.excerpt(passage)


def test_seconds_of_a_score_without_tempo_are_refused():
    with pytest.raises(UsageError, match="no seconds"):
        score_of(4).excerpt(Passage(start=1.0, end=2.0))


def test_bars_that_are_empty_are_refused():
    score = score_from_standard_abc(standard(["z8", "z8", "C8", "D8"]))

    with pytest.raises(UsageError, match="Bars 1-2 are empty"):
        score.excerpt(Passage(first_bar=1, last_bar=2))


def test_interleaved_abc_becomes_a_score_line_by_line():
    score = score_from_interleaved_abc(
        ["L:1/8", "K:C"], ["[V:1]C8|", "[V:1]D8|]"], metadata=Metadata(title="x")
    )

    assert score.whole() == "L:1/8\nK:C\n[V:1]C8|\n[V:1]D8|]\n"
    assert score.metadata == Metadata(title="x", bars=2)
    assert score.standard_abc == ""
