"""The library as the rest sees it: add, forget, move, search, and tell what is there.

Conventions: paths are absolute and resolved; vectors handed in are float32 and of unit length.
"""

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.errors import (
    LibraryDamagedError,
    LibraryFullError,
    MissingFileError,
    UsageError,
)
from clamp3_plugin.library import arrow
from clamp3_plugin.library.backup import back_up
from clamp3_plugin.library.entries import (
    FileEntry,
    FileRecord,
    FileStatus,
    PieceEntry,
    fingerprints_of,
    pieces_of,
)
from clamp3_plugin.library.exact import passage_of
from clamp3_plugin.library.exclusion import Exclusion, same_bars
from clamp3_plugin.library.index import LARGEST_EXACT
from clamp3_plugin.library.lock import LOCK_NAME, WriterLock
from clamp3_plugin.library.prefix import Folder
from clamp3_plugin.library.ranking import Origin, rank
from clamp3_plugin.library.read_store import ReadStore
from clamp3_plugin.library.reports import CheckReport, LibraryStats
from clamp3_plugin.library.searching import search as ask
from clamp3_plugin.library.store import Store
from clamp3_plugin.library.tables import KEEP_VERSIONS, filled_spaces, require_tables, translated
from clamp3_plugin.music import Modality, Passage, Piece
from clamp3_plugin.query import Filter, Hit


