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

EVERY_S = 0.5
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
    """Returns to the system what is free, once there may be some MiB of it."""

    def __init__(self, every_s: float = EVERY_S, step_bytes: int = STEP_BYTES) -> None:
        self._every_s = every_s
        self._step_bytes = step_bytes
        self._next = time.monotonic() + every_s
        self._least = 0
        """Bytes that the process held when it held the least since it last gave back."""

    def when_due(self) -> None:
        """Begin, if the process has grown; returns at once."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every_s
        held = memory_bytes()
        self._least = min(self._least, held)
        if held >= self._least + self._step_bytes:
            self._least = held  # until it is known better: one at a time
            threading.Thread(target=self._give_back, name="giving-back", daemon=True).start()

    def _give_back(self) -> None:
        give_back()
        self._least = memory_bytes()


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
