"""Asks the daemon what was asked by OSC: from a question to its answers."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from clamp3_bridges.daw_midi import is_midi, tidy
from clamp3_bridges.osc.answers import Answer, Begin, End, Result, Tag
from clamp3_bridges.osc.arguments import DEFAULT_N
from clamp3_bridges.osc.library_files import LibraryFiles
from clamp3_bridges.osc.queries import FindFile, FindMidi, FindText, Question, TagFile, TagText
from clamp3_plugin import wire
from clamp3_plugin.client import Client
from clamp3_plugin.errors import NoLibraryError
from clamp3_plugin.music import Passage
from clamp3_plugin.query import Query, Source

Tell = Callable[[float, str], None]
"""Hears how far a question came: a fraction and a word for what is being done."""

Ask = Callable[[Question, Tell], list[Answer]]
"""Answers a question, which takes its time; raises Clamp3Error."""

Connect = Callable[[Tell], Client]
"""Reaches the daemon, started if none runs."""


def make_ask(connect: Connect, inbox: Path) -> Ask:
    """Make what answers questions, from several threads at once."""
    files = LibraryFiles(inbox)

    def ask(question: Question, tell: Tell) -> list[Answer]:
        tell(0.1, "looking for the daemon")
        with connect(tell) as client:
            tell(0.2, "reading")
            source = _source(question, client, files)
            tell(0.5, "comparing")
            if isinstance(question, TagFile | TagText):
                return _tags(question, client, source)
            return _hits(question, client, source)

    return ask


def _source(question: Question, client: Client, files: LibraryFiles) -> Source:
    """Make of the question what the daemon is asked with."""
    match question:
        case FindText() | TagText():
            return Source(text=question.text)
        case FindMidi(is_take=True):
            return Source(data=question.data, name="played.take")
        case FindMidi():
            return Source(data=tidy(question.data, question.bpm or None), name="take.mid")
        case FindFile():
            end = question.start + question.length if question.length else None
            part = wire.passage(None, (question.start, end)) if question.start or end else None
            found = _file(question.path, client, files, part)
            if found.data is None or not is_midi(found.name):
                return found
            bpm, is_part = question.bpm or None, part is not None
            return replace(found, data=tidy(found.data, bpm, keep_silence=is_part))
        case TagFile():
            return _file(question.path, client, files, None)
        case _:
            assert_never(question)


def _file(path: str, client: Client, files: LibraryFiles, part: Passage | None) -> Source:
    name = os.path.basename(path)  # noqa: PTH119 - bytes of any kind
    return Source(data=files.read(client, path), name=name, passage=part)


def _hits(question: FindText | FindFile | FindMidi, client: Client, source: Source) -> list[Answer]:
    answer = client.find(Query((source,), n=question.n))
    if answer.reason == "library_empty":
        raise NoLibraryError("The library is empty.", "Fill it: clamp3 index FOLDER")
    results = [Result.of(question.id, rank, hit) for rank, hit in enumerate(answer.hits, 1)]
    return [Begin(question.id, len(results)), *results, End(question.id, len(results))]


def _tags(question: TagFile | TagText, client: Client, source: Source) -> list[Answer]:
    hits = client.tag(source, [question.language], DEFAULT_N)
    tags = [Tag.of(question.id, rank, hit) for rank, hit in enumerate(hits, 1)]
    return [Begin(question.id, len(tags)), *tags, End(question.id, len(tags))]
