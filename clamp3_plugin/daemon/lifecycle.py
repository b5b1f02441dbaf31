"""From lock to farewell: how a daemon starts, serves and leaves.

Start: lock, open the library, listen, publish the run file, load the model meanwhile. End: by
signal, by request or by idleness; stop listening, give what runs five seconds, remove the run file.
"""

import asyncio
import contextlib
import functools
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from clamp3_plugin import __version__
from clamp3_plugin.config import Config, Home
from clamp3_plugin.daemon import log
from clamp3_plugin.daemon.app import Daemon, create_app
from clamp3_plugin.daemon.memory import GivingBack, keep_few_heaps
from clamp3_plugin.daemon.room import lack_of_room
from clamp3_plugin.daemon.runfile import DaemonLock, publish, withdraw
from clamp3_plugin.daemon.service import Service
from clamp3_plugin.daemon.temporary import keep_to_ourselves, leave_nothing
from clamp3_plugin.daemon.tidying import Tidying
from clamp3_plugin.wire import API_VERSION, RunFile

GRACE_S = 5
HEAD_PATIENCE_S = 10.0
MAX_CONNECTIONS = 64
_log = logging.getLogger(__name__)


def serve(home: Home, config: Config, make_service: Callable[[], Service]) -> int:
    """Serve until told to stop; gives the exit code.

    Call it in the main thread of a process that does nothing else.

    Raises
    ------
    NoDaemonError
        Another daemon serves this home, or its run folder is open to others.
    Clamp3Error
        What ``make_service`` raises.
    """
    os.umask(0o077)
    _share_the_processor()
    keep_few_heaps()
    home.create()
    lock = DaemonLock(home)
    home.run_file.unlink(missing_ok=True)  # of a daemon that was killed: we may listen on its port
    log.begin(home.log_file)
    keep_to_ourselves(home)
    service = make_service()
    listener = _listen(home)
    run = RunFile(
        os.getpid(),
        listener.getsockname()[1],
        secrets.token_urlsafe(32),
        datetime.now(UTC).isoformat(timespec="seconds"),
        API_VERSION,
        __version__,
    )
    server = _Server(home, config, service, run)
    asyncio.run(server.serve(sockets=[listener]))
    leave_nothing(home)
    withdraw(home, run)
    lock.release()
    _log.info("left")
    if server.unfinished:
        logging.shutdown()
        os._exit(0)  # a thread hangs in foreign code; the library survives any moment of death
    return 0


class _Server(uvicorn.Server):
    """uvicorn, with our start and our end."""

    def __init__(self, home: Home, config: Config, service: Service, run: RunFile) -> None:
        self._home = home
        self._keep_alive_s = config.keep_alive_s
        self._is_far = bool(config.library)
        self._run_file = run
        self.unfinished = False
        self._daemon = Daemon(service, self._stop, cache=home.cache, state=home.state)
        self._daemon.jobs.lack_of_room = functools.partial(lack_of_room, home.library)
        self._tidying = Tidying(self._daemon)
        self._giving_back = GivingBack()
        app = create_app(self._daemon, token=run.token, port=run.port)
        super().__init__(
            uvicorn.Config(
                app,
                http=_PatientProtocol,
                ws="none",
                lifespan="off",
                h11_max_incomplete_event_size=16384,
                limit_concurrency=MAX_CONNECTIONS,
                proxy_headers=False,
                server_header=False,
                access_log=False,
                log_config=None,
                timeout_graceful_shutdown=GRACE_S,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals as a wish to stop; uvicorn's way dies of them before it has tidied up."""
        names = [signal.SIGTERM, signal.SIGINT]
        before = [signal.signal(name, lambda *_: self._stop()) for name in names]
        try:
            yield
        finally:
            for name, handler in zip(names, before, strict=True):
                signal.signal(name, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say where; load the model and watch for idleness."""
        await super().startup(sockets)
        publish(self._home, self._run_file)
        _log.info("serving, pid %d, port %d", self._run_file.pid, self._run_file.port)
        self._daemon.loading.begin()

    async def on_tick(self, counter: int) -> bool:
        """Leave after long idleness; called ten times a second."""
        if self._daemon.jobs.active:
            self._daemon.activity.touch()
        if not self._is_far:  # there its writer tidies
            self._tidying.when_idle()
        self._giving_back.when_due()
        self._daemon.watching.look()
        if 0 < self._keep_alive_s < self._daemon.activity.idle_s:
            _log.info("idle for %.0f s", self._daemon.activity.idle_s)
            return True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what runs; give it some seconds."""
        begun = time.monotonic()
        _log.info("stopping")
        jobs = asyncio.create_task(asyncio.to_thread(self._daemon.jobs.stop, GRACE_S))
        await super().shutdown(sockets)
        ended = await jobs
        loading = self._daemon.loading.state == "loading"
        self.unfinished = not ended or loading or self._daemon.activity.under_way > 0
        self._daemon.close()
        _log.info("stopped after %.1f s", time.monotonic() - begun)

    def _stop(self) -> None:
        self.should_exit = True


class _PatientProtocol(H11Protocol):
    """h11 that hangs up on who connects and then does not ask."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._patience = self.loop.call_later(HEAD_PATIENCE_S, self._hang_up_if_silent)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection at once: it holds its request, up to 64 MiB of it."""
        self._patience.cancel()
        super().connection_lost(exc)

    def _hang_up_if_silent(self) -> None:
        if getattr(self, "cycle", None) is None:  # uvicorn's annotation knows no None
            self.transport.close()


def _share_the_processor() -> None:
    """Leave real-time scheduling, which a DAW's engine hands down: a model at work would starve all else."""
    if sys.platform == "linux":
        policy = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
        if policy in {os.SCHED_FIFO, os.SCHED_RR}:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _listen(home: Home) -> socket.socket:
    """Listen on this machine only: on the port of last time, so that pages find back, or any other."""
    listener = _socket()
    remembered = home.state / "port"
    try:
        listener.bind(("127.0.0.1", int(remembered.read_text("ascii"))))
        listener.listen(128)
    except (OSError, ValueError, OverflowError):  # no file, no number, or somebody else's by now
        listener.close()
        listener = _socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
    remembered.write_text(str(listener.getsockname()[1]), "ascii")
    listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
    return listener


def _socket() -> socket.socket:
    """Make a socket whose port can be had again at once by the next daemon, which needs the same of ours."""
    # named TCP, so that asyncio switches Nagle's algorithm off: with it an answer in two parts waits 40 ms
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere it would let another program take the port while we listen
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made
