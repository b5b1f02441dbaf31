"""Learning how often tags are right: from made-up cosines whose truth is known."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from clamp3_models.tag_calibration import FEWEST, Line, Prior, calibrate, fit, learn
from clamp3_models.training.records import Record
from clamp3_plugin.errors import EmptyContentError
from clamp3_plugin.music import Modality
from clamp3_plugin.tags import Vocabulary
from tests.fakes import HashEncoder
from tests.models.evaluation.conftest import midi

DANCES = ("jig", "reel", "waltz")
MOODS = ("calm", "sad")


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    concepts = [
        {"tag": tag, "category": category, "labels": {"en": tag, "fi": f"{tag}i"}}
        for category, tags in (("dance", DANCES), ("mood", MOODS))
        for tag in tags
    ]
    table = {"version": 1, "languages": ["en", "fi"], "concepts": concepts}
    return Vocabulary.parse(json.dumps(table).encode())


def made_up(seed: int, pieces: int = 2000) -> tuple[np.ndarray, list[frozenset[str]]]:
    """Jigs and a few waltzes among reels; the cosine of a true tag is higher by two deviations."""
    draw = np.random.default_rng(seed)
    kinds = draw.choice(3, pieces, p=[0.3, 0.69, 0.01])
    cosines = draw.normal(0.1, 0.05, (pieces, 5))
    cosines[np.arange(pieces), kinds] += 0.1
    return cosines.astype(np.float32), [frozenset({DANCES[kind]}) for kind in kinds]


def test_what_is_claimed_is_how_often_it_is_right(vocabulary):
    curves = learn(*made_up(1), vocabulary)
    cosines, stated = made_up(2)

    claimed = np.array([curves.likelihood(row) for row in cosines])[:, :3]

    right = np.array([[tag in tags for tag in DANCES] for tags in stated])
    edges = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]
    for low, high in itertools.pairwise(edges):
        within = (claimed >= low) & (claimed < high)
        assert within.sum() > 50
        assert right[within].mean() == pytest.approx(claimed[within].mean(), abs=0.05)


def test_a_tag_without_examples_has_a_place_but_claims_nothing(vocabulary):
    curves = learn(*made_up(1), vocabulary)

    claims = [curves.claims(i) for i in range(5)]

    assert claims == [True, True, True, False, False]
    assert curves.likelihood(np.full(5, 0.9, np.float32))[3:].max() <= 0.5


def test_a_tag_with_too_few_examples_claims_nothing_and_comes_after_its_kin(vocabulary):
    cosines, stated = made_up(1, 300)
    stated = [tags - {"waltz"} for tags in stated]
    few = [frozenset({"waltz"})] * (FEWEST - 1)

    learnt = learn(cosines, [*few, *stated[len(few) :]], vocabulary)

    assert not learnt.claims(2)
    jig, _, waltz = learnt.curves[:3]
    assert waltz.slope > 0
    assert waltz.intercept < jig.intercept


def test_a_piece_that_states_nothing_in_a_category_says_nothing_of_it(vocabulary):
    cosines, stated = made_up(1, 400)
    silent = [frozenset[str]() if i % 2 else tags for i, tags in enumerate(stated)]
    moody = [frozenset({"calm"}) if i % 2 else tags for i, tags in enumerate(stated)]

    without, with_moods = (learn(cosines, each, vocabulary) for each in (silent, moody))

    jig, mood = without.curves[0], with_moods.curves[0]
    assert jig.examples == mood.examples == sum("jig" in tags for tags in silent)
    # had the silent half been taken for wrong, the claims would fall by half
    full = learn(cosines, stated, vocabulary)
    at = np.full(5, 0.15, np.float32)
    assert without.likelihood(at)[0] == pytest.approx(full.likelihood(at)[0], abs=0.12)


def test_a_curve_never_falls(vocabulary):
    cosines, stated = made_up(1, 300)

    curves = learn(-cosines, stated, vocabulary)

    assert min(curve.slope for curve in curves.curves) == 0.0


def test_a_fit_finds_the_line_that_made_the_examples():
    draw = np.random.default_rng(3)
    places = draw.normal(size=20_000)
    right = draw.random(20_000) < 1 / (1 + np.exp(-(1.5 * places - 2.0)))

    line = fit(places, right, Prior(Line(1.0, 0.0), 1.0, 3.0))

    assert (line.slope, line.intercept) == pytest.approx((1.5, -2.0), abs=0.08)


def test_few_examples_hardly_move_a_line():
    prior = Prior(Line(1.0, -3.0), 0.4, 1.0)
    places, right = np.array([3.0, 0.0]), np.array([True, False])

    line = fit(places, right, prior)

    assert line.slope == pytest.approx(1.0, abs=0.2)
    assert line.intercept == pytest.approx(-3.0, abs=0.6)


def test_both_modalities_are_learnt_from_records(vocabulary):
    records = [record(i) for i in range(24)]
    told: list[str] = []

    made = calibrate(
        HashEncoder(64), records, vocabulary, "ab" * 32, lambda name, *_: told.append(name)
    )

    assert set(made.curves) == {Modality.SCORE, Modality.PERFORMANCE}
    assert made.origin == "24 scores, 24 performances"
    assert made.vocabulary == vocabulary.digest
    assert made.prototypes.shape == (5, 64)
    for curves in made.curves.values():
        assert [curve.examples for curve in curves.curves] == [12, 12, 0, 0, 0]
    assert list(dict.fromkeys(told)) == ["labels", "scores", "performances"]


def test_too_little_music_is_refused(vocabulary):
    with pytest.raises(EmptyContentError, match="3"):
        calibrate(HashEncoder(64), [record(i) for i in range(3)], vocabulary, "", lambda *_: None)


def record(i: int) -> Record:
    """A jig or a reel of four bars."""
    metre, dance = (("6/8", "jig"), ("4/4", "reel"))[i % 2]
    bar = "CDEFGABc"[i % 8] * (6 if i % 2 == 0 else 8)
    abc = f"X:1\nL:1/8\nM:{metre}\nK:C\nV:1 treble\nV:1\n{(bar + '|') * 4}\n"
    fields = {"abc": abc, "dance_type": dance}
    return Record(f"t{i}", f"t{i}", "made-up", fields, Path(), midi(i))
