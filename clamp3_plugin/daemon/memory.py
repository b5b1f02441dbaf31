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

from clamp3_plugin.daemon.state import memory_bytes

EVERY_S = 1.0
_LITTLE_BYTES = 1 << 20
STEP_BYTES = 4 << 20
"""Growth after which it is worth while: what was given back has to be fetched again, 0.5 ms a MiB."""
_M_ARENA_MAX = -8  # malloc.h
_HEAPS = 2


def keep_few_heaps() -> None:
    """Share two heaps among all threads; call it before there are many."""
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, _HEAPS)


class GivingBack:
    """Returns to the system what is free: once the process has grown, and until there is no more of it.

    What was in use the first time, as the rows of a batch, is free the next time.
    """

    def __init__(self, every_s: float = EVERY_S, step_bytes: int = STEP_BYTES) -> None:
        self._every_s = every_s
        self._step_bytes = step_bytes
        self._next = time.monotonic() + every_s
        self._left = 0
        """Bytes that the process held when it had given back, or fewer if it held fewer since."""
        self._is_settled = True

    def when_due(self) -> None:
        """Begin, if it is worth while; returns at once."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every_s
        held = memory_bytes()
        self._left = min(self._left, held)
        if held >= self._left + self._step_bytes or not self._is_settled:
            threading.Thread(target=self._give_back, name="giving-back", daemon=True).start()

    def _give_back(self) -> None:
        give_back()
        left = memory_bytes()
        self._is_settled = abs(left - self._left) < _LITTLE_BYTES
        self._left = left


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
