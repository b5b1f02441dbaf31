"""P9 of the promises, at ten levels: on a full disk questions go on, and indexing as soon as there is room.

Negative control, 2026-11-30: a failed batch not undone, ``check`` named eight pieces whose rows were not complete.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clamp3_plugin.errors import LibraryFullError
from clamp3_plugin.library.library import Library
from tests.core.crash.model import DIM, SPACE, State, entry, state_of

_MIB = 4
_LEFT_KIB = (0, 4, 8, 12, 16, 24, 32, 48, 64, 96)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    mount = shutil.which("mount")
    command = ["-t", "tmpfs", "-o", f"size={_MIB}m", "tmpfs", str(tmp_path)]
    if (
        mount is None
        or subprocess.run([mount, *command], check=False, capture_output=True).returncode
    ):
        pytest.skip("only root on Linux can mount a small disk")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def add(library: Library, state: State, number: int) -> None:
    """Add a batch; ``state`` holds it where it was acknowledged."""
    batch = {f"/{number}/{i}.abc": 100 * number + i for i in range(8)}
    library.add([entry(path, seed) for path, seed in batch.items()])
    state |= batch


def questions_go_on(library: Library, state: State) -> bool:
    [given] = entry("/0/0.abc", 0).pieces
    hits = library.search(given.vectors[0], 1)
    return [hit.piece.path for hit in hits] == ["/0/0.abc"] and state_of(library) == state


def test_a_disk_that_fills_up_costs_nothing_that_was_acknowledged(disk: Path):
    folder, ballast = disk / "library", disk / "ballast"
    state: State = {}
    full = 0
    with Library.open(folder, SPACE, DIM) as library:
        add(library, state, 0)
        for number, left_kib in enumerate(_LEFT_KIB, 1):
            free = shutil.disk_usage(disk).free
            ballast.write_bytes(bytes(max(0, free - left_kib * 1024)))
            try:
                add(library, state, number)
            except LibraryFullError:
                full += 1
            assert questions_go_on(library, state), left_kib
            ballast.unlink()
            add(library, state, 100 + number)
            assert library.check().problems == (), left_kib
            library.compact()
    assert full >= 3
    with Library.open(folder, SPACE, DIM) as again:
        assert state_of(again) == state
