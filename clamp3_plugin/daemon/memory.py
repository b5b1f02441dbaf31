"""The memory of a process that stays: few heaps, and back to the system what is free in them.

glibc gives every thread that meets another in ``malloc`` a heap of its own, up to eight a processor, and
what is freed in one is not used by the others. LanceDB brings dozens of threads, so each run of the
indexer left a little behind. And a heap gives back only its end: where something small that stays was put
behind something large that went, what lies between is kept. Other systems do nothing of the kind, and
nothing is done there.
"""

import ctypes
import sys
import threading
import time

EVERY_S = 15.0
_M_ARENA_MAX = -8  # malloc.h
_HEAPS = 2


def keep_few_heaps() -> None:
    """Share two heaps among all threads; call it before there are many."""
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, _HEAPS)


class GivingBack:
    """Returns to the system now and then what is free."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._next = time.monotonic() + every_s

    def when_due(self) -> None:
        """Begin, if it is time; returns at once."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every_s
            threading.Thread(target=give_back, name="giving-back", daemon=True).start()


def give_back() -> None:
    """Return to the system what is free; takes some milliseconds."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None  # musl has none
