import json

import numpy as np
import pytest

from clamp3_plugin.encoding import encode
from clamp3_plugin.errors import UsageError
from clamp3_plugin.music import Modality
from clamp3_plugin.tags import Tagger, Vocabulary
from tests.fakes import HashEncoder

SMALL = {
    "version": 1,
    "languages": ["en", "ko", "fi"],
    "concepts": [
        {"tag": "jig", "category": "dance", "labels": {"en": "jig", "ko": "지그", "fi": "jigi"}},
        {"tag": "waltz", "category": "dance", "labels": {"en": "waltz", "ko": "왈츠"}},
        {
            "tag": "hymn",
            "category": "form",
            "labels": {"en": "hymn", "fi": "virsi"},
            "prompts": ["a hymn"],
        },
    ],
}


@pytest.fixture
def encoder() -> HashEncoder:
    return HashEncoder(dim=64)


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary.parse(json.dumps(SMALL).encode())


def vector_of(encoder: HashEncoder, text: str) -> np.ndarray:
    vector: np.ndarray = encode(encoder, Modality.TEXT, [text])[0]
    return vector


@pytest.mark.parametrize("tag", ["jig", "waltz", "hymn"])
def test_a_word_of_the_vocabulary_is_its_own_best_tag(encoder, vocabulary, tag):
    hits = Tagger(encoder, vocabulary).tag(vector_of(encoder, tag), n=3)

    assert hits[0].tag == tag
    assert hits[0].score > 0.6
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_labels_come_in_the_languages_asked_and_in_english_where_there_are_none(
    encoder, vocabulary
):
    tagger = Tagger(encoder, vocabulary)
    jig = vector_of(encoder, "jig")

    assert tagger.tag(jig, ["ko", "en", "fi"], 1)[0].labels == {
        "ko": "지그",
        "en": "jig",
        "fi": "jigi",
    }
    assert tagger.tag(jig, ["ko_KR", "tlh"], 1)[0].labels == {"ko": "지그"}
    assert tagger.tag(jig, ["tlh"], 1)[0].labels == {"en": "jig"}
    assert {hit.tag: hit.labels for hit in tagger.tag(jig, ["fi"], 3)}["waltz"] == {"en": "waltz"}


def test_a_tag_that_lies_near_to_all_music_steps_back(encoder, vocabulary):
    tagger = Tagger(encoder, vocabulary)
    jig, waltz = tagger.prototypes(["en"])[:2]
    waltz_like = np.tile(waltz, (40, 1))
    between = (jig + 1.1 * waltz) / np.linalg.norm(jig + 1.1 * waltz)

    plain = tagger.tag(between)
    placed = tagger.tag(between, background=waltz_like)

    assert (plain[0].tag, placed[0].tag) == ("waltz", "jig")
    assert placed[0].score == pytest.approx(plain[1].score)
    assert tagger.tag(between, background=waltz_like[:5]) == plain


def test_a_concept_is_encoded_once_for_a_space_and_kept(encoder, vocabulary, tmp_path):
    Tagger(encoder, vocabulary, tmp_path).prototypes(["ko"])
    encoded = encoder.encoded
    again = Tagger(encoder, vocabulary, tmp_path)

    prototypes = again.prototypes(["ko"])

    assert encoder.encoded == encoded
    assert prototypes.shape == (3, 64)
    assert np.array_equal(prototypes, Tagger(encoder, vocabulary).prototypes(["ko"]))
    other = HashEncoder(dim=64, space="other")
    Tagger(other, vocabulary, tmp_path).prototypes(["ko"])
    assert other.encoded > 0


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"not an array" * 100])
def test_a_damaged_cache_is_made_again(encoder, vocabulary, tmp_path, damage):
    expected = Tagger(encoder, vocabulary, tmp_path).prototypes(["en"])
    for file in (tmp_path / "tags").iterdir():
        file.write_bytes(damage)

    assert np.array_equal(Tagger(encoder, vocabulary, tmp_path).prototypes(["en"]), expected)
    assert np.array_equal(Tagger(encoder, vocabulary, tmp_path).prototypes(["en"]), expected)


def test_no_tags_are_no_question(encoder, vocabulary):
    with pytest.raises(UsageError, match="0 tags"):
        Tagger(encoder, vocabulary).tag(vector_of(encoder, "jig"), n=0)


def test_the_vocabulary_that_ships_can_be_loaded():
    vocabulary = Vocabulary.load()

    assert len(vocabulary.languages) >= 20
    assert len(vocabulary.concepts) > 100
    assert all("en" in concept.labels for concept in vocabulary.concepts)
