"""Calibrated tags: what is claimed, in which order, and what becomes of the file."""

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from clamp3_plugin.encoding import encode
from clamp3_plugin.errors import NoModelError
from clamp3_plugin.music import Modality
from clamp3_plugin.tags import CALIBRATION_FILE, Calibration, Tagger, Vocabulary, load_calibration
from clamp3_plugin.tags.calibration import Curve, Curves
from clamp3_plugin.tags.order import spread
from tests.fakes import HashEncoder

DANCES = ("jig", "reel", "waltz", "polka")
MOODS = ("calm", "sad")
WEIGHTS = "0123456789abcdef" * 4
SPACE = "mine-0123456789ab-none-fp32"


def made_vocabulary(**more: object) -> Vocabulary:
    concepts = [
        {"tag": tag, "category": category, "labels": {"en": tag, "ko": f"{tag}의"}}
        for category, tags in (("dance", DANCES), ("mood", MOODS))
        for tag in tags
    ]
    table = {"version": 1, "languages": ["en", "ko"], "concepts": concepts, **more}
    return Vocabulary.parse(json.dumps(table).encode())


@pytest.fixture
def vocabulary() -> Vocabulary:
    return made_vocabulary()


@pytest.fixture
def encoder() -> HashEncoder:
    return HashEncoder(dim=64, space=SPACE)


@pytest.fixture
def calibration(encoder, vocabulary) -> Calibration:
    return calibrated(encoder, vocabulary)


def calibrated(encoder: HashEncoder, vocabulary: Vocabulary) -> Calibration:
    """Dances are likely from a cosine of 0.3 on, moods hardly ever, and of one nothing is known."""
    dances = [Curve(0.1, 0.1, 2.0, -4.0, 98)] * 4
    moods = [Curve(0.1, 0.1, 1.0, -4.0, 3), Curve(0.1, 0.1, 1.0, -4.0, 0)]
    prototypes = encode(encoder, Modality.TEXT, [c.tag for c in vocabulary.concepts])
    encoder.encoded = 0
    curves = {Modality.SCORE: Curves((*dances, *moods))}
    return Calibration(WEIGHTS, vocabulary.digest, prototypes, curves, "20 scores")


@pytest.fixture
def folder(tmp_path: Path, calibration, vocabulary) -> Path:
    (tmp_path / CALIBRATION_FILE).write_text(calibration.to_json(vocabulary), "utf-8")
    return tmp_path


def test_a_likelihood_rises_with_the_cosine_up_to_what_the_examples_support(calibration):
    curves = calibration.curves[Modality.SCORE]

    low, middle, high = (curves.likelihood(np.full(6, c, np.float32)) for c in (-0.2, 0.3, 1.0))

    assert (low < middle).all()
    assert (middle < high).all()
    assert middle[0] == pytest.approx(0.5, abs=1e-6)
    assert high[0] == pytest.approx(99 / 100)
    assert high[4] == pytest.approx(4 / 5)


def test_a_tag_says_how_likely_it_is_and_nothing_where_nothing_is_known(
    encoder, vocabulary, calibration
):
    tagger = Tagger(encoder, vocabulary, calibration=calibration)
    jig = calibration.prototypes[0]

    hits = {hit.tag: hit for hit in tagger.tag(jig, n=6, modality=Modality.SCORE)}

    assert len(hits) == 6
    assert hits["jig"].score == pytest.approx(1.0)
    assert hits["jig"].probability == pytest.approx(0.99)
    assert hits["sad"].probability is None
    assert all(hit.probability is not None for tag, hit in hits.items() if tag != "sad")


def test_tags_are_the_same_in_every_language_and_no_label_is_encoded(
    encoder, vocabulary, calibration
):
    tagger = Tagger(encoder, vocabulary, calibration=calibration)
    music = calibration.prototypes[1]

    english, korean = (tagger.tag(music, [code], 6, None, Modality.SCORE) for code in ("en", "ko"))

    assert [(h.tag, h.score, h.probability) for h in english] == [
        (h.tag, h.score, h.probability) for h in korean
    ]
    assert [hit.labels for hit in korean] == [{"ko": f"{hit.tag}의"} for hit in korean]
    assert encoder.encoded == 0


