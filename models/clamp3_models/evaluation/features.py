"""Folders of saved embeddings, and which query belongs to which reference.

Conventions: a *feature file* is a ``.npy`` that holds one embedding, float, shape ``(1, D)`` or
``(D,)``. Its *key* is its path below the folder up to the first dot of the file name; a query belongs
to the reference of the same key, so ``en/song.1.npy`` and ``en/song.2.npy`` are two queries for
``en/song.npy``. Rules of the reference's ``clamp3_eval.py``, with files taken in order of their names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.encoding import Embeddings
from clamp3_plugin.errors import BrokenFileError, EmptyContentError, MissingFileError


@dataclass(frozen=True, slots=True)
class Features:
    """The embeddings of a folder, in order of their paths."""

    paths: tuple[Path, ...]
    keys: tuple[str, ...]
    embeddings: Embeddings
    """float32, shape ``(len(paths), D)``, as saved."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which queries have a reference, as indices into the rows of two ``Features``."""

    query_index: NDArray[np.int64]
    """Queries that have a reference, shape ``(n,)``."""
    reference_index: NDArray[np.int64]
    """The first reference of every key, with a query or without, shape ``(m,)``."""
    target_index: NDArray[np.int64]
    """Position in ``reference_index`` of what each query should find, shape ``(n,)``."""
    unmatched_queries: tuple[tuple[Path, ...], ...]
    """Paths of the queries without a reference, by key."""
    unmatched_references: tuple[Path, ...]
    """References without a query. Queries are ranked among them too: that somebody's query is
    missing must not make the search of the others easier."""

    @property
    def keys(self) -> int:
        """Number of keys on both sides."""
        return len(self.reference_index) - len(self.unmatched_references)


def read_features(folder: Path) -> Features:
    """Read every ``.npy`` below a folder.

    Raises
    ------
    MissingFileError
        There is no such folder.
    EmptyContentError
        There is no ``.npy`` below it.
    BrokenFileError
        A file holds something other than one embedding, or one of another length than the first.
    """
    if not folder.is_dir():
        raise MissingFileError(f"{folder} is no folder.", "Give one with .npy files.")
    paths = tuple(sorted(path for path in folder.rglob("*.npy") if path.is_file()))
    if not paths:
        raise EmptyContentError(f"There is no .npy file below {folder}.", _HINT)
    rows = [read_embedding(path) for path in paths]
    for path, row in zip(paths, rows, strict=True):
        if row.shape != rows[0].shape:
            raise BrokenFileError(
                f"{path} holds {len(row)} numbers, {paths[0]} {len(rows[0])}.",
                "Embeddings of two models cannot be compared.",
            )
    return Features(paths, tuple(key_of(path, folder) for path in paths), np.stack(rows))


_HINT = "clamp3 embed FILE -o OUT.npy writes one."


def read_embedding(path: Path) -> NDArray[np.float32]:
    """Read one embedding, float32, shape ``(D,)``.

    Raises
    ------
    MissingFileError
        The file is not there, or may not be read.
    BrokenFileError
        It is no ``.npy``, or holds something other than one embedding of finite numbers.
    """
    try:
        # mapped: a header that promises more numbers than there are costs no memory
        array = np.lib.format.open_memmap(path, mode="r")
    except OSError as error:
        raise MissingFileError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, EOFError) as error:
        raise BrokenFileError(f"{path} is no array of numbers, or it is truncated.") from error
    if array.ndim not in {1, 2} or (array.ndim == 2 and len(array) != 1):
        raise BrokenFileError(
            f"{path} holds an array of shape {array.shape}; one embedding is (1, D).", _HINT
        )
    if not np.issubdtype(array.dtype, np.floating):
        raise BrokenFileError(f"{path} holds {array.dtype}; an embedding is float32.", _HINT)
    row = np.array(array.reshape(-1), np.float32)
    if not np.isfinite(row).all():
        raise BrokenFileError(f"{path} holds numbers that are not finite.")
    return row


def read_query(path: Path) -> Features:
    """Read one feature file as if it were a folder of its own."""
    return Features((path,), (key_of(path, path.parent),), read_embedding(path)[None])


def key_of(path: Path, folder: Path) -> str:
    """Name the item a feature file belongs to.

    Examples
    --------
    >>> key_of(Path("features/en/song.2.npy"), Path("features"))
    'en/song'
    """
    inside = path.relative_to(folder)
    return inside.with_name(inside.name.split(".", 1)[0] or inside.name).as_posix()


def pair(queries: Features, references: Features) -> Pairing:
    """Find the reference of every query.

    Raises
    ------
    BrokenFileError
        Queries and references have embeddings of two lengths.
    EmptyContentError
        No query has a reference.
    """
    same_length(queries, references)
    reference_of = _first_of_each(references.keys)
    places = {key: place for place, key in enumerate(reference_of)}
    matched = [i for i, key in enumerate(queries.keys) if key in places]
    if not matched:
        raise EmptyContentError(
            "No query has a reference: no path below the two folders is the same.",
            f"The first query is {queries.keys[0]!r}, the first reference {references.keys[0]!r}.",
        )
    lonely: dict[str, tuple[Path, ...]] = {}
    for key, path in zip(queries.keys, queries.paths, strict=True):
        if key not in places:
            lonely[key] = (*lonely.get(key, ()), path)
    asked = set(queries.keys)
    return Pairing(
        query_index=np.array(matched, np.int64),
        reference_index=np.array(list(reference_of.values()), np.int64),
        target_index=np.array([places[queries.keys[i]] for i in matched], np.int64),
        unmatched_queries=tuple(lonely.values()),
        unmatched_references=tuple(
            references.paths[i] for key, i in reference_of.items() if key not in asked
        ),
    )


def same_length(queries: Features, references: Features) -> None:
    """Refuse two folders whose embeddings cannot be compared."""
    lengths = queries.embeddings.shape[1], references.embeddings.shape[1]
    if lengths[0] != lengths[1]:
        raise BrokenFileError(
            f"{queries.paths[0]} holds {lengths[0]} numbers, {references.paths[0]} {lengths[1]}.",
            "Embeddings of two models cannot be compared.",
        )


def _first_of_each(keys: Sequence[str]) -> dict[str, int]:
    first: dict[str, int] = {}
    for i, key in enumerate(keys):
        first.setdefault(key, i)
    return first
