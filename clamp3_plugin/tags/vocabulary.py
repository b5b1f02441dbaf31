"""The concepts that music can be tagged with, and their labels in every language."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

_SEPARATOR = re.compile(r"[\s,;/،、，；]+")
_ASIDE = re.compile(r"\s*[(（][^)）]*[)）]")
"""What tells two labels apart on paper, as in ``bass (voice)``; nobody types it."""
_OTHER_CODES = {"no": "nb", "nn": "nb", "iw": "he", "in": "id"}
"""Codes of a language that the vocabulary has under another: older ones, and Norwegian's."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One tag with its labels by language code."""

    tag: str
    category: str
    labels: dict[str, str]
    prompts: tuple[str, ...] = ()
    """English descriptions that help the encoder; not shown."""

    def texts(self, language: str) -> list[str]:
        """Give what is encoded for a language, the English label where it has none."""
        label = self.labels.get(language, self.labels["en"])
        return [label, *(self.prompts if language == "en" else ())]


@dataclass(frozen=True)
class Vocabulary:
    """The concepts that can be tagged."""

    concepts: tuple[Concept, ...]
    languages: tuple[str, ...]
    digest: str
    """Changes with every change of the vocabulary."""

    @classmethod
    def load(cls) -> "Vocabulary":
        """Read the vocabulary that ships."""
        return cls.parse(resources.files("clamp3_plugin").joinpath("vocabulary.json").read_bytes())

    @classmethod
    def parse(cls, data: bytes) -> "Vocabulary":
        """Read a vocabulary from JSON."""
        table = json.loads(data)
        concepts = tuple(
            Concept(row["tag"], row["category"], row["labels"], tuple(row.get("prompts", ())))
            for row in table["concepts"]
        )
        digest = hashlib.sha256(data).hexdigest()
        return cls(concepts, tuple(table["languages"]), digest)

    def known(self, languages: Sequence[str]) -> list[str]:
        """Keep the languages that there are labels in, without region; English where none is left.

        Examples
        --------
        >>> Vocabulary((), ("en", "ko"), "").known(["ko-KR", "xx", "ko"])
        ['ko']
        >>> Vocabulary((), ("en", "nb"), "").known(["no", "nn-NO"])
        ['nb']
        """
        asked = [language.replace("_", "-").partition("-")[0].lower() for language in languages]
        codes = [_OTHER_CODES.get(code, code) for code in asked]
        return list(dict.fromkeys(code for code in codes if code in self.languages)) or ["en"]

    def in_english(self, text: str) -> str | None:
        """Say in English a text that is made of nothing but labels of the vocabulary, in any language.

        None where there is anything else in it. Upper and lower case are alike, and commas, spaces and
        line breaks separate.

        Examples
        --------
        >>> jig = Concept("jig", "dance", {"en": "jig", "ko": "지그"})
        >>> slow = Concept("sad", "mood", {"en": "sad", "ko": "슬픈"})
        >>> Vocabulary((jig, slow), ("en", "ko"), "").in_english("슬픈 지그")
        'sad jig'
        """
        words = [word for word in _SEPARATOR.split(text.casefold()) if word]
        english: list[str] = []
        while words:
            taken = min(len(words), self._longest)
            while taken and " ".join(words[:taken]) not in self._english:
                taken -= 1
            if not taken:
                return None
            english.append(self._english[" ".join(words[:taken])])
            words = words[taken:]
        return " ".join(english) or None

    @cached_property
    def _english(self) -> dict[str, str]:
        """English label of every label, by its words; English itself is never taken for another."""
        table: dict[str, str] = {}
        for language in ("en", *self.languages):
            for concept in self.concepts:
                label = concept.labels.get(language, "").casefold()
                for spelling in (label, _ASIDE.sub("", label)):
                    words = " ".join(word for word in _SEPARATOR.split(spelling) if word)
                    table.setdefault(words, concept.labels["en"])
        return table

    @cached_property
    def _longest(self) -> int:
        return max(len(label.split()) for label in self._english)
