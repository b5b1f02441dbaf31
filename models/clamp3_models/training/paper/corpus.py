"""The records of a recipe: those that can be used, and which of them are kept for evaluation."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clamp3_models.training.paper.recipe import DataFiles
from clamp3_models.training.records import Record, read_records
from clamp3_plugin.errors import EmptyContentError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Records to train and to evaluate with; no family stands on both sides."""

    training: list[Record]
    evaluation: list[Record]


def read_corpus(
    data: DataFiles, folder: Path, is_usable: Callable[[Record], bool], seed: int
) -> Corpus:
    """Read the records that can be used.

    Raises
    ------
    MissingFileError, BrokenFileError
        A file is not there, or a line is no record.
    EmptyContentError
        There is nothing to train or to evaluate with.
    """
    training = _read(data.train, data, folder, is_usable)
    evaluation = _read(data.evaluate, data, folder, is_usable)
    if not data.evaluate:
        training, evaluation = _split(training, data.evaluate_share, seed)
    for records, files in ((training, data.train), (evaluation, data.evaluate or data.train)):
        if not records:
            raise EmptyContentError(
                f"Too few records of {', '.join(files)} can be used.",
                "A record needs filepaths with music of the kind that is trained, and a text.",
            )
    return Corpus(training, evaluation)


def _read(
    names: tuple[str, ...], data: DataFiles, folder: Path, is_usable: Callable[[Record], bool]
) -> list[Record]:
    paths, tables = ([folder / name for name in part] for part in (names, data.midi_tables))
    records, others = [], 0
    for record in read_records(paths, tables) if paths else ():
        if is_usable(record):
            records.append(record)
        else:
            others += 1
    if others:
        _log.info("%d records of %s are of no use here", others, ", ".join(names))
    return records


def _split(records: list[Record], share: float, seed: int) -> tuple[list[Record], list[Record]]:
    """Keep whole families for evaluation, until the share is reached."""
    families = sorted({record.family for record in records})
    sizes = dict.fromkeys(families, 0)
    for record in records:
        sizes[record.family] += 1
    kept: set[str] = set()
    wanted = share * len(records)
    for i in np.random.default_rng(seed).permutation(len(families)).tolist():
        if sum(sizes[family] for family in kept) >= wanted:
            break
        kept.add(families[i])
    return (
        [record for record in records if record.family not in kept],
        [record for record in records if record.family in kept],
    )
