"""The training set, made ready once: texts with their facts, and excerpts of music as patches.

Conventions: a bank is a folder with ``texts.json`` (what can be said of every piece) and ``music``
arrays (what can be heard of it), joined by the id of the piece. Making it twice from the same
records and seed gives the same bytes; a run maps it into memory.
"""

import json
import logging
import random
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clamp3_models.patches import PATCH_SIZE, Patches
from clamp3_models.training.excerpts import excerpts_of
from clamp3_models.training.records import Record
from clamp3_models.training.texts import facts_of, full_text, texts_of
from clamp3_plugin.music import Modality

Progress = Callable[[int], None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BankSettings:
    """How much of a piece goes into the bank."""

    excerpts: int = 6
    max_patches: int = 96
    partial_texts: int = 2
    phrases: int = 4
    seed: int = 42


@dataclass(frozen=True, slots=True)
class BankPiece:
    """One piece: rows of its excerpts by modality, rows of its texts, and what is true of it."""

    id: str
    family: str
    source: str
    facts: frozenset[str]
    texts: tuple[int, ...]
    """The full text first."""
    scores: tuple[int, ...]
    performances: tuple[int, ...]


class Bank:
    """Pieces that have both texts and music."""

    def __init__(self, folder: Path) -> None:
        said = json.loads((folder / "texts.json").read_text("utf-8"))
        heard = json.loads((folder / "music.json").read_text("utf-8"))
        self.texts: list[str] = [text for text, _ in said["texts"]]
        self.text_facts = [frozenset(facts) for _, facts in said["texts"]]
        self.pieces = [
            BankPiece(key, family, source, frozenset(facts), tuple(texts), *map(tuple, heard[key]))
            for key, family, source, facts, texts in said["pieces"]
            if any(heard.get(key, ()))
        ]
        self._patches = np.load(folder / "patches.npy", mmap_mode="r")
        self._ends: NDArray[np.int64] = np.load(folder / "ends.npy")

    def excerpt(self, row: int) -> Patches:
        """Patches of one excerpt, uint8 ``(n, 64)``."""
        start = self._ends[row - 1] if row else 0
        return np.asarray(self._patches[start : self._ends[row]])


def make_texts(records: Iterable[Record], folder: Path, settings: BankSettings) -> None:
    """Write what can be said of every record; records without facts are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[tuple[str, frozenset[str]], int] = {}
    pieces = []
    for record in records:
        facts = facts_of(record.fields)
        if not facts:
            continue
        choose = _randomness(settings, record, "texts")
        texts = texts_of(facts, choose, partial=settings.partial_texts, phrases=settings.phrases)
        said = [rows.setdefault((t.text, t.facts), len(rows)) for t in dict.fromkeys(texts)]
        true = sorted(full_text(facts).facts)
        pieces.append([record.id, record.family, record.source, true, said])
    table = {"pieces": pieces, "texts": [[text, sorted(facts)] for text, facts in rows]}
    (folder / "texts.json").write_text(json.dumps(table, ensure_ascii=False), "utf-8")


def make_music(
    records: Iterable[Record],
    folder: Path,
    settings: BankSettings,
    *,
    processes: int = 2,
    progress: Progress = lambda _done: None,
) -> None:
    """Cut and tokenise every record's music, in several processes."""
    folder.mkdir(parents=True, exist_ok=True)
    excerpts: list[Patches] = []
    rows: dict[str, list[list[int]]] = {}
    with get_context("spawn").Pool(processes) as pool:
        prepared = pool.imap(partial(_cut, settings), records, chunksize=16)
        for done, (key, kinds) in enumerate(prepared, 1):
            rows[key] = []
            for patches in kinds:
                rows[key].append(list(range(len(excerpts), len(excerpts) + len(patches))))
                excerpts += patches
            progress(done)
    np.save(folder / "ends.npy", np.cumsum([len(x) for x in excerpts], dtype=np.int64))
    np.save(
        folder / "patches.npy", np.concatenate([np.zeros((0, PATCH_SIZE), np.uint8), *excerpts])
    )
    (folder / "music.json").write_text(json.dumps(rows), "utf-8")


def _cut(settings: BankSettings, record: Record) -> tuple[str, list[list[Patches]]]:
    choose = _randomness(settings, record, "music")
    scores: list[Patches] = []
    performances: list[Patches] = []
    try:
        for content in record.contents():
            kind = scores if content.modality is Modality.SCORE else performances
            kind += excerpts_of(
                content, choose, count=settings.excerpts, max_patches=settings.max_patches
            )
    except ValueError as error:  # one odd piece must not end a run of hours
        _log.warning("%s is left out: %s", record.id, error)
    return record.id, [scores, performances]


def _randomness(settings: BankSettings, record: Record, what: str) -> random.Random:
    seed = zlib.crc32(f"{what} {record.id}".encode(), settings.seed)
    return random.Random(seed)  # noqa: S311 - reproducible, not secret


def text_features(
    texts: Sequence[str],
    encode: Callable[[Sequence[str]], NDArray[np.float32]],
    folder: Path,
    progress: Progress = lambda _done: None,
) -> NDArray[np.float32]:
    """Encode texts once with a frozen text tower, and keep the result in ``folder``.

    Parameters
    ----------
    texts : sequence of str
        What to encode.
    encode : callable
        A few texts to float32 ``(n, H)``, before projection.
    folder : Path
        Where chunks are kept; an interrupted run goes on after the last one.
    progress : callable
        Told how many texts are done.

    Returns
    -------
    ndarray
        float32 ``(len(texts), H)``.
    """
    chunk = 1024
    folder.mkdir(parents=True, exist_ok=True)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    parts = []
    for start in range(0, len(texts), chunk):
        part = folder / f"{start:09d}.npy"
        if not part.exists():
            np.save(folder / "next.npy", encode([texts[i] for i in order[start : start + chunk]]))
            (folder / "next.npy").replace(part)
        parts.append(np.load(part))
        progress(min(start + chunk, len(texts)))
    features = np.concatenate(parts)
    features[order] = features.copy()
    return features
