"""The vocabulary that ships: complete, unambiguous, and in the script of each language."""

import json
import re
import unicodedata
from collections import Counter, defaultdict
from importlib import resources

import pytest

from clamp3_plugin.tags import Vocabulary

VOCABULARY = json.loads((resources.files("clamp3_plugin") / "vocabulary.json").read_text("utf-8"))
ALIASES = json.loads(
    (resources.files("clamp3_models") / "training_aliases.json").read_text("utf-8")
)
CONCEPTS = VOCABULARY["concepts"]
LANGUAGES = VOCABULARY["languages"]
CATEGORIES = {"genre", "dance", "form", "mood", "instrument", "region", "period"}
# First words of the Unicode names of the letters that a label must have.
SCRIPTS = {
    "am": {"ETHIOPIC"},
    "ar": {"ARABIC"},
    "bg": {"CYRILLIC"},
    "bn": {"BENGALI"},
    "el": {"GREEK"},
    "fa": {"ARABIC"},
    "he": {"HEBREW"},
    "hi": {"DEVANAGARI"},
    "hy": {"ARMENIAN"},
    "ja": {"HIRAGANA", "KATAKANA", "CJK"},
    "ka": {"GEORGIAN"},
    "kk": {"CYRILLIC"},
    "ko": {"HANGUL"},
    "ru": {"CYRILLIC"},
    "ta": {"TAMIL"},
    "th": {"THAI"},
    "uk": {"CYRILLIC"},
    "zh": {"CJK"},
}


def scripts_of(text: str) -> set[str]:
    """Return the scripts of the letters, less what is in brackets and Roman numerals."""
    outside = re.sub(r"[(\uff08].*?[)\uff09]|\b[XVI]+\b", "", text)
    return {re.split("[ -]", unicodedata.name(c))[0] for c in outside if c.isalpha()}


def test_the_file_has_the_version_that_its_reader_expects():
    assert VOCABULARY["version"] == 1
    assert set(VOCABULARY) == {"version", "languages", "concepts"}


def test_there_are_enough_languages_and_concepts_of_every_category():
    per_category = Counter(concept["category"] for concept in CONCEPTS)

    assert len(set(LANGUAGES)) == len(LANGUAGES) >= 38
    assert len(CONCEPTS) >= 150
    assert set(per_category) == CATEGORIES
    assert min(per_category.values()) >= 8


def test_every_concept_has_a_label_in_every_language():
    fields = {tuple(concept) for concept in CONCEPTS}
    incomplete = [c["tag"] for c in CONCEPTS if list(c["labels"]) != LANGUAGES]

    assert fields == {("tag", "category", "labels")}
    assert incomplete == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_short_clean_text(language):
    labels = [concept["labels"][language] for concept in CONCEPTS]

    assert [label for label in labels if not 1 <= len(label) <= 40] == []
    assert [label for label in labels if label != unicodedata.normalize("NFC", label.strip())] == []
    # Persian and Bengali spell some words with an unprintable sign: zero-width non-joiner and joiner.
    assert [
        label for label in labels if not re.sub("[\u200c\u200d]", "", label).isprintable()
    ] == []


def test_tags_are_slugs_and_each_occurs_once():
    tags = [concept["tag"] for concept in CONCEPTS]

    assert len(set(tags)) == len(tags)
    assert [tag for tag in tags if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", tag)] == []


@pytest.mark.parametrize("language", SCRIPTS)
def test_labels_are_written_in_the_script_of_their_language(language):
    scripts = {c["tag"]: scripts_of(c["labels"][language]) for c in CONCEPTS}

    foreign = {tag for tag, found in scripts.items() if not found or found - SCRIPTS[language]}

    assert foreign == set()


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - set(SCRIPTS)))
def test_labels_of_languages_in_latin_script_hold_no_other_letters(language):
    scripts = set().union(*(scripts_of(concept["labels"][language]) for concept in CONCEPTS))

    assert scripts == {"LATIN"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_concepts_share_a_label(language):
    concepts_of_label: dict[str, list[str]] = defaultdict(list)
    for concept in CONCEPTS:
        concepts_of_label[concept["labels"][language].casefold()].append(concept["tag"])

    assert {k: tags for k, tags in concepts_of_label.items() if len(tags) > 1} == {}


def test_languages_are_translated_and_not_copies_of_english():
    words = [c for c in CONCEPTS if c["category"] in {"mood", "region", "instrument"}]
    copied = {
        language: sum(c["labels"][language] == c["labels"]["en"] for c in words) / len(words)
        for language in LANGUAGES
        if language != "en"
    }

    # "piano", "tuba" and "Lorraine" are the same word in several languages.
    assert {language: share for language, share in copied.items() if share > 0.25} == {}


def test_training_aliases_lead_to_concepts_of_the_vocabulary():
    tags = {concept["tag"] for concept in CONCEPTS}
    aliases = [pair for values in ALIASES["fields"].values() for pair in values.items()]

    assert len(aliases) >= 300
    assert [pair for pair in aliases if pair[1] not in tags] == []
    assert [value for value, _ in aliases if value != value.lower()] == []


def test_labels_of_every_language_are_said_in_english():
    vocabulary = Vocabulary.load()
    astray = [
        (code, concept.labels[code])
        for concept in vocabulary.concepts
        for code in vocabulary.languages
        if vocabulary.in_english(concept.labels[code]) != concept.labels["en"]
    ]

    # words that are another concept in a language that comes first, such as "bas" or "polonez"
    assert len(astray) < 0.01 * len(vocabulary.concepts) * len(vocabulary.languages), astray


def test_what_is_more_than_labels_is_left_to_the_encoder():
    vocabulary = Vocabulary.load()

    assert vocabulary.in_english("지그, 아일랜드") == "jig Ireland"
    assert vocabulary.in_english("something like a 지그") is None
    assert vocabulary.in_english(" , ") is None
