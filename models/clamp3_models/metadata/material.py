"""Material: what is known of a piece before anything is written, read from JSON lines.

A record brings a ``title``, ``artists`` and what was retrieved about it: ``retrieved`` or
``sources``, each a text or a list of texts, or a file of its own in a folder of texts. Nothing is
looked up here. A record can name no file itself, for its text goes to a server that may not be ours.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from clamp3_plugin.errors import MissingFileError

RETRIEVED = ("retrieved", "sources")
"""Fields of a record that hold retrieved text; they are not passed on."""
FACTS = (
    "alt_titles", "region", "language", "genres", "tags", "background", "analysis", "description",
    "scene", "key", "key_signature", "metre", "tempo", "period", "date", "instrumentation",
    "dance_type", "mood",
)  # fmt: skip
"""Fields of a record that state something of the piece."""
MOST_CHARACTERS = 12_000
"""Of retrieved text that is sent for a piece, about 3,000 tokens of English."""
_SUFFIXES = (".txt", ".md")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_SPAN = re.compile(r"(?<!\d)(\d\d)\d\d\s*[-–—/]\s*(\d\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class Material:
    """What is known of one piece."""

    id: str
    title: str
    """Empty where the piece has none."""
    artists: tuple[str, ...]
    facts: Mapping[str, str | list[str]]
    """What the record itself states, by field."""
    sources: tuple[str, ...]
    """Retrieved texts, already cut to what is sent."""
    fields: Mapping[str, Any] = field(repr=False)
    """The record as it came."""

    def says(self, words: str) -> bool:
        """Tell whether some words stand in it, in any case."""
        return " ".join(words.casefold().split()) in " ".join(self._all().casefold().split())

    def years(self) -> set[int]:
        """Numbers of four digits that stand in it; of ``1810-49`` both.

        Examples
        --------
        >>> sorted(Material("1", "Op. 5", (), {"date": "1810-49"}, ("In 1790s Vienna",), {}).years())
        [1790, 1810, 1849]
        """
        text = self._all()
        return years(text) | {int(a + b) for a, b in _SPAN.findall(text)}

    def _all(self) -> str:
        facts = [
            text
            for value in self.facts.values()
            for text in (value if isinstance(value, list) else [value])
        ]
        return "\n".join((self.title, *self.artists, *facts, *self.sources))


@dataclass(frozen=True, slots=True)
class Unfit:
    """A line from which nothing can be written, and why."""

    id: str
    reason: str
    message: str


def years(text: str) -> set[int]:
    """List the numbers of four digits in a text, whatever digits they are written with."""
    return {int(year) for year in _YEAR.findall(text)}


def read_material(path: Path, texts: Path | None = None) -> Iterator[Material | Unfit]:
    """Read records from a JSONL file, plain or ``.zst``; a line that cannot serve is named.

    Parameters
    ----------
    path
        Records.
    texts
        Folder in which ``ID.txt`` or ``ID.md`` holds more retrieved text.

    Raises
    ------
    MissingFileError
        The file is not there.
    """
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _material(line, number, texts)


def count_lines(path: Path) -> int:
    """Count the lines of a JSONL file, plain or ``.zst``."""
    with _opened(path) as file:
        return sum(1 for line in file if line.strip())


def _material(line: bytes, number: int, texts: Path | None) -> Material | Unfit:
    where = f"line {number}"
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Unfit(where, "broken_line", f"it is no JSON: {error}.")
    if not isinstance(fields, dict) or not _texts(fields.get("id")):
        return Unfit(where, "no_id", "it is no JSON object with an id.")
    key = str(fields["id"])
    title = " ".join(_texts(fields.get("title")))
    facts = {name: value for name in FACTS if (value := _fact(fields.get(name)))}
    sources = [text for name in RETRIEVED for text in _texts(fields.get(name))]
    sources += _files(key, texts)
    if not sources and not facts:
        hint = "bring text in the field retrieved, or in a file with --texts."
        return Unfit(key, "no_text", f"nothing is known of it but its name; {hint}")
    artists = tuple(_texts(fields.get("artists")))
    return Material(key, title, artists, facts, _cut(sources), fields)


def _fact(value: object) -> str | list[str]:
    texts = _texts(value)
    return texts if isinstance(value, list) else "".join(texts)


def _texts(value: object) -> list[str]:
    """List the texts in a value: itself or its items, without empty ones."""
    items = value if isinstance(value, list) else [value]
    return [
        text
        for item in items
        if isinstance(item, str | int)
        and not isinstance(item, bool)
        and (text := str(item).strip())
    ]


def _files(key: str, folder: Path | None) -> list[str]:
    """Read what the folder of texts has of a piece; an id cannot lead out of the folder."""
    if folder is None or "\0" in key:
        return []
    root = folder.resolve()
    found = []
    for suffix in _SUFFIXES:
        path = (root / f"{key}{suffix}").resolve()
        if path.is_relative_to(root) and path.is_file():
            found.append(path.read_text("utf-8", errors="replace").strip())
    return [text for text in found if text]


def _cut(sources: Sequence[str]) -> tuple[str, ...]:
    """Share what may be sent among the texts: short ones whole, long ones cut alike."""
    left = MOST_CHARACTERS
    shares = dict.fromkeys(range(len(sources)), 0)
    for done, index in enumerate(sorted(shares, key=lambda i: len(sources[i]))):
        shares[index] = min(len(sources[index]), left // (len(sources) - done))
        left -= shares[index]
    return tuple(text[: shares[i]] for i, text in enumerate(sources) if shares[i])


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if not path.is_file():
        raise MissingFileError(f"{path} is not there.")
    if path.suffix == ".zst":
        import io  # noqa: PLC0415 - with the next one

        import zstandard  # noqa: PLC0415 - in the extra `train`; plain JSONL goes without

        with zstandard.open(path, "rb") as file, io.BufferedReader(file) as lines:
            yield lines
    else:
        with path.open("rb") as file:
            yield file
