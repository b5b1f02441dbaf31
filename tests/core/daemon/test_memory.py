"""A daemon's heaps: few, and handed back."""

import subprocess
import sys

import pytest

_HEAPS = """
import ctypes, sys, threading
from clamp3_plugin.daemon.memory import keep_few_heaps

if sys.argv[1] == "few":
    keep_few_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
meet = threading.Barrier(8)

def take():
    meet.wait()
    libc.malloc(100)
    meet.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.stdout.flush()
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc is that of Linux")
def test_many_threads_share_few_heaps():
    def heaps(how: str) -> int:
        command = [sys.executable, "-c", _HEAPS, how]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return done.stdout.count("<heap nr=")

    assert heaps("few") <= 2 < heaps("many")
