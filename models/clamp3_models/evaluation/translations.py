"""Facts of a piece said in other languages, by tables of translations."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clamp3_models.training.texts import Fact, labels
from clamp3_plugin.errors import BrokenFileError, MissingFileError

_CATEGORIES = {
    "region": ("region",),
    "language": ("language",),
    "genres": ("genre", "form", "dance"),
    "tags": ("genre", "form", "dance", "mood", "instrument", "region"),
    "key": ("key",),
    "instrumentation": ("instrument",),
    "dance_type": ("dance", "form"),
    "mood": ("mood", "mood_keywords"),
    "period": ("genre", "musical_term"),
}
"""Categories of a table of translations in which the value of a field may stand."""


class Translations(Protocol):
    """Says facts in languages."""

    @property
    def name(self) -> str:
        """Of the table, for people."""

    def say(self, fact: Fact, language: str) -> str | None:
        """Say a fact; None where the language has no word for it here."""


@dataclass(frozen=True)
class ShippedVocabulary:
    """The vocabulary of the package, whose words the model may have been trained with."""

    name: str = "shipped vocabulary"

    def say(self, fact: Fact, language: str) -> str | None:
        """Say a fact by its concept."""
        return labels().get(fact.concept, {}).get(language)


@dataclass(frozen=True)
class TableOfConcepts:
    """Labels of concepts by category, from other hands: ``vocab_multilingual.json``."""

    by_concept: Mapping[tuple[str, str], Mapping[str, str]]
    name: str = "independent table"

    @classmethod
    def read(cls, path: Path) -> "TableOfConcepts":
        """Read a table; of several labels in a language the first one counts.

        Raises
        ------
        MissingFileError, BrokenFileError
            It is not there, or no such table.
        """
        try:
            concepts = json.loads(path.read_text("utf-8"))["concepts"]
            table = {
                (entry["category"], entry["concept"].lower()): {
                    language: found[0][0] for language, found in entry["labels"].items() if found
                }
                for entry in concepts
            }
        except OSError as error:
            raise MissingFileError(f"{path} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise BrokenFileError(f"{path} is no table of concepts and labels.") from error
        return cls(table)

    def say(self, fact: Fact, language: str) -> str | None:
        """Say a fact by its words, or by the English label of its concept."""
        english = labels().get(fact.concept, {}).get("en", fact.value)
        for category in _CATEGORIES.get(fact.field, ()):
            for word in (fact.value, english):
                found = self.by_concept.get((category, word.lower()), {}).get(language)
                if found:
                    return found
        return None


def told(facts: Sequence[Fact], language: str, translations: Translations) -> str:
    """State facts in a language, what it has no word for as the source has it."""
    return "\n".join(
        dict.fromkeys(translations.say(fact, language) or fact.value for fact in facts)
    )


def sayable(facts: Sequence[Fact], language: str, translations: Translations) -> list[Fact]:
    """List the facts that can be said in a language."""
    return [fact for fact in facts if translations.say(fact, language)]
