import random

from clamp3_models.training.texts import facts_of, full_text, languages, say, texts_of

chance = random.Random
FIELDS = {
    "dance_type": "jig",
    "region": "Ireland",
    "key": "G major",
    "tags": ["session tune"],
    "mood": "",
}


def test_facts_are_what_the_fields_state_and_know_their_concept():
    facts = facts_of(FIELDS)

    assert [(fact.field, fact.value) for fact in facts] == [
        ("region", "Ireland"), ("tags", "session tune"), ("key", "G major"), ("dance_type", "jig"),
    ]  # fmt: skip
    assert [fact.concept for fact in facts] == ["ireland", "", "", "jig"]


def test_the_full_text_states_everything_a_line_each():
    text = full_text(facts_of(FIELDS))

    assert text.text == "Ireland\nsession tune\nG major\njig"
    assert text.facts == {"ireland", "tags=session tune", "key=g major", "jig"}


def test_a_fact_is_said_in_the_language_asked_for_or_as_the_source_says_it():
    jig, key = facts_of(FIELDS)[3], facts_of(FIELDS)[2]

    assert say(jig, "ko") == "지그"
    assert say(key, "ko") == "G major"


def test_every_text_of_a_piece_states_only_what_is_true_of_it():
    facts = facts_of(FIELDS)
    true = full_text(facts).facts

    for seed in range(30):
        for text in texts_of(facts, chance(seed), translated=2, partial=2, phrases=4):
            assert text.facts
            assert text.facts <= true


def test_a_translated_text_states_everything_in_another_language():
    facts = facts_of(FIELDS)

    said = {
        text.text
        for seed in range(400)
        for text in texts_of(facts, chance(seed), translated=2, partial=0, phrases=0)[1:]
    }

    assert "아일랜드\nsession tune\nG major\n지그" in said
    assert all(text.count("\n") == 3 for text in said)


def test_phrases_come_in_many_languages():
    facts = facts_of({"dance_type": "waltz"})

    said = {
        t.text
        for seed in range(200)
        for t in texts_of(facts, chance(seed), translated=0, partial=0, phrases=2)
    }

    assert len(said) > len(languages()) / 2
