"""Figures of recordings: what is right, what is near, what chance gives."""

import numpy as np
import pytest

from clamp3_models.evaluation.audio import (
    accuracy_over_chance,
    clip_starts,
    same_piece,
)


def test_clips_lie_inside_their_recordings_and_are_the_same_every_time() -> None:
    starts = clip_starts([9.0, 30.0, 12.0], 50)

    assert starts == clip_starts([9.0, 30.0, 12.0], 50)
    assert {piece for piece, _ in starts} == {1, 2}
    assert all(0 <= second <= {1: 20.0, 2: 2.0}[piece] for piece, second in starts)


def test_pieces_are_ranked_both_ways() -> None:
    left = np.eye(3, dtype=np.float32)

    figures = same_piece(left, left[[1, 0, 2]])

    assert figures["MRR"].value == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert figures["Hit@10"].value == 1.0


def test_classes_count_alike_whatever_their_size() -> None:
    music = np.eye(2, dtype=np.float32)[[0, 0, 1, 1]]
    texts = np.eye(2, dtype=np.float32)
    members = np.array([[True, False], [True, False], [True, False], [False, True]])

    accuracy, chance = accuracy_over_chance(music, texts, members)

    assert accuracy.value == pytest.approx((2 / 3 + 1) / 2)
    assert chance == 0.5
