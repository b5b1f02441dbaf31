"""A library in one file and back: a tar archive that begins with the checksums of what follows."""

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from clamp3_plugin.errors import BrokenFileError, MissingFileError, UsageError
from clamp3_plugin.library.durable import sync_files, sync_folder
from clamp3_plugin.library.journal import QUARANTINE
from clamp3_plugin.library.lock import LOCK_NAME, WriterLock

SUMS = "SHA256SUMS"


def back_up(folder: Path, archive: Path) -> int:
    """Write the library of a folder to an archive, readable by this user only.

    The caller sees to it that nobody writes to the library meanwhile.

    Returns
    -------
    int
        Number of files in it.
    """
    if archive.exists():
        raise UsageError(f"{archive} is there already.", "Choose another name.")
    if not archive.parent.is_dir():
        raise MissingFileError(f"There is no folder {archive.parent}.")
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name != LOCK_NAME
        and QUARANTINE not in path.relative_to(folder).parts
    ]
    sums = "".join(f"{_sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in files)
    with tempfile.NamedTemporaryFile(dir=archive.parent, prefix=".backup-", delete=False) as target:
        try:
            with tarfile.open(fileobj=target, mode="w") as tar:
                member = tarfile.TarInfo(SUMS)
                member.size, member.mode = len(sums.encode()), 0o600
                tar.addfile(member, io.BytesIO(sums.encode()))
                for file in files:
                    tar.add(file, file.relative_to(folder).as_posix(), recursive=False)
            target.flush()
            os.fsync(target.fileno())
        except BaseException:
            Path(target.name).unlink()
            raise
    Path(target.name).replace(archive)
    sync_folder(archive.parent)
    return len(files)


def restore(
    archive: Path, folder: Path, examine: Callable[[Path], Sequence[str]] | None = None
) -> Path | None:
    """Put the library of an archive in the place of that of a folder.

    Nothing is touched before every checksum is right, and what was backed up is found to be sound.

    Parameters
    ----------
    examine
        Says what is wrong with the library of a folder (``examination.problems_of``); without it a
        library is restored that was damaged before it was backed up.

    Returns
    -------
    Path or None
        Where the library that was there before is kept.

    Raises
    ------
    BrokenFileError
        The archive is damaged or no backup, or the library in it is not sound.
    LibraryBusyError
        Somebody writes to the library.
    """
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".restoring-"))
    try:
        _unpack(archive, fresh)
        if examine is not None and (problems := examine(fresh)):
            raise BrokenFileError(
                f"{archive} is as it was written, but the library in it was damaged before:"
                f" {problems[0]}{f' (and {len(problems) - 1} more)' if problems[1:] else ''}.",
                "Take an older backup, or what can be read of this one: --even-damaged.",
            )
        sync_files(path for path in fresh.rglob("*") if path.is_file())
        return _swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _unpack(archive: Path, fresh: Path) -> None:
    try:
        with tarfile.open(archive, "r:") as tar:
            for member in tar:
                _unpack_file(tar, member, fresh)
    except FileNotFoundError as error:
        raise MissingFileError(f"There is no file {archive}.") from error
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BrokenFileError(f"{archive} is no whole backup: {error}.") from error
    sums = fresh / SUMS
    if not sums.is_file():
        raise BrokenFileError(f"{archive} is no backup of a library: it has no {SUMS}.")
    wanted = dict(_read_sums(sums.read_text("utf-8")))
    sums.unlink()
    there = {path.relative_to(fresh).as_posix() for path in fresh.rglob("*") if path.is_file()}
    wrong = there ^ wanted.keys()
    wrong |= {name for name in there & wanted.keys() if _sha256(fresh / name) != wanted[name]}
    if wrong:
        raise BrokenFileError(f"{archive} is damaged: {min(wrong)} is not what was backed up.")


def _unpack_file(tar: tarfile.TarFile, member: tarfile.TarInfo, fresh: Path) -> None:
    """Write one file below a folder, with the rights of a new one.

    ``extractall`` would need a filter against what leads elsewhere, which Python 3.11.3 has not.
    """
    place = PurePosixPath(member.name)
    content = tar.extractfile(member) if member.isreg() else None
    if content is None or place.is_absolute() or ".." in place.parts:
        raise tarfile.ReadError(f"{member.name!r} is nothing that belongs into one")
    (fresh / place).parent.mkdir(parents=True, exist_ok=True)
    with content, (fresh / place).open("xb") as file:
        shutil.copyfileobj(content, file)


def _read_sums(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        digest, _, name = line.partition("  ")
        yield str(PurePosixPath(name)), digest


def _swap(fresh: Path, folder: Path) -> Path | None:
    if not folder.exists():
        fresh.rename(folder)
        return None
    WriterLock(folder / LOCK_NAME).release()  # refuses where somebody writes
    number = 1
    while (before := folder.with_name(f"{folder.name}.before-{number}")).exists():
        number += 1
    folder.rename(before)
    fresh.rename(folder)
    sync_folder(folder.parent)
    return before


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
