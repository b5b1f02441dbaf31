"""What the daemon knows of itself: whether its model is ready, who is asking, what lies uploaded."""

import asyncio
import logging
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from clamp3_plugin.daemon.refusals import RefusedError
from clamp3_plugin.errors import Clamp3Error, DaemonBusyError, MissingFileError, NoModelError

_log = logging.getLogger(__name__)
_POLL_S = 0.02


class Loading:
    """The model, loaded in a thread of its own while the daemon already answers."""

    def __init__(self, load: Callable[[], None]) -> None:
        self._load = load
        self.state = "loading"
        """``loading``, ``ready`` or ``failed``."""
        self.error: Clamp3Error | None = None

    def begin(self) -> None:
        """Start loading."""
        threading.Thread(target=self._run, name="loader", daemon=True).start()

    async def ready(self, patience_s: float) -> None:
        """Wait until the model is there.

        Raises
        ------
        NoModelError
            It is not there in time.
        Clamp3Error
            Loading failed; the error it failed with.
        """
        deadline = time.monotonic() + patience_s
        while self.state == "loading":
            if time.monotonic() > deadline:
                raise NoModelError("The model is still loading.", "Try again in some seconds.")
            await asyncio.sleep(_POLL_S)
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        begun = time.monotonic()
        try:
            self._load()
        except Clamp3Error as error:
            self.error = error
        except Exception:  # noqa: BLE001 - outermost handler of this thread; the daemon lives on
            _log.exception("the model did not load")
            self.error = RefusedError(
                "internal", "The model did not load.", "See: clamp3 daemon logs"
            )
        self.state = "failed" if self.error else "ready"
        _log.info("model %s after %.1f s", self.state, time.monotonic() - begun)


class Activity:
    """Counts requests under way, and the idle seconds since the last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.under_way = 0
        self._last = time.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds since the last request ended; 0 while one is under way."""
        return 0.0 if self.under_way else time.monotonic() - self._last

    def touch(self) -> None:
        """Count this moment as busy."""
        self._last = time.monotonic()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request.

        Raises
        ------
        DaemonBusyError
            Too many are under way.
        """
        if self.under_way >= self._most:
            raise DaemonBusyError(f"{self._most} requests are under way.", "Try again in a moment.")
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1
            self.touch()


class Uploads:
    """Files handed over to be asked with, in memory and for some minutes."""

    def __init__(self, most_bytes: int = 128 << 20, keep_s: float = 600.0) -> None:
        self._most_bytes = most_bytes
        self._keep_s = keep_s
        self._files: OrderedDict[str, tuple[float, str, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, name: str, data: bytes) -> str:
        """Keep a file; the oldest go when there is no room."""
        upload_id = secrets.token_hex(8)
        with self._lock:
            self._files[upload_id] = (time.monotonic(), name, data)
            while sum(len(file[2]) for file in self._files.values()) > self._most_bytes:
                self._files.popitem(last=False)
        return upload_id

    def get(self, upload_id: str) -> tuple[str, bytes]:
        """Give name and bytes.

        Raises
        ------
        MissingFileError
            There is none of that id, or no more.
        """
        with self._lock:
            added, name, data = self._files.get(upload_id, (float("-inf"), "", b""))
            if time.monotonic() - added > self._keep_s:
                self._files.pop(upload_id, None)
                hint = "Upload it again; uploads are kept for some minutes."
                raise MissingFileError(f"There is no upload {upload_id[:32]!r}.", hint)
        return name, data


def memory_bytes() -> int:
    """Tell how much memory this process holds; 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0
    return int(statm.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
