"""Open a file where it was seen: a link that has taken the place of anything on the way leads nowhere.

Between the moment in which a folder is looked at and that in which its files are opened, anybody who
may write there can put a link to another file in the place of one of them, or of the folder.
"""

import ctypes
import errno
import functools
import os
import stat
import sys
from collections.abc import Callable
from pathlib import PurePath

_OPENAT2 = 437  # on every kind of machine that Linux runs on but one
_HERE = -100
_NO_LINKS = 0x04 | 0x02  # RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS
_NOT_SERVED = frozenset({errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.E2BIG})
_FOLDER = os.O_RDONLY | sum(
    getattr(os, n, 0) for n in ("O_PATH", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC")
)
_PLAIN = os.O_RDONLY | sum(getattr(os, n, 0) for n in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_FLAGS = _PLAIN | getattr(os, "O_NOFOLLOW", 0)


class _How(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def open_named(path: str | os.PathLike[str]) -> int:
    """Open a path that a user names, links and all, and give the descriptor.

    Raises
    ------
    OSError
        It cannot be opened.
    """
    return os.open(path, _PLAIN)


def open_resolved(path: str | os.PathLike[str]) -> int:
    """Open a path without links for reading, and give the descriptor; nothing hangs on a pipe.

    Raises
    ------
    OSError
        It cannot be opened; ``ELOOP`` where a link lies on the way.
    ValueError
        There is a NUL in the path.
    """
    name = os.fspath(path)
    if "\0" in name:
        raise ValueError("embedded null byte")
    call = _openat2()
    if call is not None:
        descriptor = call(os.fsencode(name))
        if descriptor >= 0:
            return descriptor
        if (number := ctypes.get_errno()) not in _NOT_SERVED:
            raise OSError(number, os.strerror(number), name)
    return _open_step_by_step(name) if os.open in os.supports_dir_fd else _open_and_compare(name)


@functools.cache
def _openat2() -> Callable[[bytes], int] | None:
    """Give the system call that refuses links by itself; None where there is none."""
    if sys.platform != "linux":
        return None
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    how = _How(_FLAGS, 0, _NO_LINKS)

    def opened(name: bytes) -> int:
        size = ctypes.c_size_t(ctypes.sizeof(how))
        return int(call(ctypes.c_long(_OPENAT2), _HERE, name, ctypes.byref(how), size))

    return opened


def _open_step_by_step(name: str) -> int:
    """Open each folder on the way in the one before it: what is open cannot be swapped any more."""
    path = PurePath(name)
    *folders, last = path.relative_to(path.anchor).parts or (name,)
    here = os.open(path.anchor or ".", _FOLDER)
    try:
        for folder in folders:
            below = _open_below(here, folder, _FOLDER)
            os.close(here)
            here = below
        return _open_below(here, last, _FLAGS)
    finally:
        os.close(here)


def _open_below(folder: int, name: str, flags: int) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except NotADirectoryError:  # what Linux says of a link where a folder was asked for
        if stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name) from None
        raise


def _open_and_compare(name: str) -> int:
    """Open, and see afterwards whether it was by way of a link.

    For Windows, where nothing better is at hand: whoever swaps twice at the right moments is not seen.
    """
    descriptor = os.open(name, _FLAGS)
    try:
        is_direct = os.path.normcase(os.path.realpath(name)) == os.path.normcase(name)
        if is_direct and os.path.samestat(os.fstat(descriptor), os.lstat(name)):
            return descriptor
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
