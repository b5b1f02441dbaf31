"""What a text can say of a piece: facts, and texts that state some of them in some language.

A *fact* is one statement about a piece ("dance_type: jig"). A text states a set of facts, and it is
true of every piece that has them all; training must not call such a piece a wrong answer. Facts that
the tag vocabulary knows are said in any of its languages.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

QUERY_FIELDS = (
    "artists", "region", "language", "genres", "tags", "key", "key_signature", "metre", "tempo",
    "period", "date", "instrumentation", "dance_type", "mood",
)  # fmt: skip
"""Fields that make the query text of a piece in evaluations."""

_PHRASE_FIELDS = frozenset(QUERY_FIELDS) - {"artists", "language", "tags", "tempo", "date"}
"""Fields that short questions ask about."""
_ENGLISH_SHARE = 0.3
_MAX_PHRASE = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement about a piece."""

    field: str
    value: str
    concept: str = ""
    """Tag of the vocabulary that means the same, if any."""

    @property
    def identity(self) -> str:
        """The same for facts that say the same."""
        return self.concept or f"{self.field}={self.value.lower()}"


@dataclass(frozen=True, slots=True)
class Text:
    """A text and the facts (by identity) that it states."""

    text: str
    facts: frozenset[str]


def facts_of(fields: Mapping[str, Any]) -> list[Fact]:
    """List what the query fields of a record state, in their order."""
    aliases = _aliases()
    facts = []
    for field in QUERY_FIELDS:
        value = fields.get(field)
        for item in value if isinstance(value, list) else [value]:
            text = str(item or "").strip()
            if text:
                facts.append(Fact(field, text, aliases.get(field, {}).get(text.lower(), "")))
    return facts


def full_text(facts: Sequence[Fact]) -> Text:
    """State everything, a line each, as the source has it: the query text of evaluations."""
    return Text(_lines([fact.value for fact in facts]), _identities(facts))


def full_text_in(facts: Sequence[Fact], language: str) -> Text:
    """State everything in a language, as far as the vocabulary knows it."""
    return Text(_lines([say(fact, language) for fact in facts]), _identities(facts))


def texts_of(
    facts: Sequence[Fact], choose: random.Random, *, translated: int, partial: int, phrases: int
) -> list[Text]:
    """Make texts of a piece: the full one, in other languages too, partial ones and short phrases.

    Parameters
    ----------
    facts
        What is known of the piece; not empty.
    choose
        Source of randomness.
    translated, partial, phrases
        How many texts of each kind beside the full one.
    """
    texts = [full_text(facts)]
    others = choose.sample(languages()[1:], translated)
    texts += [full_text_in(facts, language) for language in others]
    for _ in range(partial):
        kept = [fact for fact in facts if choose.random() < 0.5] or list(facts)
        choose.shuffle(kept)
        language = "en" if choose.random() < 0.5 else choose.choice(languages())
        texts.append(Text(_lines([say(fact, language) for fact in kept]), _identities(kept)))
    askable = [fact for fact in facts if fact.field in _PHRASE_FIELDS]
    spoken = [fact for fact in facts if fact.concept]
    for _ in range(phrases if askable else 0):
        english = choose.random() < _ENGLISH_SHARE or not spoken
        pool = askable if english else spoken
        kept = choose.sample(pool, min(len(pool), choose.randint(1, _MAX_PHRASE)))
        language = "en" if english else choose.choice(languages())
        separator = choose.choice((" ", ", "))
        phrase = separator.join(dict.fromkeys(say(fact, language) for fact in kept))
        texts.append(Text(phrase, _identities(kept)))
    return texts


def say(fact: Fact, language: str) -> str:
    """Say a fact in a language where the vocabulary knows it, else as the source does."""
    label = labels().get(fact.concept, {}).get(language)
    return label or fact.value


@cache
def languages() -> tuple[str, ...]:
    """Codes of the languages of the vocabulary."""
    return tuple(_vocabulary()["languages"])


def _lines(values: Sequence[str]) -> str:
    return "\n".join(dict.fromkeys(values))


def _identities(facts: Sequence[Fact]) -> frozenset[str]:
    return frozenset(fact.identity for fact in facts)


@cache
def _vocabulary() -> dict[str, Any]:
    text = resources.files("clamp3_plugin").joinpath("vocabulary.json").read_text("utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


@cache
def labels() -> dict[str, dict[str, str]]:
    """Labels of every concept of the vocabulary: tag to language to words."""
    return {concept["tag"]: concept["labels"] for concept in _vocabulary()["concepts"]}


@cache
def _aliases() -> dict[str, dict[str, str]]:
    text = resources.files("clamp3_models").joinpath("training_aliases.json").read_text("utf-8")
    aliases: dict[str, dict[str, str]] = json.loads(text)["fields"]
    return aliases
