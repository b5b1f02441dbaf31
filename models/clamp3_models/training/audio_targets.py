"""Where recordings shall lie: what the frozen towers of a model say of the same music, encoded once.

Conventions: embeddings are unit rows, float32 ``(n, D)``. What is encoded depends on the model, so it is
kept in a folder named after its weights.
"""

import random
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from clamp3_models.clamp3 import Clamp3Config, SymbolicEncoder, mean_pool
from clamp3_models.patches import Patches, patchify
from clamp3_models.segments import passes, segments_of
from clamp3_models.training.audio_bank import Recorded
from clamp3_models.training.records import Record
from clamp3_models.training.rendering import PROGRAMS
from clamp3_models.training.texts import facts_of, labels, languages, texts_of
from clamp3_plugin.encoding import Embeddings, normalize
from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.readers.score import score_from_standard_abc

Progress = Callable[[str, int, int], None]
"""Told a stage, what is done and of how many."""

INSTRUMENTS = tuple(tag for tag in (*PROGRAMS, "drums") if tag in labels())
"""Tags of what recordings are told apart by."""

_AT_ONCE = 4096
_MOST_PATCHES = 512
_CHARACTERS = 64  # of a patch; so many times the patches are read of a long score


class TextEncoder(Protocol):
    """What is needed of an encoder here."""

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Encode texts, shape ``(n, D)``."""


@dataclass(frozen=True, slots=True)
class Said:
    """A text of a piece, and what it states."""

    row: int
    facts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a piece beside its sound."""

    family: str
    source: str
    """Collection it comes from."""
    facts: frozenset[str]
    texts: tuple[Said, ...]
    """The full one first; empty if nothing is stated."""
    score: int
    """Row of its score; -1 if it has none."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Everything that recordings are drawn to."""

    pieces: Mapping[str, Known]
    texts: Tensor
    text_facts: tuple[frozenset[str], ...]
    scores: Tensor
    windows: Tensor
    """In the order of the bank."""
    instruments: Tensor
    """``(languages, len(INSTRUMENTS), D)``."""


class SymbolicTower:
    """The frozen tower of scores and performances of a model.

    Parameters
    ----------
    config : Clamp3Config
        Of the model.
    state : mapping of str to Tensor
        Its state dict under the official keys.
    """

    def __init__(self, config: Clamp3Config, state: Mapping[str, Tensor]) -> None:
        self._length = config.patch_length
        self._model = SymbolicEncoder(config.symbolic).eval().requires_grad_(requires_grad=False)
        self._projection = torch.nn.Linear(config.symbolic.hidden_size, config.dim)
        for module, start in (
            (self._model, "symbolic_model."),
            (self._projection, "symbolic_proj."),
        ):
            own = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
            module.load_state_dict(own)

    def encode(self, music: Sequence[Patches], report: Callable[[int], None]) -> Tensor:
        """Encode pieces or windows as the encoder does, to unit rows, ``(n, D)``."""
        segments = [s for i, x in enumerate(music) for s in segments_of(i, len(x), self._length)]
        segments.sort(key=lambda segment: segment.length)
        totals = torch.zeros(len(music), self._projection.out_features)
        done = 0
        with torch.inference_mode():
            for batch in passes(segments, _AT_ONCE):
                parts = [music[s.owner][s.start : s.start + s.length] for s in batch]
                lengths = [s.length for s in batch]
                patches = torch.from_numpy(np.concatenate(parts))
                rows = self._projection(mean_pool(self._model(patches, lengths), lengths))
                weights = torch.tensor([s.weight / len(music[s.owner]) for s in batch])
                owners = torch.tensor([s.owner for s in batch])
                totals.index_add_(0, owners, rows * weights[:, None])
                done += len(batch)
                report(done)
        return F.normalize(totals, dim=-1)


@dataclass(frozen=True, slots=True)
class FrozenTowers:
    """What recordings are brought to."""

    symbolic: SymbolicTower
    text: TextEncoder


