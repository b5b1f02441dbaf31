"""A network of its own for programs that listen on all addresses of the machine."""

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET


@contextmanager
def apart() -> Iterator[ThreadPoolExecutor]:
    """Give a thread whose sockets, and those of the programs it starts, have nothing but loopback."""
    with ThreadPoolExecutor(1) as pool:
        if shutil.which("ip") is None or not pool.submit(_leave).result():
            pytest.skip(
                "no network namespace can be made here (that takes root and the program ip)"
            )
        yield pool


def _leave() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK) != 0:
        return False
    done = subprocess.run(["ip", "link", "set", "lo", "up"], check=False, capture_output=True)
    return done.returncode == 0
