"""P15 of the promises: a library of the version before is opened, and an upgrade cut short costs nothing.

That a library of a later version is refused and left alone is in ``tests/core/test_durability.py``.

Negative control, 2026-11-30: a library marked as new before its columns were there, and trusted in that, could not
be read after a death between the two.
"""

import shutil
from pathlib import Path

from clamp3_plugin.library.library import Library
from tests.core.crash.crashes import make_old, opened
from tests.core.crash.model import DIM, SPACE, State, entry
from tests.core.crash.synced import noted

TIMES = 5
STEPS = 10


def goes_on(folder: Path) -> State:
    """Open what was left, and index one more file; gives what was there before."""
    before, _ = opened(folder)
    with Library.open(folder, SPACE, DIM) as library:
        library.add([entry("/after.abc", 5)])
    assert opened(folder)[0] == {**before, "/after.abc": 5}
    return before


def test_an_upgrade_that_is_killed_at_any_step_leaves_the_old_or_the_new(tmp_path: Path):
    """Each step is a wait for the disk; a process that dies there leaves what the copy holds."""
    folder, moments = tmp_path / "library", tmp_path / "moments"
    state = make_old(folder)
    count = 0

    def snapshot() -> None:
        nonlocal count
        shutil.copytree(folder, moments / str(count))
        count += 1

    with noted(folder, tmp_path / "journal", snapshot), Library.open(folder, SPACE, DIM):
        pass

    assert count >= STEPS
    assert all(goes_on(moments / str(number)) == state for number in range(count))
    assert goes_on(folder) == state


def test_an_upgrade_that_never_gets_beyond_its_start_costs_nothing(tmp_path: Path):
    folder = tmp_path / "library"
    state = make_old(folder)

    for _ in range(TIMES):
        assert opened(folder)[0] == state
