"""P12 of the promises: of five that start at once exactly one gets the lock, twenty times over.

The start of whole daemons is tried once in ``tests/core/daemon/test_daemon.py``; the lock is what decides.

Negative controls, 2026-11-30: the lock not taken, all five served; the port of a dead daemon asked and its run
file left, the second test failed.
"""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from clamp3_plugin.daemon.runfile import publish
from tests.core.daemon.conftest import COMMAND

ROUNDS, STARTED = 20, 5
CONTENDER = """
import sys
from clamp3_plugin.config import Home
from clamp3_plugin.daemon.runfile import AlreadyServingError, DaemonLock
home = Home.locate(sys.argv[1])
for line in sys.stdin:
    try:
        lock = DaemonLock(home)
    except AlreadyServingError:
        lock = None
    print("serves" if lock else "leaves", flush=True)
    sys.stdin.readline()
    if lock:
        lock.release()
    print("over", flush=True)
"""


def test_of_five_at_once_one_serves_twenty_times_over(tmp_path: Path):
    home = Home.locate(str(tmp_path / "home")).create()
    command = [sys.executable, "-c", CONTENDER, str(home.run.parent)]
    contenders = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(STARTED)
    ]

    def ask_all() -> list[str]:
        for each in contenders:
            assert each.stdin is not None
            each.stdin.write("now\n")
            each.stdin.flush()
        return sorted(str(each.stdout and each.stdout.readline().strip()) for each in contenders)

    rounds = []
    for _ in range(ROUNDS):
        rounds.append(ask_all())
        assert ask_all() == ["over"] * STARTED
    for each in contenders:
        each.communicate()

    assert rounds == [["leaves"] * (STARTED - 1) + ["serves"]] * ROUNDS


def test_a_port_that_another_program_took_and_a_file_that_names_a_living_process_need_nobody(
    tmp_path: Path,
):
    home = Home.locate(str(tmp_path / "home"))
    with ensure_daemon(home, command=COMMAND, timeout_s=90) as first:
        before = first.run
        first.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", before.port))
        taken.listen()  # and never answers
        publish(home, replace(before, pid=os.getpid()))

        with ensure_daemon(home, command=COMMAND, timeout_s=90) as client:
            assert client.run.port != before.port
            assert client.status()["pid"] == client.run.pid
            client.stop()
