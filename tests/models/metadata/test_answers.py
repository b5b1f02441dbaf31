"""What a language model may answer, and what is named as a fault."""

import json

import pytest

from clamp3_models.metadata.answers import BadAnswerError, read_answer
from clamp3_models.metadata.material import Material
from tests.models.metadata.chat import GOOD, SOURCE

MATERIAL = Material("tune", "The Jig", ("Anon.",), {}, (SOURCE,), {})
NAMELESS = Material("tune", "The Jig", (), {}, (f"{SOURCE} Played by Mary O'Hara.",), {})
EMPTY = {"background": "", "analysis": "", "description": "", "scene": ""}


def faults(material=MATERIAL, into="fr", **changed):
    with pytest.raises(BadAnswerError) as caught:
        read_answer(json.dumps({**GOOD, **changed}), material, into)
    return " ".join(caught.value.faults)


def test_a_sound_answer_is_taken():
    answer = read_answer(json.dumps(GOOD), MATERIAL, "fr")

    assert answer.region == "IE"
    assert answer.genres == ("Irish traditional",)
    assert answer.texts["analysis"] == "A double jig in G major."
    assert answer.translations["language"] == "fr"


@pytest.mark.parametrize(
    "wrapping",
    ["```json\n@\n```", "<think>Is it {Irish}?</think>\n@", "Here it is:\n@\nThat is all."],
    ids=["fence", "thoughts", "chatter"],
)
def test_an_answer_is_found_in_what_models_put_around_it(wrapping):
    said = wrapping.replace("@", json.dumps(GOOD))

    assert read_answer(said, MATERIAL, "fr").region == "IE"


def test_everything_may_be_empty():
    nothing = {"region": "", "language": "", "genres": [], "tags": [], **EMPTY}
    said = {**nothing, "translations": {"language": "fr", **EMPTY}}

    answer = read_answer(json.dumps(said), MATERIAL, "fr")

    assert (answer.region, answer.genres, answer.texts) == ("", (), EMPTY)


def test_a_word_for_nothing_is_nothing():
    said = {**GOOD, "region": "N/A", "tags": ["Unknown", "fiddle"], "scene": "Not specified."}

    answer = read_answer(json.dumps(said), MATERIAL, "fr")

    assert (answer.region, answer.tags, answer.texts["scene"]) == ("", ("fiddle",), "")


def test_codes_are_taken_in_any_case():
    answer = read_answer(json.dumps({**GOOD, "region": "ie", "language": "GA"}), MATERIAL, "fr")

    assert (answer.region, answer.language) == ("IE", "ga")


@pytest.mark.parametrize("region", ["Ireland", "UK", "IRL", "XX", "IE, GB"])
def test_a_region_that_is_no_code_is_named(region):
    assert f"region: '{region}' is no code" in faults(region=region)


@pytest.mark.parametrize("language", ["Irish", "eng", "pt-BR", "xx", "mul"])
def test_a_language_that_is_no_code_is_named(language):
    assert f"language: '{language}' is no code" in faults(language=language)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"genres": "jig"}, "genres: must be a list"),
        ({"genres": [["jig"]]}, "genres: must be a list"),
        ({"tags": ["x" * 101]}, "tags: 'xxx"),
        ({"tags": [str(i) for i in range(31)]}, "tags: 31 items"),
        ({"scene": None}, "scene: must be a text"),
        ({"scene": "a\x1b[2J"}, "scene: holds control"),
        ({"scene": "\ud800"}, "scene: holds control"),
        ({"analysis": "x" * 4001}, "analysis: longer"),
        ({"translations": []}, "translations: must be an object"),
        ({"mood": "merry"}, "mood: no field"),
    ],
)
def test_what_breaks_the_schema_is_named(changed, named):
    assert named in faults(**changed)


def test_every_fault_is_named_at_once():
    said = faults(region="Ireland", genres="jig", scene=3)

    assert all(name in said for name in ("region:", "genres:", "scene:"))


@pytest.mark.parametrize("said", ["", "I cannot help.", '{"region": "IE"', "[1]", "{" * 100_000])
def test_what_is_no_json_object_is_named(said):
    with pytest.raises(BadAnswerError):
        read_answer(said, MATERIAL, "fr")


def test_missing_fields_are_named():
    with pytest.raises(BadAnswerError, match=r"language, tags.*missing"):
        read_answer('{"region": "IE", "genres": []}', MATERIAL, "fr")


def test_a_year_that_no_source_names_is_named():
    said = faults(background="It was printed in 1850, again in 1907.")

    assert "background: 1907 stands nowhere" in said
    assert "1850" not in said


def test_artists_are_asked_for_only_where_the_record_names_none():
    assert "artists: no field" in faults(artists=["Mary O'Hara"])
    assert "artists: missing" in faults(NAMELESS)


def test_an_artist_must_stand_in_the_material():
    good = read_answer(json.dumps({**GOOD, "artists": ["mary o'hara"]}), NAMELESS, "fr")

    assert good.artists == ("mary o'hara",)
    assert "artists: 'Ed Reavy' stands nowhere" in faults(NAMELESS, artists=["Ed Reavy"])


def test_translations_are_in_the_language_that_was_asked_for():
    assert "language: must be 'de', not 'fr'" in faults(into="de")


def test_a_text_and_its_translation_are_there_together():
    lacking = {**GOOD["translations"], "analysis": ""}
    added = {**GOOD["translations"], "scene": "Une noce."}
    same = {**GOOD["translations"], "analysis": GOOD["analysis"]}

    assert "translations.analysis: empty if" in faults(translations=lacking)
    assert "translations.scene: empty if" in faults(translations=added)
    assert "not translated" in faults(translations=same)


def test_without_a_language_there_are_no_translations():
    answer = read_answer(json.dumps({**GOOD, "translations": {}}), MATERIAL, "")

    assert answer.translations == {}
    assert "must be an empty object" in faults(into="")
