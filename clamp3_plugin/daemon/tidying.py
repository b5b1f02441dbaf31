"""Housekeeping while nobody asks: old versions of the library go, and what dead writers left behind."""

import logging
import threading
import time

from clamp3_plugin.daemon.app import Daemon
from clamp3_plugin.errors import Clamp3Error

IDLE_S = 30.0
EVERY_S = 3600.0
_log = logging.getLogger(__name__)


class Tidying:
    """Compacts the library once the daemon has been idle for a while, and then once an hour."""

    def __init__(self, daemon: Daemon, idle_s: float = IDLE_S, every_s: float = EVERY_S) -> None:
        self._daemon = daemon
        self._idle_s = idle_s
        self._every_s = every_s
        self._last: float | None = None

    def when_idle(self) -> None:
        """Begin, if it is time; returns at once."""
        now = time.monotonic()
        due = self._last is None or now - self._last > self._every_s
        ready = self._daemon.loading.state == "ready" and not self._daemon.jobs.active
        if due and ready and self._daemon.activity.idle_s > self._idle_s:
            self._last = now
            threading.Thread(target=self._tidy, name="tidying", daemon=True).start()

    def _tidy(self) -> None:
        begun = time.monotonic()
        try:
            changed = self._daemon.service.compact()
        except Clamp3Error as error:
            _log.warning("tidying ended with %s", error.code)
        else:
            _log.info("tidied in %.1f s: %s", time.monotonic() - begun, dict(changed))
