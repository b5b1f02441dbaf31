"""Note what is handed to the disk, so that a test can tell what a power cut would leave.

A line of the journal is ``F path`` where the content of a file was waited for, ``D path`` where the
names in a folder were; paths are those from the library's folder. Beside it lies the commit that was
there before the newest was written.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def noted(
    library: Path, journal: Path, on_sync: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Let every fsync leave a line, and call ``on_sync`` before and after it."""
    sync = os.fsync

    def noting(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if "commit.json" in path.name:
            for commit in library.glob("*.commit.json"):
                shutil.copyfile(commit, journal.with_suffix(".commit"))
        on_sync()
        sync(descriptor)
        kind = "D" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "F"
        with journal.open("a") as notes:
            notes.write(f"{kind} {os.path.relpath(path, library)}\n")
        on_sync()

    os.fsync = noting  # type: ignore[assignment] # descriptors are all that we hand over
    try:
        yield
    finally:
        os.fsync = sync


def begin(library: Path, journal: Path) -> None:
    """Start a journal; what is there already is on the disk, its writer has seen to it."""
    journal.with_suffix(".commit").unlink(missing_ok=True)
    safe = [file.relative_to(library) for file in library.rglob("*") if file.is_file()]
    journal.write_text("".join(f"F {file}\nD {file.parent}\n" for file in safe))


def safe(journal: Path) -> tuple[set[str], set[str], bool]:
    """Give the files whose content is safe, those whose names are, and if the commit is in doubt."""
    contents: set[str] = set()
    names: set[str] = set()
    waiting: set[str] = set()
    in_doubt = False
    for line in journal.read_text().splitlines():
        kind, _, path = line.partition(" ")
        if kind == "D":
            there = {each for each in waiting if Path(each).parent == Path(path)}
            names |= there
            waiting -= there
            in_doubt &= path != "."
        else:
            contents.add(path)
            waiting.add(path)
            in_doubt |= "commit.json" in path
    return contents, names, in_doubt