def test_what_was_not_calibrated_is_ranked_by_its_cosine_and_claims_nothing(
    encoder, vocabulary, calibration
):
    tagger = Tagger(encoder, vocabulary, calibration=calibration)

    hits = tagger.tag(calibration.prototypes[1], n=6, modality=Modality.TEXT)

    assert hits[0].tag == "reel"
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert {hit.probability for hit in hits} == {None}


def test_no_category_crowds_out_the_others(encoder, vocabulary, calibration):
    tagger = Tagger(encoder, vocabulary, calibration=calibration)
    dances = calibration.prototypes[:4].mean(axis=0)

    hits = tagger.tag(dances / np.linalg.norm(dances), n=4, modality=Modality.SCORE)

    assert [hit.category for hit in hits] == ["dance", "mood", "dance", "mood"]


@pytest.mark.parametrize("seed", range(5))
def test_of_the_first_tags_at_most_a_third_are_of_one_category_and_longer_lists_go_on(seed):
    draw = np.random.default_rng(seed)
    categories = [str(c) for c in draw.integers(0, 7, 200)]
    likelihood = draw.random(200)

    order = spread(likelihood, categories, 30)

    for k in range(1, 31):
        assert max(Counter(categories[i] for i in order[:k]).values()) <= math.ceil(k / 3)
        assert spread(likelihood, categories, k) == order[:k]
    assert order[0] == likelihood.argmax()
    assert sorted(spread(likelihood, categories, 500)) == list(range(200))


def test_a_calibration_survives_its_file(folder, encoder, vocabulary, calibration):
    loaded = load_calibration(folder, encoder, vocabulary)

    assert loaded is not None
    assert loaded.curves[Modality.SCORE].curves == calibration.curves[Modality.SCORE].curves
    assert list(loaded.curves) == [Modality.SCORE]
    np.testing.assert_allclose(loaded.prototypes, calibration.prototypes, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(loaded.prototypes, axis=1), 1.0, rtol=1e-6)
    assert (loaded.weights, loaded.origin) == (WEIGHTS, "20 scores")


def test_a_model_without_a_calibration_has_none(tmp_path, encoder, vocabulary):
    assert load_calibration(tmp_path, encoder, vocabulary) is None


@pytest.mark.parametrize("space", ["yours-0123456789ab-none-fp32", "mine-0123456789ab-none-bf16"])
def test_it_fits_the_same_weights_under_another_name_and_in_another_precision(
    folder, vocabulary, space
):
    assert load_calibration(folder, HashEncoder(64, space), vocabulary) is not None


@pytest.mark.parametrize(
    ("encoder", "vocabulary"),
    [
        pytest.param(
            HashEncoder(64, "mine-ba9876543210-none-fp32"), made_vocabulary(), id="weights"
        ),
        pytest.param(HashEncoder(32, SPACE), made_vocabulary(), id="width"),
        pytest.param(HashEncoder(64, SPACE), made_vocabulary(version=2), id="vocabulary"),
    ],
)
def test_a_stale_calibration_is_ignored(tmp_path, encoder, vocabulary):
    made = calibrated(HashEncoder(64, SPACE), made_vocabulary())
    text = made.to_json(made_vocabulary())
    (tmp_path / CALIBRATION_FILE).write_text(text, "utf-8")

    assert load_calibration(tmp_path, encoder, vocabulary) is None


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ('"format": 1', '"format": '),
        ('"slope": 2.0', '"slope": -2.0'),
        ('"deviation": 0.1', '"deviation": 0'),
        ('"mean": 0.1', '"mean": NaN'),
        ('"mean": 0.1', '"mean": null'),
        ('"examples": 98', '"examples": -1'),
        ('"jig": ', '"jog": '),
        ('"prototype": "', '"prototype": "?'),
        ('"prototype": "', '"prototype": "AAAA'),
        ('"weights"', '"wait"'),
    ],
)
def test_a_damaged_calibration_is_named(folder, encoder, vocabulary, part, instead):
    path = folder / CALIBRATION_FILE
    text = path.read_text("utf-8")
    assert part in text
    path.write_text(text.replace(part, instead, 1), "utf-8")

    with pytest.raises(NoModelError, match=CALIBRATION_FILE):
        load_calibration(folder, encoder, vocabulary)
