"""Whether a disk has room for more; an index run waits until it has, and questions are answered meanwhile."""

import shutil
from pathlib import Path

LEAST_FREE = 1 << 30
"""Bytes that stay free for the rest of the system, and for the joining of the library's files."""
_SHARE = 20
"""Of a small disk a twentieth is enough."""


def lack_of_room(folder: Path) -> str:
    """Say that the disk of a folder, there or not, is nearly full; empty where it is not."""
    there = folder
    while not there.exists():
        there = there.parent
    disk = shutil.disk_usage(there)
    least = min(LEAST_FREE, disk.total // _SHARE)
    if disk.free >= least:
        return ""
    return (
        f"The disk of {folder} has {disk.free >> 20} MiB left. Indexing waits until it has"
        f" {least >> 20} MiB; questions are answered meanwhile."
    )
