"""Zero-shot accuracy on vectors whose answers are known."""

import numpy as np
import pytest

from clamp3_models.evaluation.pieces import Piece
from clamp3_models.evaluation.zero_shot import Category, truth_of, zero_shot_row
from clamp3_models.training.texts import facts_of

DANCE = Category("dance", "dance_type")


def pieces(*dances: str) -> list[Piece]:
    return [
        Piece(str(i), "book", "open", tuple(facts_of({"dance_type": dance})))
        for i, dance in enumerate(dances)
    ]


def test_small_classes_and_unknown_words_do_not_count():
    truth = truth_of(pieces(*["jig"] * 5, *["reel"] * 6, *["waltz"] * 4, "no dance", ""), DANCE)

    assert truth is not None
    assert truth.classes == ("jig", "reel")
    assert truth.rows.tolist() == list(range(11))
    assert truth.members.sum(0).tolist() == [5, 6]


def test_one_class_is_nothing_to_choose_from():
    assert truth_of(pieces(*["jig"] * 9), DANCE) is None


def test_a_piece_is_filed_under_its_first_class_or_under_all():
    made = [
        Piece(str(i), "book", "open", tuple(facts_of({"genres": genres})))
        for i, genres in enumerate([["folk", "hymn"]] * 5 + [["hymn"]] * 5)
    ]

    first = truth_of(made, Category("genre", "genres"))
    every = truth_of(made, Category("genre", "genres", any_counts=True))

    assert first is not None
    assert every is not None
    assert first.members.sum() == 10
    assert every.members.sum() == 15


def test_accuracy_stands_beside_what_needs_no_ear():
    truth = truth_of(pieces(*["jig"] * 8, *["reel"] * 5), DANCE)
    assert truth is not None
    music = np.repeat(np.eye(2, dtype=np.float32), (8, 5), axis=0)
    music[0] = [0, 1]  # one jig that sounds like a reel
    sources = ["one"] * 8 + ["two"] * 5

    row = zero_shot_row("dance", truth, music, np.eye(2, dtype=np.float32), sources)

    assert row.estimate("macro accuracy").value == pytest.approx((7 / 8 + 1) / 2)
    assert row.estimate("plain accuracy").value == pytest.approx(12 / 13)
    assert row.estimate("macro most frequent").value == 0.5
    assert row.estimate("macro by collection").value == 1


def test_a_class_that_is_near_to_everything_loses_its_lead():
    truth = truth_of(pieces(*["jig"] * 5, *["reel"] * 5), DANCE)
    assert truth is not None
    music = np.repeat(np.array([[1, 0.2, 2], [0.2, 1, 2]], np.float32), 5, axis=0)
    texts = np.array([[1, 0, 0.3], [0, 1, 3]], np.float32)  # the second leans to what all share

    row = zero_shot_row("dance", truth, music, texts, ["one"] * 10)

    assert row.estimate("macro accuracy").value == 0.5
    assert row.estimate("macro less the mean").value == 1
