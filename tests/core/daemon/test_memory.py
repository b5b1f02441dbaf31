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


_HOLE = """
import ctypes, pathlib, sys
from clamp3_plugin.daemon.memory import GivingBack

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
pages = lambda: int(pathlib.Path("/proc/self/statm").read_text().split()[1])
blocks = [libc.malloc(100_000) for _ in range(500)]
for block in blocks:
    ctypes.memset(block, 1, 100_000)
stays = libc.malloc(100_000)
for block in blocks:
    libc.free(block)
before = pages()
due = GivingBack(float(sys.argv[1]), int(sys.argv[2]))
due.when_due()
for thread in __import__("threading").enumerate()[1:]:
    thread.join()
print((before - pages()) * 4096 > 40_000_000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc is that of Linux")
@pytest.mark.parametrize(
    ("every_s", "step_bytes", "given_back"),
    [("0", "10000000", "True"), ("60", "10000000", "False"), ("0", "1000000000", "False")],
    ids=["due", "not yet", "not grown"],
)
def test_what_is_free_behind_something_that_stays_is_given_back(every_s, step_bytes, given_back):
    command = [sys.executable, "-c", _HOLE, every_s, step_bytes]
    done = subprocess.run(command, check=True, capture_output=True, text=True)

    assert done.stdout.strip() == given_back
