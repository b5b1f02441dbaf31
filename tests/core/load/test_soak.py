"""P10 of the promises, at the size of CI: what a daemon holds stays as it is, whatever it is asked.

20,000 requests, and the slope of its memory, are ``make soak``.

Negative control, 2026-11-30: a descriptor kept for each request, 235 more were counted.
"""

import itertools
import sys
from pathlib import Path

import pytest

from clamp3_plugin.client import Client
from clamp3_plugin.config import Home
from clamp3_plugin.query import Query, Source
from tests.core.promises.conftest import served
from tests.hostile import http_requests, json_bodies
from tests.hostile.case import RequestCase
from tests.hostile.corpus import GOOD_TUNE
from tests.hostile.sending import send

__all__ = ["served"]

WARM_UP, REQUESTS = 120, 240
_MORE_MIB = 16
_SLOW = 2  # descriptors and threads of what is just ending


def held(pid: int, home: Home) -> tuple[float, int, int, int]:
    """Give MiB, descriptors and threads of a process, and the files in a home."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return (
        int(status["VmRSS"].split()[0]) / 1024,
        len(list(Path(f"/proc/{pid}/fd").iterdir())),
        int(status["Threads"]),
        sum(path.is_file() for path in home.run.parent.rglob("*")),
    )


def ask(client: Client, number: int, bad: RequestCase) -> None:
    """Ask for one thing: nine good ones for a hostile one."""
    match number % 10:
        case 0:
            send(client.run, bad.write)
        case 1 | 2 | 3:
            tune = GOOD_TUNE.replace("The good one", f"Number {number}").encode()
            client.find(Query((Source(name="asked.abc", data=tune),)))
        case 4:
            client.upload(f"{number}.abc", GOOD_TUNE.encode())
        case 5:
            client.status()
        case _:
            client.find(Query((Source(text=f"air {number}"),)))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_memory_descriptors_threads_and_files_stay_as_they_are(served: Home):
    bad = itertools.cycle([*json_bodies.cases(), *http_requests.cases()])
    with Client.connect(served) as client:
        for number in range(WARM_UP):
            ask(client, number, next(bad))
        before = held(client.run.pid, served)

        for number in range(REQUESTS):
            ask(client, number, next(bad))
        after = held(client.run.pid, served)

    assert after[0] - before[0] < _MORE_MIB
    assert max(after[1] - before[1], after[2] - before[2]) <= _SLOW
    assert after[3] - before[3] <= _SLOW  # a commit may write one file and not have removed another
