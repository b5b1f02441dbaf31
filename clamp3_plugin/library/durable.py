"""What a power cut may not take: files and folders handed to the disk, small files at one stroke.

Writing returns when the system has the bytes; only ``fsync`` waits until the disk has them, and a
new name is safe only when its folder was waited for too.
"""

import os
import secrets
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

_BLOCK = 1 << 20


def write_private(path: Path, data: bytes) -> None:
    """Replace a small file at one stroke, for this user's eyes, safe against a power cut."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder; Windows has them with the files."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_files(paths: Iterable[Path]) -> list[int]:
    """Wait until the disk has files and their names; gives the CRC-32 of each."""
    checksums = []
    folders: set[Path] = set()
    for path in paths:
        with path.open("r+b" if os.name == "nt" else "rb") as file:
            os.fsync(file.fileno())
            checksums.append(_crc32(file))
        folders |= {path.parent, path.parent.parent}
    for folder in sorted(folders, reverse=True):
        sync_folder(folder)
    return checksums


def checksum(path: Path) -> int:
    """Give the CRC-32 of a file."""
    with path.open("rb") as file:
        return _crc32(file)


def _crc32(file: BinaryIO) -> int:
    crc = 0
    while block := file.read(_BLOCK):
        crc = zlib.crc32(block, crc)
    return crc
