"""What the daemon knows of itself: whether its model is ready, who is asking, what lies uploaded."""

import asyncio
import hashlib
import logging
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(slots=True)
class _Upload:
    name: str
    data: bytes
    added: float
    """When it was handed over last, by ``time.monotonic``."""


class Uploads:
    """Files handed over to be asked with, in memory and for some minutes.

    A file that is handed over again, as a score is for each place in it, is kept once.
    """

    def __init__(self, most_bytes: int = 128 << 20, keep_s: float = 600.0) -> None:
        self._most_bytes = most_bytes
        self._keep_s = keep_s
        self._files: OrderedDict[str, _Upload] = OrderedDict()
        self._key = secrets.token_bytes(16)
        self._lock = threading.Lock()

    def add(self, name: str, data: bytes) -> str:
        """Keep a file; those go whose time is over, and the oldest while there is no room."""
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), key=self._key)
        digest.update(b"\0" + hashlib.sha256(data).digest())
        upload_id = digest.hexdigest()[:16]
        with self._lock:
            self._files[upload_id] = _Upload(name, data, time.monotonic())
            self._files.move_to_end(upload_id)
            self._let_go()
        return upload_id

    def get(self, upload_id: str) -> tuple[str, bytes]:
        """Give name and bytes.

        Raises
        ------
        MissingFileError
            There is none of that id, or no more.
        """
        with self._lock:
            self._let_go()
            upload = self._files.get(upload_id)
        if upload is None:
            hint = "Upload it again; uploads are kept for some minutes."
            raise MissingFileError(f"There is no upload {upload_id[:32]!r}.", hint)
        return upload.name, upload.data

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._files)

    def _let_go(self) -> None:
        over = time.monotonic() - self._keep_s
        size = sum(len(upload.data) for upload in self._files.values())
        while self._files:
            oldest = next(iter(self._files.values()))
            if oldest.added >= over and size <= self._most_bytes:
                return
            size -= len(oldest.data)
            self._files.popitem(last=False)


def memory_bytes() -> int:
    """Tell how much memory this process holds; 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0
    return int(statm.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
