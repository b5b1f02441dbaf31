"""A library as a run on many machines brings it up to date: fragments from everywhere, one commit.

The commit is one of each table, the passages first. Who dies between the two leaves files whose rows
are not those of their record: readers leave them out, and the next run, which still has the receipts,
puts that right without embedding anything again.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from clamp3_plugin.library.arrow import read_passages
from clamp3_plugin.library.entries import FileRecord, PieceEntry, file_id
from clamp3_plugin.library.fragments import FragmentWriter, commit
from clamp3_plugin.library.index import LARGEST_EXACT
from clamp3_plugin.library.lock import LOCK_NAME, WriterLock
from clamp3_plugin.library.prefix import Folder
from clamp3_plugin.library.read_store import ReadStore
from clamp3_plugin.library.schema import mark
from clamp3_plugin.library.staging import Receipt, Staging
from clamp3_plugin.library.store import Store
from clamp3_plugin.library.tables import KEEP_VERSIONS

KEEP_FAR_VERSIONS = timedelta(days=1)
"""On object storage nobody knows who reads; a daemon looks for a new version every minute or so."""


class BulkLibrary:
    """The one writer of a library, for one run.

    On a disk it has the writer's lock. An object store has no locks: of two runs at once the later to
    commit is refused.
    """

    def __init__(
        self, folder: Folder, space: str, dim: int, largest_exact: int = LARGEST_EXACT
    ) -> None:
        self.folder = folder
        self._space = space
        self._dim = dim
        self._largest_exact = largest_exact
        self._lock: WriterLock | None = None
        if isinstance(folder, Path):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = WriterLock(folder / LOCK_NAME)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self._staging = Staging(self.folder, self._space)
        self._store: ReadStore
        if isinstance(self.folder, Path) and not self._staging.names():
            self._store = self._local(self.folder)
        else:  # where fragments wait, opening for writing would take them for remains
            self._store = ReadStore(self.folder, self._space, self._dim, self._largest_exact)
            mark(self.folder)
        self._staging.forget_tries()
        complete, self._torn = self._store.records()
        self._records = {record.path: record for record in complete}

    def _local(self, folder: Path) -> Store:
        return Store(folder, self._space, self._dim, self._largest_exact, writing=True)

    def close(self) -> None:
        """Let another process write."""
        if self._lock:
            self._lock.release()

    @property
    def records(self) -> Mapping[str, FileRecord]:
        """What is known of each file whose rows are complete, by path."""
        return MappingProxyType(self._records)

    def writer(self) -> FragmentWriter:
        """Give what writes rows to be committed."""
        return FragmentWriter(self.folder, self._space, self._dim)

    def staged(self) -> list[Receipt]:
        """Give what an earlier run wrote and did not live to commit."""
        return self._staging.receipts()

    def entries(self, paths: Collection[str]) -> dict[str, tuple[PieceEntry, ...]]:
        """Read the pieces of files with their vectors, by path."""
        view = read_passages(self._store.rows_of({file_id(path) for path in paths}))
        found: dict[str, list[PieceEntry]] = {path: [] for path in paths}
        for place, piece in enumerate(view.pieces):
            found[piece.path].append(view.entry(place))
        return {path: tuple(entries) for path, entries in found.items()}

    def commit(
        self,
        receipts: Sequence[Receipt],
        restamped: Sequence[FileRecord],
        forgotten: Collection[str],
    ) -> bool:
        """Put in what was written, in the place of what was there of the same paths.

        What is torn goes too. Afterwards there is nothing left of any run that died.

        Parameters
        ----------
        restamped
            Records of files whose rows stay.
        forgotten
            Paths of files that go.

        Returns
        -------
        bool
            Whether anything has changed.

        Raises
        ------
        LibraryBusyError
            Somebody else has written meanwhile.
        """
        put = {record.path for receipt in receipts for record in receipt.records}
        known = (put | set(forgotten)) & self._records.keys()
        gone = {file_id(path) for path in known} | self._torn
        stamped = {file_id(record.path) for record in restamped}
        files = [fragment for receipt in receipts for fragment in receipt.files]
        if restamped:
            files += self.writer().write_records(restamped)
        if files or gone:
            passages = [fragment for receipt in receipts for fragment in receipt.passages]
            names, versions = self._store.names, self._store.version
            commit(self.folder, names[1], versions[1], gone, passages)
            commit(self.folder, names[0], versions[0], gone | stamped, files)
        self._staging.clear()
        return bool(files or gone)

    def finish(self) -> None:
        """Join small files and bring the index up to date, after a commit."""
        if isinstance(self.folder, Path):
            store = self._local(self.folder)  # and what was committed goes into the journal
            store.join()
            store.clean(KEEP_VERSIONS)
        else:
            self._store.look_again()
            self._store.join_files(KEEP_FAR_VERSIONS)

    @property
    def lacks_index(self) -> bool:
        """Whether a run died after its commit and before the index was built."""
        return self._store.is_large and not self._store.is_indexed
