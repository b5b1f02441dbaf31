"""The listener with whatever answers, in a thread; and the bridge as a process before a daemon."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from clamp3_bridges.osc import listener
from clamp3_bridges.osc.asking import Ask
from clamp3_bridges.osc.secret import token_file
from clamp3_plugin.config import Home
from tests.bridges.osc.peer import Peer, free_port
from tests.cli.conftest import music, process, served

__all__ = ["music", "process", "served"]

TOKEN = "a-token-of-the-tests-with-43-characters-abc"  # noqa: S105 - of the tests alone

Serve = Callable[[Ask], Peer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Run a listener in a thread; gives somebody who knows its token."""
    with ExitStack() as stack:

        def serve(ask: Ask) -> Peer:
            port = stack.enter_context(listening(ask))
            return stack.enter_context(Peer(port, TOKEN))

        yield serve


@contextmanager
def listening(ask: Ask) -> Iterator[int]:
    sock = listener.bind(0)
    port = sock.getsockname()[1]
    loop = asyncio.new_event_loop()
    task = loop.create_task(listener.listen(sock, TOKEN, ask, listener.Counts()))
    thread = threading.Thread(target=_run, args=(loop, task))
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(30)


def _run(loop, task):
    try:
        loop.run_until_complete(task)
    except asyncio.CancelledError:
        loop.run_until_complete(asyncio.sleep(0))  # lets the socket close
    finally:
        loop.close()


@pytest.fixture(scope="session")
def running(served: Home) -> Iterator[tuple[int, int]]:
    """``clamp3 bridge osc`` as a process; gives its port and its number."""
    port = free_port()
    command = [sys.executable, "-m", "clamp3_cli", "--home", str(served.run.parent), "bridge"]
    process = subprocess.Popen([*command, "osc", "--port", str(port)], stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        assert str(port).encode() in process.stdout.readline()
        for _ in range(2):
            process.stdout.readline()
        yield port, process.pid
        process.send_signal(signal.SIGINT)
        process.wait(20)


@pytest.fixture(scope="session")
def bridge(running: tuple[int, int]) -> int:
    """The port of that process."""
    return running[0]


@pytest.fixture
def peer(bridge: int, served: Home) -> Iterator[Peer]:
    """Somebody who asks that bridge and knows its token."""
    with Peer(bridge, token_file(served).read_text().strip()) as peer:
        yield peer
