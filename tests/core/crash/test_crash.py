"""P7 and P8 of the promises: what a killed process or a power cut leaves of a library.

Negative controls, 2026-11-30: with ``Journal.set_aside_rest`` leaving everything where it is both failed, a
file of the old library was gone after a kill; without the ``fsync`` in ``durable.sync_files`` a power cut
took what was acknowledged.
"""

from pathlib import Path

import pytest

from tests.core.crash.crashes import cuts, live_and_die, make_old, opened
from tests.core.crash.model import State


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


def test_a_killed_process_loses_nothing_that_it_acknowledged(folder):
    state: State = make_old(folder)

    for seed in range(2):
        death = live_and_die(folder, seed, state, 0.5 * seed - 0.1)
        state, opened_s = opened(folder)
        assert state in (death.acknowledged, death.in_flight), death.step
        assert max(opened_s, death.opened_s) < 5


def test_a_power_cut_takes_at_most_the_batch_in_flight(folder):
    state, count, robbed = make_old(folder), 0, 0

    for cut in cuts(folder, 3, state, length=5, share=0.06):
        count += 1
        robbed += bool(cut.lost)
        assert opened(cut.folder)[0] in (cut.acknowledged, cut.in_flight), cut

    assert count >= 5
    assert robbed >= 3
