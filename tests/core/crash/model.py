"""A library as a dictionary, and the steps of a life that a crash may cut short.

A file is known by the number that its vectors were made from. ``before`` and ``after`` of every step
are known, so that a library can be compared with what was acknowledged and with the step in flight.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from clamp3_plugin.library.entries import FileEntry, FileRecord, PieceEntry, Stamp
from clamp3_plugin.library.library import Library
from clamp3_plugin.music import Metadata, Modality, Passage

DIM = 32
SPACE = "crash-32"
State = dict[str, int]


@dataclass(frozen=True)
class Step:
    """One thing that is done to a library, and what it should then hold."""

    kind: str
    paths: tuple[str, ...]
    seed: int
    after: State


def steps(seed: int, before: State) -> Iterator[Step]:
    """Live without end: index, index again, forget, compact, by a plan that only the seed decides."""
    plan, state = random.Random(seed), dict(before)  # noqa: S311 - a plan, no secret
    while True:
        number = plan.randrange(2**31)
        kind = plan.choices(["index", "again", "forget", "compact"], [5, 3, 2, 1])[0]
        known = sorted(state)
        if kind == "index":
            paths = tuple(f"/m/{number}-{i}.xml" for i in range(plan.randrange(1, 9)))
        elif kind == "compact":
            paths = ()
        else:
            paths = tuple(plan.sample(known, min(len(known), plan.randrange(1, 7))))
        if kind == "forget":
            state = {path: of for path, of in state.items() if path not in paths}
        elif paths:
            state = state | {path: number + i for i, path in enumerate(paths)}
        if paths or kind == "compact":
            yield Step(kind, paths, number, state)


def entry(path: str, seed: int) -> FileEntry:
    rows = 1 + seed % 3
    vectors = np.random.default_rng(seed).standard_normal((rows, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    passages = tuple(Passage(1 + 4 * i, 8 + 4 * i) for i in range(rows - 1))
    record = FileRecord(path, Stamp(seed, seed), f"{seed:08x}", pieces=1, passages=rows - 1)
    return FileEntry(record, (PieceEntry(Modality.SCORE, Metadata(), passages, vectors),))


def take(library: Library, step: Step) -> None:
    if step.kind == "compact":
        library.compact()
    elif step.kind == "forget":
        library.forget(step.paths)
    else:
        library.add([entry(path, step.seed + i) for i, path in enumerate(step.paths)])


def state_of(library: Library) -> State:
    """What a library holds; every row is compared with the vector that was put in."""
    state = {path: record.stamp.size for path, record in library.records.items()}
    pieces = {piece.path: piece for piece in library.pieces()}
    assert pieces.keys() == state.keys()
    for path, seed in state.items():
        [given] = entry(path, seed).pieces
        found = library.entry(pieces[path].id)
        assert found.passages == given.passages
        assert np.abs(found.vectors - given.vectors).max() < 2e-3
    return state
