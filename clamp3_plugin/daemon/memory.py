"""The memory of a process that stays: few heaps, and back to the system what is free in them.

glibc gives every thread that meets another in ``malloc`` a heap of its own, up to eight a processor, and
what is freed in one is not used by the others. LanceDB brings dozens of threads, so each run of the
indexer left a little behind. Other systems do nothing of the kind, and nothing is done there.
"""

import ctypes
import sys

_M_ARENA_MAX = -8  # malloc.h
_HEAPS = 2


def keep_few_heaps() -> None:
    """Share two heaps among all threads; call it before there are many."""
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, _HEAPS)


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
