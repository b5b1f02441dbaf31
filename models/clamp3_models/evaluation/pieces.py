"""The pieces that a model is measured on: texts and music of records, read once.

What cannot be read is left out of the figures that need it, and named.
"""

import base64
import random
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from clamp3_models.evaluation.variants import rest_of
from clamp3_models.training.records import Record, read_records
from clamp3_models.training.texts import Fact, facts_of, full_text
from clamp3_plugin.errors import Clamp3Error, EmptyContentError
from clamp3_plugin.readers.content import Written
from clamp3_plugin.readers.performance import read_midi
from clamp3_plugin.readers.registry import read_written
from clamp3_plugin.readers.score import Score, score_from_standard_abc

SHIPPED_CLASSES = frozenset({"open", "permission"})
"""Licence classes of music that the shipped weights may learn from."""


FREE_TEXTS = ("background", "analysis", "description", "scene")


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece to measure with; music is empty where there is none of its kind."""

    id: str
    source: str
    licence_class: str
    facts: tuple[Fact, ...] = field(repr=False)
    concepts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Links into a table of translations: category and concept."""
    score: str = field(default="", repr=False)
    """Interleaved ABC."""
    performance: str = field(default="", repr=False)
    """MTF of a MIDI file made from the score."""
    recording: str = field(default="", repr=False)
    """MTF of a MIDI file that somebody made or played."""
    passage: str = field(default="", repr=False)
    """Some bars of the score."""
    rest: str = field(default="", repr=False)
    """The score without these bars."""
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Free texts by the name of their field."""
    translations: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The same in another language, which stands under ``language``."""

    @property
    def text(self) -> str:
        """What is true of the piece, a line each: the query text of evaluations."""
        return full_text(self.facts).text


@dataclass(frozen=True, slots=True)
class Pieces:
    """What was read, and what could not be."""

    members: tuple[Piece, ...]
    unread: tuple[str, ...]
    """``id: what: why``, one an entry."""


def records_in(folder: Path) -> Iterator[Record]:
    """Read all records of a folder: ``*.jsonl`` and ``*.jsonl.zst``, with every table of MIDI files.

    Raises
    ------
    EmptyContentError
        There are none.
    """
    files = sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.zst")])
    if not files:
        raise EmptyContentError(f"There is no .jsonl or .jsonl.zst in {folder}.")
    return read_records(files, sorted(folder.glob("*.parquet")))


def read_pieces(records: Iterable[Record], *, seed: int = 0) -> Pieces:
    """Read the music of records.

    Parameters
    ----------
    records
        As ``training.records`` gives them.
    seed
        Decides with the id which passage of a piece is asked for.
    """
    unread: list[str] = []
    members = tuple(_piece(record, seed, unread) for record in records)
    return Pieces(members, tuple(unread))


def _piece(record: Record, seed: int, unread: list[str]) -> Piece:
    fields = record.fields
    score: Score | None = None
    music = {"performance": "", "recording": ""}
    for name, content in _contents(record, unread):
        if isinstance(content, Score):
            score = score or content
        else:
            music[name] = music[name] or content.whole()
    passage, rest = _passage(score, f"{seed} {record.id}") if score else ("", "")
    return Piece(
        id=record.id,
        source=record.source,
        licence_class=str(fields.get("licence_class") or ""),
        facts=tuple(facts_of(fields)),
        concepts=tuple((str(c), str(name)) for c, name in fields.get("concepts") or ()),
        score=score.whole() if score else "",
        performance=music["performance"],
        recording=music["recording"],
        passage=passage,
        rest=rest,
        texts={name: str(fields[name]) for name in FREE_TEXTS if fields.get(name)},
        translations=_translations(fields.get("translations")),
    )


def _translations(value: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items() if v} if isinstance(value, Mapping) else {}


def _contents(record: Record, unread: list[str]) -> Iterator[tuple[str, Written]]:
    attempts: list[tuple[str, Callable[[], Iterable[Written]]]] = [
        ("score", lambda: _score(record.fields.get("abc"))),
        ("performance", lambda: read_midi(record.midi) if record.midi else []),
        ("recording", lambda: _recording(record.fields.get("midi_b64"))),
    ]
    names = record.fields.get("filepaths") or []
    attempts += [("recording", partial(read_written, record.folder / name)) for name in names]
    for what, attempt in attempts:
        try:
            yield from ((what, content) for content in attempt())
        except (Clamp3Error, ValueError) as error:
            unread.append(f"{record.id}: {what}: {error}")


def _score(abc: str | None) -> Iterable[Written]:
    return [score_from_standard_abc(abc)] if abc else []


def _recording(encoded: str | None) -> Iterable[Written]:
    return read_midi(base64.b64decode(encoded, validate=True)) if encoded else []


def _passage(score: Score, key: str) -> tuple[str, str]:
    """Choose a passage, the same one every time; none where the piece is one stretch."""
    windows = score.passages()
    if len(windows) < 2:
        return "", ""
    chosen = random.Random(zlib.crc32(key.encode())).choice(windows)  # noqa: S311 - no secret
    return score.excerpt(chosen), rest_of(score, chosen)
