"""Probes read what is linear in embeddings, and no more."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from clamp3_models.evaluation.probe import Protocol, Task, probe, split, targets_of
from clamp3_plugin.errors import EmptyContentError, UsageError

needs_eval = pytest.mark.skipif(
    find_spec("sklearn") is None, reason="needs the extra eval: scikit-learn"
)
QUICK = Protocol(learning_rate=0.05, epochs=60)


def embeddings(n: int = 100, dim: int = 8) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, dim)).astype(np.float32)


@needs_eval
def test_classes_that_are_linear_are_read_and_chance_is_not():
    x = embeddings(200)
    linear = ["up" if row[0] > 0 else "down" for row in x]
    chance = ["up" if draw else "down" for draw in np.random.default_rng(1).random(200) < 0.5]

    found = probe(x, targets_of(linear), QUICK)
    lost = probe(x, targets_of(chance), QUICK)

    assert (found.task, found.trained_on, found.evaluated_on) == (Task.CLASS, 160, 40)
    assert found.labels == ("down", "up")
    assert min(found.figures.values()) > 0.9
    assert lost.figures["accuracy"] < 0.75
    assert set(found.figures) == {"accuracy", "F1-macro", "ROC-AUC", "AP"}


@needs_eval
def test_numbers_are_read_as_shares_of_their_variance():
    x = embeddings(200)

    found = probe(x, targets_of([[float(row[0] - row[1]), float(row[2])] for row in x]), QUICK)

    assert found.task is Task.NUMBER
    assert found.figures["R2"] > 0.95


@needs_eval
def test_several_labels_are_read_one_by_one():
    x = embeddings(200)
    labels = [[name for name, value in zip("abc", row, strict=False) if value > 0] for row in x]

    found = probe(x, targets_of(labels), QUICK)

    assert found.task is Task.TAGS
    assert found.figures["AP"] > 0.95
    assert set(found.figures) == {"F1-macro", "ROC-AUC", "AP"}


@needs_eval
def test_softmax_twice_learns_more_slowly_which_is_the_reference_s_bug():
    x = embeddings(120)
    targets = targets_of([f"c{int(row[:4].argmax())}" for row in x])
    plain = replace(QUICK, epochs=30, learning_rate=0.01)

    once, twice = probe(x, targets, plain), probe(x, targets, replace(plain, softmax_twice=True))

    assert twice.figures["AP"] < once.figures["AP"]


@needs_eval
def test_the_best_epoch_is_no_worse_than_the_last_and_a_run_repeats():
    x = embeddings(60)
    targets = targets_of([f"c{i % 3}" for i in range(60)])

    last, best = probe(x, targets, QUICK), probe(x, targets, replace(QUICK, keep_best=True))

    assert best.figures["accuracy"] >= last.figures["accuracy"]
    assert probe(x, targets, QUICK) == last


def test_a_fifth_rounded_up_is_held_out_and_nothing_is_in_both_parts():
    train, held_out = split(11, Protocol())

    assert (len(train), len(held_out)) == (8, 3)
    assert sorted(train + held_out) == list(range(11))
    assert split(11, Protocol(seed=1)) != (train, held_out)


def test_one_label_two_files_and_mixed_labels_are_refused():
    with pytest.raises(UsageError, match="only one label, 'a'"):
        targets_of(["a", "a"])
    with pytest.raises(UsageError, match="all numbers"):
        targets_of(["a", 1.0])
    with pytest.raises(EmptyContentError, match="2 files"):
        probe(embeddings(2), targets_of(["a", "b"]))