def make_targets(
    records: Iterable[Record],
    bank: Sequence[Recorded],
    towers: FrozenTowers,
    folder: Path,
    *,
    seed: int = 42,
    progress: Progress = lambda _stage, _done, _of: None,
) -> Targets:
    """Encode what is known of the pieces of a bank; what is in ``folder`` is not encoded again.

    Parameters
    ----------
    records : iterable of Record
        Those of the bank, and any others.
    bank : sequence of Recorded
        The renderings.
    towers : FrozenTowers
        Of the model.
    folder : Path
        Keeps the embeddings, for this bank and this model.
    seed : int
        Of the texts that are made.
    progress : callable
        Told how far it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recorded = {one.id for one in bank}
    pieces: dict[str, Known] = {}
    texts: dict[tuple[str, frozenset[str]], int] = {}
    scores: list[Patches] = []
    for record in records:
        if record.id in recorded:
            pieces[record.id] = _known(record, texts, scores, seed)
            progress("reading", len(pieces), len(recorded))

    def kept(name: str, encode: Callable[[], NDArray[np.float32]]) -> Tensor:
        path = folder / f"{name}.npy"
        if not path.exists():
            np.save(path, encode())
        return torch.from_numpy(np.load(path))

    def music(name: str, patches: Sequence[Patches]) -> Tensor:
        def encode() -> NDArray[np.float32]:
            rows = towers.symbolic.encode(patches, lambda done: progress(name, done, len(patches)))
            return np.asarray(rows.numpy())

        return kept(name, encode)

    said = [text for text, _ in texts]
    return Targets(
        pieces=pieces,
        texts=kept("texts", lambda: _encoded(said, towers.text, progress)),
        text_facts=tuple(facts for _, facts in texts),
        scores=music("scores", scores),
        windows=music("windows", [window.patches for one in bank for window in one.windows]),
        instruments=kept("instruments", lambda: _instruments(towers.text)),
    )


def _known(
    record: Record, texts: dict[tuple[str, frozenset[str]], int], scores: list[Patches], seed: int
) -> Known:
    facts = facts_of(record.fields)
    choose = random.Random(zlib.crc32(record.id.encode(), seed))  # noqa: S311 - reproducible
    made = texts_of(facts, choose, translated=1, partial=1, phrases=2) if facts else []
    said = [Said(texts.setdefault((t.text, t.facts), len(texts)), t.facts) for t in made]
    score = -1
    patches = _score(record)
    if patches is not None:
        score = len(scores)
        scores.append(patches)
    identities = frozenset(fact.identity for fact in facts)
    return Known(record.family, record.source, identities, tuple(dict.fromkeys(said)), score)


def _score(record: Record) -> Patches | None:
    abc = record.fields.get("abc")
    try:
        text = score_from_standard_abc(abc).whole() if abc else ""
    except (Clamp3Error, ValueError):  # one odd piece must not end a run of hours
        return None
    head = text[: _MOST_PATCHES * _CHARACTERS].rpartition("\n")[0] + "\n"
    return patchify(head)[:_MOST_PATCHES] if text else None


def _encoded(texts: Sequence[str], encoder: TextEncoder, progress: Progress) -> NDArray[np.float32]:
    """Encode texts, those of like length together."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    parts = []
    for batch in _batches(order, 64):
        parts.append(encoder.encode_text([texts[i] for i in batch]))
        progress("texts", min(len(parts) * 64, len(texts)), len(texts))
    rows = np.concatenate(parts)
    rows[order] = rows.copy()
    return normalize(rows)


def _instruments(encoder: TextEncoder) -> NDArray[np.float32]:
    names = [[labels()[tag][code] for tag in INSTRUMENTS] for code in languages()]
    return np.stack([normalize(encoder.encode_text(of_language)) for of_language in names])


def _batches(rows: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
