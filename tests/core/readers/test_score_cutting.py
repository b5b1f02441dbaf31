"""Cuts sound as the same bars do in the whole, whatever bars are cut."""

import random
from pathlib import Path

import pytest

from clamp3_plugin.music import Passage
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.score import Score, score_from_standard_abc
from tests.core.readers.abc_sounds import sounds

GOLDEN = Path(__file__).parents[2] / "golden" / "xml"
NO_MUSIC = {"x08_all_rests_dropped.musicxml", "x13_broken_xml_dropped.musicxml"}
FILES = sorted(
    path
    for path in GOLDEN.rglob("*")
    if path.is_file() and path.suffix in registry.FORMATS and path.name not in NO_MUSIC
)
KEYS = ["C", "D", "Bb", "Emin", "Fdor", "F#", "none"]


def piece(seed):
    """Write two voices with changes, accidentals and ties everywhere."""
    choose = random.Random(seed)  # noqa: S311 - a repeatable choice
    header = "X:1\n%%score 1 2\nL:1/8\nM:4/4\nK:G\nV:1 treble\nV:2 bass\n"
    return header + "".join(
        f"V:{voice}\n" + " | ".join(bar(choose) for _ in range(40)) + " |]\n" for voice in (1, 2)
    )


def bar(choose):
    fields = [
        f"[K:{choose.choice(KEYS)}]",
        f"[M:{choose.choice(['3/4', '6/8'])}]",
        f"[Q:1/4={choose.randrange(40, 200)}]",
        f"[K:{choose.choice(['alto', 'treble-8', 'bass'])}]",
        "[L:1/16]",
    ]
    changes = "".join(field for field in fields if choose.random() < 0.1)
    notes = " ".join(
        choose.choice(["", "", "^", "_", "="])
        + choose.choice("FfBb")
        + choose.choice(["", "2"])
        + choose.choice(["", "-"])
        for _ in range(choose.randrange(1, 6))
    )
    return f"{changes} {notes} {choose.choice(['[^fb]2-', '[f_b]', 'z'])}".strip()


def assert_cuts_sound_as_the_whole(score, choose, count):
    whole = sounds(score.whole())
    for _ in range(count):
        first = choose.randrange(len(score.bars))
        last = choose.randrange(first, len(score.bars))
        passage = Passage(score.bars[first].index, score.bars[last].index)
        assert sounds(score.excerpt(passage)) == whole[first : last + 1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_cuts_of_a_real_score_sound_as_its_bars(path):
    choose = random.Random(path.name)  # noqa: S311 - a repeatable choice

    for score in registry.read(path):
        assert isinstance(score, Score)
        assert_cuts_sound_as_the_whole(score, choose, count=10)


@pytest.mark.parametrize("seed", range(25))
def test_the_cuts_of_a_score_full_of_changes_and_ties_sound_as_its_bars(seed):
    score = score_from_standard_abc(piece(seed))
    choose = random.Random(seed)  # noqa: S311 - a repeatable choice

    assert_cuts_sound_as_the_whole(score, choose, count=10)


def test_the_reading_notices_a_key_that_is_not_carried():
    score = score_from_standard_abc(
        "X:1\nL:1/8\nM:4/4\nK:C\nV:1 treble\nV:1\n [K:D] f8 | f8 | f8 |]\n"
    )
    naive = "\n".join([*score.header, score.bars[2].line])

    assert sounds(naive) != sounds(score.whole())[2:]
    assert sounds(score.excerpt(Passage(3, 3))) == sounds(score.whole())[2:]


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        ("^f8-|f8", "^f8"),
        ("^f8-|f8-|f8", "^f8"),  # over two barlines
        ("^f8-|f4 f4", "^f4 =f4"),  # the tie ends at the first note
        ("^f8|f8", "f8"),  # no tie
        ("[c^f]8-|[cf]8", "[c^f]8"),
        ("[K:D] f8-|[K:C] f8", "[K:C] ^f8"),  # held from the old key
        ("^f8-|[K:G] f8", "[K:G] f8"),  # the new key says it
    ],
)
def test_a_cut_says_the_accidental_that_a_tie_carried(bars, expected):
    abc = f"X:1\nL:1/8\nM:4/4\nK:C\nV:1 treble\nV:1\n{bars}|]\n"
    score = score_from_standard_abc(abc)
    last = len(score.bars)

    excerpt = score.excerpt(Passage(last, last))

    assert excerpt.splitlines()[-1] == f"[V:1]{expected}|]"


def test_a_piece_is_read_once_for_all_its_cuts(monkeypatch):
    count = 0
    lines = [f"[V:1]C{i}|" for i in range(1, 401)]

    from clamp3_plugin.readers import score_state  # noqa: PLC0415 - what is counted

    read = score_state.Changes._read_bar

    def counted(self, position, line):
        nonlocal count
        count += 1
        read(self, position, line)

    monkeypatch.setattr(score_state.Changes, "_read_bar", counted)
    score = score_from_standard_abc(
        "X:1\nL:1/8\nK:C\nV:1 treble\nV:1\n" + "".join(line[5:] for line in lines) + "\n"
    )

    for passage in score.passages():
        score.excerpt(passage)

    assert count == 400
