"""Answers: the fields of the paper's Table 1 as a language model gives them, checked one by one.

What breaks the schema is named in words that the model can mend it by. Honesty is checked as far as a
program can: a year, or the name of an artist, must stand in the material.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from clamp3_models.metadata.codes import languages, regions
from clamp3_models.metadata.material import Material, years

TEXTS = ("background", "analysis", "description", "scene")
LISTS = ("genres", "tags")
MOST_TEXT = 4_000
MOST_ITEMS = 30
MOST_ITEM = 100
_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)
_NOTHING = frozenset({
    "unknown", "n/a", "na", "none", "null", "not known", "not specified", "unspecified",
    "not available", "not stated",
})  # fmt: skip
"""What models write where they should write nothing."""
_JsonObject = dict[str, object]


class BadAnswerError(Exception):
    """The answer breaks the schema; the faults say how, one by one."""

    def __init__(self, *faults: str) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Answer:
    """A sound answer. What is unknown is empty."""

    artists: tuple[str, ...]
    """Only where the record names none."""
    region: str
    language: str
    genres: tuple[str, ...]
    tags: tuple[str, ...]
    texts: Mapping[str, str]
    translations: Mapping[str, str]
    """With ``language``; empty where no translation was asked for."""


def wanted_fields(material: Material) -> tuple[str, ...]:
    """Name the fields that an answer must have."""
    artists = () if material.artists else ("artists",)
    return (*artists, "region", "language", *LISTS, *TEXTS, "translations")


def read_answer(text: str, material: Material, language: str) -> Answer:
    """Read and check an answer.

    Parameters
    ----------
    text
        What the model wrote: a JSON object, be it in a code fence or behind its thoughts.
    material
        What it was written from.
    language
        Code of the language of the translations; empty for none.

    Raises
    ------
    BadAnswerError
        It breaks the schema.
    """
    fields = _object(text)
    check = _Check()
    check.names(fields, wanted_fields(material))
    answer = Answer(
        artists=() if material.artists else check.items(fields, "artists"),
        region=check.code(fields, "region", regions(), "ISO 3166-1 alpha-2, such as IE"),
        language=check.code(fields, "language", languages(), "ISO 639-1 or 639-3, such as ga"),
        genres=check.items(fields, "genres"),
        tags=check.items(fields, "tags"),
        texts={name: check.text(fields, name) for name in TEXTS},
        translations=check.translations(fields.get("translations"), language),
    )
    if not check.faults:
        check.grounds(answer, material)
        check.counterparts(answer)
    if check.faults:
        raise BadAnswerError(*check.faults)
    return answer


def _object(text: str) -> _JsonObject:
    """Find the JSON object in an answer."""
    said = _THOUGHTS.sub("", text)
    start = said.find("{")
    if start < 0:
        raise BadAnswerError("It holds no JSON object.")
    try:
        value, _ = json.JSONDecoder().raw_decode(said, start)
    except (ValueError, RecursionError) as error:
        raise BadAnswerError(f"It is no valid JSON: {error}.") from error
    if not isinstance(value, dict):
        raise BadAnswerError("It is no JSON object.")
    return value


class _Check:
    """Takes fields out of an answer and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def names(self, fields: _JsonObject, wanted: tuple[str, ...], where: str = "") -> None:
        missing = [name for name in wanted if name not in fields]
        unknown = [name for name in fields if name not in wanted]
        if missing:
            self.faults.append(f"{where}{', '.join(missing)}: missing.")
        if unknown:
            self.faults.append(f"{where}{', '.join(unknown)[:200]}: no field of the schema.")

    def text(self, fields: _JsonObject, name: str, where: str = "") -> str:
        value = fields.get(name, "")
        if not isinstance(value, str):
            self.faults.append(f"{where}{name}: must be a text, empty where nothing is known.")
            return ""
        text = value.strip()
        if len(text) > MOST_TEXT:
            self.faults.append(f"{where}{name}: longer than {MOST_TEXT} characters.")
        elif not _is_sound(text):
            self.faults.append(f"{where}{name}: holds control characters or half a character.")
        return "" if text.rstrip(".").casefold() in _NOTHING else text

    def items(self, fields: _JsonObject, name: str) -> tuple[str, ...]:
        value = fields.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.faults.append(f"{name}: must be a list of texts, empty where nothing is known.")
            return ()
        items = tuple(dict.fromkeys(item.strip() for item in value))
        if len(items) > MOST_ITEMS:
            self.faults.append(f"{name}: {len(items)} items, at most {MOST_ITEMS}.")
        for item in items:
            if len(item) > MOST_ITEM or "\n" in item or not _is_sound(item):
                self.faults.append(f"{name}: {item[:40]!r} is no short text of one line.")
        return tuple(item for item in items if item and item.casefold() not in _NOTHING)

    def code(self, fields: _JsonObject, name: str, known: frozenset[str], what: str) -> str:
        said = self.text(fields, name)
        code = said.upper() if name == "region" else said.lower()
        if not code or code in known:
            return code
        self.faults.append(f"{name}: {said[:40]!r} is no code of {what}; empty where unknown.")
        return ""

    def translations(self, value: object, language: str) -> Mapping[str, str]:
        if not isinstance(value, dict):
            self.faults.append("translations: must be an object.")
            return {}
        if not language:
            if value:
                self.faults.append("translations: must be an empty object, {}.")
            return {}
        where = "translations."
        self.names(value, ("language", *TEXTS), where)
        said = self.text(value, "language", where).lower()
        if said != language:
            self.faults.append(f"{where}language: must be {language!r}, not {said[:40]!r}.")
        return {"language": language, **{name: self.text(value, name, where) for name in TEXTS}}

    def grounds(self, answer: Answer, material: Material) -> None:
        """Find years and artists that the material does not name."""
        known = material.years()
        for name, text in answer.texts.items():
            if made_up := sorted(years(text) - known):
                self.faults.append(
                    f"{name}: {', '.join(map(str, made_up))} stands nowhere in the material."
                )
        self.faults += [
            f"artists: {name!r} stands nowhere in the material."
            for name in answer.artists
            if not material.says(name)
        ]

    def counterparts(self, answer: Answer) -> None:
        """Find texts without translation, and translations without text."""
        for name in TEXTS if answer.translations else ():
            text, translation = answer.texts[name], answer.translations[name]
            if bool(text) != bool(translation):
                self.faults.append(f"translations.{name}: empty if, and only if, {name} is.")
            elif text and text == translation and answer.translations["language"] != "en":
                self.faults.append(f"translations.{name}: is {name} again, not translated.")


def _is_sound(text: str) -> bool:
    return not any(
        (ord(c) < 32 and c not in "\n\t") or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000
        for c in text
    )
