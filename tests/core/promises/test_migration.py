"""P15 of the promises: a library of the version before is opened, and an upgrade cut short costs nothing.

That a library of a later version is refused and left alone is in ``tests/core/test_durability.py``.

Negative controls: see ``tests/hostile/README.md``.
"""

import shutil
from pathlib import Path

from clamp3_plugin.library.library import Library
from tests.core.crash.crashes import make_old, opened
from tests.core.crash.model import DIM, SPACE, entry
from tests.core.crash.synced import noted

TIMES = 5
STEPS = 10


def test_an_upgrade_that_is_killed_at_any_step_leaves_the_old_or_the_new(tmp_path: Path):
    """Each step is a wait for the disk; a process that dies there leaves what the copy holds."""
    folder, moments = tmp_path / "library", tmp_path / "moments"
    state = make_old(folder)
    count = 0

    def snapshot() -> None:
        nonlocal count
        shutil.copytree(folder, moments / str(count))
        count += 1

    with noted(folder, tmp_path / "journal", snapshot), Library.open(folder, SPACE, DIM) as library:
        library.add([entry("/new.abc", 77)])

    later = {**state, "/new.abc": 77}
    found = [opened(moments / str(number))[0] for number in range(0, count, count // STEPS)]
    assert len(found) >= STEPS
    assert all(each in (state, later) for each in found)
    assert found[0] == state
    assert opened(folder)[0] == later


def test_an_upgrade_that_never_gets_beyond_its_start_costs_nothing(tmp_path: Path):
    folder = tmp_path / "library"
    state = make_old(folder)

    for _ in range(TIMES):
        assert opened(folder)[0] == state
