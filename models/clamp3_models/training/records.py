"""Training records: JSON lines in the M4-RAG layout, one piece a line.

Text fields are those of the paper (title, artists, region, language, genres, tags, background,
analysis, description, scene, translations) and any of ours (key, metre, tempo, period, date,
instrumentation, dance_type, mood). The music is named by ``filepaths``, relative to the JSONL's
folder, or written into the line: ``abc`` (standard ABC) and ``midi_b64``. MIDI files made from
scores may stand in a Parquet table of ``id`` and ``midi`` beside it.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clamp3_plugin.errors import BrokenFileError, Clamp3Error, MissingFileError
from clamp3_plugin.readers.content import Written
from clamp3_plugin.readers.performance import read_midi
from clamp3_plugin.readers.registry import read_written
from clamp3_plugin.readers.score import score_from_standard_abc


@dataclass(frozen=True, slots=True)
class Record:
    """One piece to train or evaluate with: its text fields, and where its music is."""

    id: str
    family: str
    """Pieces that share a melody or a work; a family never stands on both sides of a split."""
    source: str
    """Collection it comes from."""
    fields: dict[str, Any] = field(repr=False)
    folder: Path = field(repr=False)
    midi: bytes | None = field(default=None, repr=False)
    """A MIDI file made from the score, where there is one."""

    def contents(self) -> list[Written]:
        """Read the music in all the forms there are; forms that cannot be read are left out."""
        found: list[Written] = []
        for read_one in (self._score, self._performance, self._files):
            try:
                found += read_one()
            except Clamp3Error:
                continue
        return found

    def _score(self) -> Sequence[Written]:
        abc = self.fields.get("abc")
        return [score_from_standard_abc(abc)] if abc else []

    def _performance(self) -> Sequence[Written]:
        if self.midi is not None:
            return read_midi(self.midi)
        try:
            encoded = self.fields.get("midi_b64") or ""
            return read_midi(base64.b64decode(encoded, validate=True)) if encoded else []
        except binascii.Error as error:
            raise BrokenFileError(f"{self.id}: midi_b64 is no base64.") from error

    def _files(self) -> Sequence[Written]:
        return [
            piece
            for name in self.fields.get("filepaths", [])
            for piece in read_written(self.folder / name)
        ]


def read_records(paths: Sequence[Path], midi_tables: Sequence[Path] = ()) -> Iterator[Record]:
    """Read records from JSONL files, plain or ``.zst``.

    Raises
    ------
    MissingFileError
        A file is not there.
    BrokenFileError
        A line is no JSON object with an ``id``.
    """
    midi = {key: value for table in midi_tables for key, value in _midi_table(table)}
    for path in paths:
        with closing(_lines(path)) as lines:
            for number, line in enumerate(lines, 1):
                yield _record(path, number, line, midi)


def _record(path: Path, number: int, line: str, midi: Mapping[str, bytes]) -> Record:
    try:
        fields = json.loads(line)
        key = str(fields["id"])
    except (ValueError, TypeError, KeyError) as error:
        message = f"{path}: line {number} is no JSON object with an id: {error}."
        raise BrokenFileError(message) from error
    return Record(
        id=key,
        family=str(fields.get("family") or key),
        source=str(fields.get("src", "")),
        fields=fields,
        folder=path.parent,
        midi=midi.get(key),
    )


def _lines(path: Path) -> Generator[str, None, None]:
    if not path.is_file():
        raise MissingFileError(f"{path} is not there.")
    if path.suffix == ".zst":
        import zstandard  # noqa: PLC0415 - in the extra `train`; plain JSONL goes without

        with zstandard.open(path, "rt", encoding="utf-8") as file:
            yield from file
    else:
        with path.open(encoding="utf-8") as file:
            yield from file


def _midi_table(path: Path) -> Iterator[tuple[str, bytes]]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - in the extra `train`

    if not path.is_file():
        raise MissingFileError(f"{path} is not there.")
    for batch in pq.ParquetFile(path).iter_batches(columns=["id", "midi"]):
        yield from zip(batch["id"].to_pylist(), batch["midi"].to_pylist(), strict=True)


def balanced(records: Iterable[Record], most: int) -> list[Record]:
    """Keep at most so many records of each source, the same ones every time.

    Large collections would otherwise speak for everybody; which records stay depends on their ids
    alone.
    """
    by_source: dict[str, list[Record]] = {}
    for record in records:
        by_source.setdefault(record.source, []).append(record)
    kept = []
    for members in by_source.values():
        members.sort(key=lambda record: zlib.crc32(record.id.encode()))
        kept += members[:most]
    return kept
