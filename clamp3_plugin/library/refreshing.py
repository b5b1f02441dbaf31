"""A library that others write, looked at again and again: what they put in is found a minute later."""

import logging
import threading

from clamp3_plugin.errors import LibraryDamagedError
from clamp3_plugin.library.library import Library

EVERY_S = 60.0
_log = logging.getLogger(__name__)


class Refreshing:
    """Looks in a thread of its own, from construction to ``close``."""

    def __init__(self, library: Library, every_s: float = EVERY_S) -> None:
        self._library = library
        self._every_s = every_s
        self._ended = threading.Event()
        threading.Thread(target=self._look, name="refreshing", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._ended.set()

    def _look(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                if self._library.refresh():
                    _log.info("the library has changed")
            except LibraryDamagedError as error:  # the next look may find the network again
                _log.warning("the library cannot be looked at: %s", error.message)
