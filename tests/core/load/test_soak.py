"""P10 of the promises in small: a daemon that is asked hundreds of things holds no more than before.

All of the size, 20,000 requests beside an index run without end, is ``make soak``.
"""

import time
from pathlib import Path

import pytest

from benchmarks.soak import Traffic, look
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from tests.cli.conftest import HASH_DAEMON, end
from tests.core.load.askers import Indexing

WARM_UP, REQUESTS = 100, 300


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks into /proc")
def test_descriptors_threads_and_files_stay_as_they_are_and_nothing_breaks(tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    home = Home.locate(str(tmp_path / "home"))
    try:
        with ensure_daemon(home, command=HASH_DAEMON, timeout_s=90) as client:
            Indexing(home, tmp_path / "music").next()
            folders = [temporary, home.cache]
            Traffic(home, WARM_UP).run()
            before = look(client.run.pid, 0, folders)
            traffic = Traffic(home, REQUESTS)
            traffic.run()
            time.sleep(0.5)  # connections end
            after = look(client.run.pid, REQUESTS, folders)
    finally:
        end(home)

    assert sum(traffic.ended.values()) == REQUESTS
    assert traffic.ended["good"] == REQUESTS * 9 / 10
    assert not [what for what in traffic.ended if what.startswith(("BROKEN", "lost"))]
    assert after.descriptors <= before.descriptors + 2
    assert after.threads <= before.threads + 2
    assert after.temporary <= before.temporary
    assert after.own_mib <= before.own_mib + 8
