"""The listener with whatever answers, in a thread; and the bridge as a process before a daemon."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from clamp3_bridges.osc import listener
from clamp3_bridges.osc.asking import Ask
from clamp3_plugin.config import Home
from tests.bridges.osc.peer import Peer
from tests.bridges.serving import Bridge, bridging
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
def running(served: Home) -> Iterator[Bridge]:
    """``clamp3 bridge osc`` as a process."""
    with bridging(served) as bridge:
        yield bridge


@pytest.fixture
def peer(running: Bridge) -> Iterator[Peer]:
    """Somebody who asks that bridge and knows its token."""
    with running.peer() as peer:
        yield peer