class Library:
    """Pieces of one space: LanceDB keeps them, memory answers.

    ``search`` and the other questions may be asked from any thread while one thread writes.
    """

    def __init__(
        self, folder: Folder, space: str, dim: int, largest_exact: int, lock: WriterLock | None
    ) -> None:
        self.folder = folder
        self.space = space
        self.dim = dim
        self._lock = lock
        self._writing = threading.RLock()
        self._store: ReadStore
        if isinstance(folder, Path):
            self._store = Store(folder, space, dim, largest_exact, writing=lock is not None)
        else:
            self._store = ReadStore(folder, space, dim, largest_exact)
        self._load()

    @classmethod
    def open(
        cls,
        folder: Folder,
        space: str,
        dim: int,
        *,
        read_only: bool = False,
        largest_exact: int = LARGEST_EXACT,
    ) -> Self:
        """Open the library of a folder.

        Parameters
        ----------
        folder
            Made where it is missing, unless ``read_only``. On object storage it is only looked on.
        space
            Identity of the embeddings; each has tables of its own.
        dim
            Length of a vector.
        read_only
            Look on without the writer's lock; ``refresh`` then shows what was written since.
        largest_exact
            Rows times ``dim`` up to which all vectors are in memory and compared; beyond, an index
            names which.

        Raises
        ------
        LibraryBusyError
            Another process (or another handle of this one) writes to it.
        LibraryDamagedError
            It cannot be read.
        NoLibraryError
            ``read_only``, and nothing was ever written.
        """
        if read_only or not isinstance(folder, Path):
            require_tables(folder, space)
            return cls(folder, space, dim, largest_exact, None)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = WriterLock(folder / LOCK_NAME)
        try:
            return cls(folder, space, dim, largest_exact, lock)
        except BaseException:
            lock.release()
            raise

    def close(self) -> None:
        """Let another process write."""
        if self._lock:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _load(self) -> None:
        records, self._view = self._store.read()
        self._records = {record.path: record for record in records}
        self._version = self._store.version

    def refresh(self) -> bool:
        """Take in what another process has written; tell whether there was something."""
        with self._writing:
            self._store.look_again()
            if self._store.version == self._version:
                return False
            self._load()
            return True

    # Writing

    def add(self, entries: Sequence[FileEntry]) -> None:
        """Put files with their pieces in, each in the place of what was there of the same path.

        After a return the files are kept even if the process dies; after a death in the middle
        they are as before, or not there and indexed again by the next run.
        """
        paths = {entry.record.path for entry in entries}
        if len(paths) < len(entries):
            raise ValueError("a file was added twice at once")
        if not entries:
            return
        with self._writing:
            store = self.must_write()
            known = paths & self._records.keys()
            store.write(entries, known)
            view = self._view.without(known) if known else self._view
            rows, known_by = arrow.rows_of(entries, self.dim), fingerprints_of(entries)
            self._view = view.grow(pieces_of(entries), rows, known_by)
            self._records = self._records | {entry.record.path: entry.record for entry in entries}
            self._version = store.version
            if store.is_untidy:
                with suppress(LibraryFullError):  # the batch is safe; the next meets the full disk
                    self.compact()

    def restamp(self, records: Sequence[FileRecord]) -> None:
        """Remember a new size, time or inode of files whose content is the same."""
        if not records:
            return
        with self._writing:
            store = self.must_write()
            store.write_records(records, [record.path for record in records])
            self._records = self._records | {record.path: record for record in records}
            self._version = store.version

    def move(self, moves: Mapping[str, FileRecord]) -> None:
        """Take the pieces of files over to new paths, without encoding them again.

        Parameters
        ----------
        moves
            By the old path, the record with the new path and stamp.
        """
        with self._writing:
            view = self._view
            entries: dict[str, list[PieceEntry]] = {old: [] for old in moves}
            for place, piece in enumerate(view.pieces):
                if piece.path in entries:
                    entries[piece.path].append(view.entry(place))
            self.add([FileEntry(moves[old], tuple(found)) for old, found in entries.items()])
            self.forget(moves)

    def forget(self, paths: Iterable[str]) -> int:
        """Remove files and their pieces; the files themselves are not touched.

        Returns
        -------
        int
            How many of them were there.
        """
        with self._writing:
            store = self.must_write()
            known = self._records.keys() & set(paths)
            if known:
                store.forget(known)
                self._view = self._view.without(known)
                left = {path: rec for path, rec in self._records.items() if path not in known}
                self._records = left
                self._version = store.version
            return len(known)

    def compact(self, keep: timedelta = KEEP_VERSIONS) -> None:
        """Give back disk space; versions younger than ``keep`` stay for other readers."""
        with self._writing:
            store = self.must_write()
            store.join()
            if self._view.stored is not None or store.is_indexed:
                self._load()  # before the files go that the former view is asked from
            store.clean(keep)
            if self._view.stored is not None and self._version != store.version:
                self._load()
            self._version = store.version

    def tidy(self) -> None:
        """Compact at the end of a run; a large library only where much has come to it."""
        if self._view.stored is None or self.must_write().is_untidy:
            self.compact()

    def back_up(self, archive: Path) -> int:
        """Write all spaces of this library to a new archive; gives the number of its files."""
        with self._writing:
            return back_up(self.must_write().place, archive)

    @property
    def notice(self) -> str:
        """What was lost that had been acknowledged, and how it comes back; empty if nothing was."""
        return self._store.notice if isinstance(self._store, Store) else ""

    def must_write(self) -> Store:
        """Give what writes.

        Raises
        ------
        UsageError
            It is on object storage, and so only looked on.
        """
        if not isinstance(self._store, Store):
            raise UsageError(
                f"The library {self.folder} is only looked on from here.",
                f"Write to it with: clamp3 index --engine ray --library {self.folder} FOLDER",
            )
        if self._lock is None:
            raise ValueError("this library was opened to be read only")
        return self._store

    # Searching

    def search(
        self,
        vector: NDArray[np.float32],
        n: int = 10,
        where: Filter | None = None,
        without: Exclusion | None = None,
        origin: Origin | None = None,
    ) -> list[Hit]:
        """Find the pieces nearest to a vector, each once, by the stretch that fits best.

        Parameters
        ----------
        vector
            float32, shape ``(dim,)``, unit length.
        n
            How many at most.
        where
            Which pieces may be found; all by default.
        without
            What must not answer.
        origin
            What the question was; a text by default.

        Returns
        -------
        list of Hit
            Best first, by cosine; where several modalities answer, those of each together.
            ``percentile`` is the share of the rows of the same modality, of the whole library, that
            score lower.
        """
        if vector.shape != (self.dim,):
            raise ValueError(f"a vector of shape {vector.shape} in a library of {self.dim}")
        view = self._view
        if not view.pieces:
            return []
        try:
            with translated(self.folder):
                asked = ask(view, vector, where or Filter(), without or Exclusion())
                return rank(asked, n, origin or Origin())
        except LibraryDamagedError:
            with self._writing:  # whoever took its files away has the next view ready by then
                if view is self._view:
                    raise
        return self.search(vector, n, where, without, origin)  # its files were joined to others

    def vector(self, piece: str, passage: Passage | None = None) -> NDArray[np.float32] | None:
        """Give the unit vector of a piece or of one of its passages, by the piece's id.

        Returns
        -------
        ndarray or None
            float32, shape ``(dim,)``; None where that very stretch is not indexed.
        """
        view = self._view
        position = view.positions.get(piece)
        if position is None:
            return None
        for row in view.rows_of(position):
            stretch = passage_of(view.rows.stretch[row])
            if stretch == passage or same_bars(stretch, passage):
                found: NDArray[np.float32] = view.unit([row])[0]
                return found
        return None

    def background(self, modality: Modality, n: int = 512) -> NDArray[np.float32]:
        """Give an even sample of the library's unit vectors, shape ``(<= n, dim)``."""
        view = self._view
        if view.stored is not None and modality in view.stored.sample:
            sample = view.stored.sample[modality]
            return sample[:: max(1, -(-len(sample) // n))]
        rows = view.of_modality(modality)
        step = max(1, -(-len(rows) // n))
        return view.unit(rows[::step])

    # Telling

    @property
    def records(self) -> Mapping[str, FileRecord]:
        """What is known of each file, by path."""
        return MappingProxyType(self._records)

    @property
    def is_empty(self) -> bool:
        """Whether there is no piece in it."""
        return not self._view.pieces

    def pieces(self, where: Filter | None = None) -> list[Piece]:
        """Give the pieces that a filter lets through, by path and number in the file."""
        view = self._view
        allowed = view.columns.mask(where or Filter())
        chosen = (view.pieces[place] for place in np.flatnonzero(allowed))
        return sorted(chosen, key=lambda piece: (piece.path, piece.tune))

    def entry(self, piece: str) -> PieceEntry:
        """Give a piece with its vectors, by its id, to be added again."""
        view = self._view
        return view.entry(view.positions[piece])

    def pieces_with_content(self, sha256: str, content: str = "") -> list[Piece]:
        """Give the pieces of files with some content: of the file, or of the music in it."""
        paths = {
            record.path
            for record in self._records.values()
            if record.sha256 == sha256 or (content and record.content == content)
        }
        return [piece for piece in self._view.pieces if piece.path in paths] if paths else []

    def known_below(self, paths: Iterable[str | os.PathLike[str]]) -> list[str]:
        """Name the files that the library knows at or below some paths, there or not."""
        resolved = [os.path.realpath(path) for path in paths]
        folders = tuple(path.rstrip(os.sep) + os.sep for path in resolved)
        return [path for path in self._records if path in resolved or path.startswith(folders)]

    def piece(self, identity: str) -> Piece:
        """Find a piece by its id, or by the beginning of it that only it has.

        Raises
        ------
        MissingFileError
            There is no such piece, or there are several.
        """
        view = self._view
        if identity in view.positions:
            return view.pieces[view.positions[identity]]
        meant = [piece for piece in view.pieces if identity and piece.id.startswith(identity)]
        if len(meant) == 1:
            return meant[0]
        how_many = f"{len(meant)} pieces" if meant else "no piece"
        raise MissingFileError(
            f"There is {how_many} with the id {identity!r} in the library.",
            "See clamp3 library list.",
        )

    def passages(self, piece: str) -> list[Passage]:
        """Give the indexed passages of a piece, in order, by its id."""
        view = self._view
        return list(view.passages(view.positions[piece]))

    def errors(self) -> list[FileRecord]:
        """Give the files that could not be indexed, with the reasons."""
        return [r for r in self._records.values() if r.status is not FileStatus.INDEXED]

    def stats(self) -> LibraryStats:
        """Count what is there."""
        return LibraryStats.of(self.folder, self.space, self._records.values(), self._view)

    def other_spaces(self) -> list[str]:
        """Name the other spaces for which this folder holds music."""
        return [space for space in filled_spaces(self.folder) if space != self.space]

    def check(self) -> CheckReport:
        """Read every row from disk: counts, checksums, lengths of vectors, leftovers."""
        with self._writing:
            problems = [self.notice] if self.notice else []
            problems += self._store.problems()
            files, view = len(self._records), self._view
        return CheckReport(files, len(view.pieces), len(view.rows.piece), tuple(problems))
