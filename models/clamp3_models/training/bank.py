"""The training set, made ready once: texts with their facts, and the music as patches.

Conventions: a bank is a folder with ``texts.json`` (what can be said of every piece) and ``music``
arrays (what can be heard of it), joined by the id of the piece. Making it twice from the same
records and seed gives the same bytes; a run maps it into memory.
"""

import json
import logging
import random
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clamp3_models.patches import PATCH_SIZE, Patches, patchify
from clamp3_models.training.augmentation import transpose_performance, transpose_score
from clamp3_models.training.records import Record
from clamp3_models.training.texts import facts_of, full_text, texts_of
from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.music import Modality
from clamp3_plugin.readers.content import Written

Progress = Callable[[int], None]
_log = logging.getLogger(__name__)

_MOST_CHARACTERS = 64
"""Of a patch, on average over a piece; music so dense that bars have more keeps a shorter head."""
_KEY_FIELDS = frozenset({"key", "key_signature"})


@dataclass(frozen=True, slots=True)
class BankSettings:
    """How much of a piece goes into the bank."""

    max_patches: int = 512
    """Of a whole piece; longer ones keep their head."""
    passages: int = 4
    """Random passages of each form, cut as the library cuts them."""
    passage_patches: int = 64
    transpositions: int = 2
    """Copies of a piece in other keys, score and performance alike."""
    translated_texts: int = 2
    partial_texts: int = 2
    phrases: int = 3
    seed: int = 42


@dataclass(frozen=True, slots=True)
class Form:
    """Rows of a piece as a score, or as a performance."""

    whole: tuple[int, ...]
    """The piece as it is, then its transposed copies; empty if it has no such form."""
    passages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BankPiece:
    """One piece: rows of its music by form, rows of its texts, and what is true of it."""

    id: str
    family: str
    source: str
    facts: frozenset[str]
    texts: tuple[int, ...]
    """The full text first."""
    score: Form
    performance: Form
    """Its copies are transposed as those of the score are."""


class Bank:
    """Pieces that have both texts and music."""

    def __init__(self, folder: Path) -> None:
        said = json.loads((folder / "texts.json").read_text("utf-8"))
        heard = json.loads((folder / "music.json").read_text("utf-8"))
        self.texts: list[str] = [text for text, _ in said["texts"]]
        self.text_facts = [frozenset(facts) for _, facts in said["texts"]]
        self.key_facts = frozenset(said["key_facts"])
        """Facts that are no longer true of a transposed copy."""
        self.pieces = [
            BankPiece(
                key, family, source, frozenset(facts), tuple(texts),
                *(Form(*map(tuple, form)) for form in heard[key]),
            )
            for key, family, source, facts, texts in said["pieces"]
            if any(whole for whole, _ in heard.get(key, ()))
        ]  # fmt: skip
        self._patches = np.load(folder / "patches.npy", mmap_mode="r")
        self._ends: NDArray[np.int64] = np.load(folder / "ends.npy")

    def music(self, row: int) -> Patches:
        """Patches of a piece or a passage, uint8 ``(n, 64)``."""
        start = self._ends[row - 1] if row else 0
        return np.asarray(self._patches[start : self._ends[row]])


def make_texts(records: Iterable[Record], folder: Path, settings: BankSettings) -> None:
    """Write what can be said of every record; records without facts are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[tuple[str, frozenset[str]], int] = {}
    pieces = []
    key_facts: set[str] = set()
    for record in records:
        facts = facts_of(record.fields)
        if not facts:
            continue
        texts = texts_of(
            facts,
            _randomness(settings, record, "texts"),
            translated=settings.translated_texts,
            partial=settings.partial_texts,
            phrases=settings.phrases,
        )
        said = [rows.setdefault((t.text, t.facts), len(rows)) for t in dict.fromkeys(texts)]
        true = sorted(full_text(facts).facts)
        key_facts |= {fact.identity for fact in facts if fact.field in _KEY_FIELDS}
        pieces.append([record.id, record.family, record.source, true, said])
    table = {
        "pieces": pieces,
        "texts": [[text, sorted(facts)] for text, facts in rows],
        "key_facts": sorted(key_facts),
    }
    (folder / "texts.json").write_text(json.dumps(table, ensure_ascii=False), "utf-8")


@dataclass(slots=True)
class _Cut:
    """Patches of one form of a piece."""

    whole: list[Patches] = field(default_factory=list)
    passages: list[Patches] = field(default_factory=list)


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
    kept: list[Patches] = []
    rows: dict[str, list[list[list[int]]]] = {}

    def keep(patches: Sequence[Patches]) -> list[int]:
        kept.extend(patches)
        return list(range(len(kept) - len(patches), len(kept)))

    with get_context("spawn").Pool(processes) as pool:
        prepared = pool.imap(partial(_cut, settings), records, chunksize=16)
        for done, (key, forms) in enumerate(prepared, 1):
            rows[key] = [[keep(form.whole), keep(form.passages)] for form in forms]
            progress(done)
    np.save(folder / "ends.npy", np.cumsum([len(x) for x in kept], dtype=np.int64))
    np.save(folder / "patches.npy", np.concatenate([np.zeros((0, PATCH_SIZE), np.uint8), *kept]))
    (folder / "music.json").write_text(json.dumps(rows), "utf-8")


def _cut(settings: BankSettings, record: Record) -> tuple[str, list[_Cut]]:
    choose = _randomness(settings, record, "music")
    intervals = choose.sample([*range(-6, 0), *range(1, 6)], settings.transpositions)
    score, performance = _Cut(), _Cut()
    try:
        for content in record.contents():
            form = score if content.modality is Modality.SCORE else performance
            if not form.whole:  # a record with several files is heard by its first
                _take(form, content, intervals, choose, settings)
    except ValueError as error:  # one odd piece must not end a run of hours
        _log.warning("%s is left out: %s", record.id, error)
    if score.whole and performance.whole:
        both = min(len(score.whole), len(performance.whole))  # copies go in pairs
        del score.whole[both:], performance.whole[both:]
    return record.id, [score, performance]


def _take(
    form: _Cut, content: Written, intervals: Sequence[int], choose: random.Random,
    settings: BankSettings,
) -> None:  # fmt: skip
    transpose = transpose_score if content.modality is Modality.SCORE else transpose_performance
    text = _head(content.whole(), settings.max_patches * _MOST_CHARACTERS)
    form.whole.append(patchify(text)[: settings.max_patches])
    try:
        copies = [patchify(transpose(text, n))[: settings.max_patches] for n in intervals]
    except ValueError:  # a key without a name, a note below the lowest: this piece has no copies
        copies = []
    form.whole += copies
    windows = content.passages()
    for window in choose.sample(windows, min(len(windows), settings.passages)):
        try:
            patches = patchify(content.excerpt(window))
        except Clamp3Error:  # a window without notes
            continue
        form.passages.append(patches[: settings.passage_patches])


def _head(text: str, characters: int) -> str:
    """Cut a long piece after a line: it need not be tokenised to its end for its head."""
    return text if len(text) <= characters else text[:characters].rpartition("\n")[0] + "\n"


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
