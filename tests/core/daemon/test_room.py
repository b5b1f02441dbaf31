"""P9 of the promises, the daemon's half: a full disk makes an index run wait, and says so.

Negative control: with ``job.cancelled.is_set`` handed to the run as it was before, nothing waits: both
tests of runs failed.
"""

import shutil
import threading
import time
from pathlib import Path

import pytest

from clamp3_plugin.daemon import jobs, room
from clamp3_plugin.daemon.jobs import Job, Jobs
from clamp3_plugin.wire import IndexEvent, loads

Disk = shutil._ntuple_diskusage


class Run:
    """Five files, asked about between each two as an index run does."""

    def __call__(self, paths, on_event, cancelled, *, retry):
        for done in range(1, 6):
            if cancelled():
                return {"indexed": done - 1}
            on_event(IndexEvent(f"/m/{done}", "indexed", done=done, total=5))
        return {"indexed": 5}


class FullDisk:
    """Has no room until it is freed, from the third look on."""

    def __init__(self):
        self.freed = threading.Event()
        self.looks = 0

    def __call__(self) -> str:
        self.looks += 1
        return "" if self.looks < 3 or self.freed.is_set() else "The disk is full."


@pytest.fixture
def full(monkeypatch) -> FullDisk:
    monkeypatch.setattr(jobs, "_LOOK_AGAIN_S", 0.01)
    return FullDisk()


@pytest.fixture
def queue(full):
    queue = Jobs(Run())
    queue.lack_of_room = full
    yield queue
    queue.stop(2)


def waiting(job: Job) -> IndexEvent:
    deadline = time.monotonic() + 10
    while (job.last is None or job.last.status != "waiting") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert job.last is not None
    return job.last


def ended(job: Job) -> dict[str, object]:
    deadline = time.monotonic() + 10
    while job.summary is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return job.to_wire()


def test_a_run_waits_for_room_says_so_once_and_goes_on_by_itself(queue, full):
    job = queue.start(["/m"])

    event = waiting(job)
    looks = full.looks
    time.sleep(0.1)
    assert full.looks > looks
    assert (event.reason, event.message, event.done) == ("disk_full", "The disk is full.", 2)
    assert job.to_wire()["state"] == "running"
    full.freed.set()

    assert ended(job)["state"] == "done"
    told = [IndexEvent.from_wire(loads(line)) for line in job.events[:-1]]
    assert [each.status for each in told] == ["indexed"] * 2 + ["waiting"] + ["indexed"] * 3


def test_a_run_that_waits_can_be_cancelled(queue):
    job = queue.start(["/m"])
    waiting(job)

    job.cancelled.set()

    assert ended(job)["state"] == "cancelled"


@pytest.mark.parametrize(
    ("total", "free", "waits"),
    [
        (100 << 30, 2 << 30, False),
        (100 << 30, 1 << 30, False),
        (100 << 30, (1 << 30) - 1, True),
        (64 << 20, 4 << 20, False),
        (64 << 20, 3 << 20, True),
    ],
)
def test_a_gibibyte_stays_free_and_of_small_disks_a_twentieth(monkeypatch, total, free, waits):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(total, total - free, free))

    said = room.lack_of_room(Path("/not/there/yet"))

    assert bool(said) is waits
    assert not waits or f"{free >> 20} MiB left" in said
