"""What a program and its workers do while nobody looks: files that they open, memory that they hold."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_CALLS = "open,openat,openat2,creat,execve,connect"
_TRIED = re.compile(r'"((?:[^"\\]|\\.)*)".* = -1 ')
_GOT = re.compile(r" = \d+<(/(?:[^>\\]|\\.)*)>(?:\(deleted\))?$")
_EVERY_S = 0.02


@dataclass
class Watch:
    """What was seen; it grows while the program runs."""

    log: Path
    """What strace writes; absent where there is no strace."""
    peak: int = 0
    """Most bytes that the program and its workers held together."""
    before: int = 0
    """Bytes that they held at first."""
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def lines(self) -> list[str]:
        """System calls so far, as strace writes them."""
        return self.log.read_text("utf-8", "replace").splitlines()

    def opened(self) -> list[str]:
        """Files that were opened, links resolved, and those that were tried in vain."""
        return opened_in(self.lines)

    def reached(self) -> list[str]:
        """Programs that were started and addresses that were connected to."""
        local = ("AF_UNIX", "AF_UNSPEC")
        calls = [line for line in self.lines if "connect(" in line or "execve(" in line]
        return [line for line in calls if not any(name in line for name in local)]


def opened_in(lines: Iterable[str]) -> list[str]:
    """Give the files that were opened by what strace writes, links resolved, or tried in vain."""
    calls = [line for line in lines if "open" in line or "creat" in line]
    found = [_GOT.search(line) or _TRIED.search(line) for line in calls]
    paths = [match[1].encode().decode("unicode_escape") for match in found if match]
    return [path for path in paths if path.startswith("/")]


@contextmanager
def watch(pid: int, folder: Path) -> Iterator[Watch]:
    """Watch a process and its children, those to come included."""
    seen = Watch(folder / "strace.log", before=held(pid))
    strace = shutil.which("strace")
    tracer = None
    if strace is not None:
        command = [
            strace,
            "-f",
            "-q",
            "-y",
            "-s",
            "4096",
            "-e",
            f"trace={_CALLS}",
            "-o",
            str(seen.log),
        ]
        tracer = subprocess.Popen([*command, "-p", str(pid)], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not _is_traced(pid) and tracer.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
    sampler = threading.Thread(target=_sample, args=(pid, seen), daemon=True)
    sampler.start()
    try:
        yield seen
    finally:
        seen._over.set()
        sampler.join()
        if tracer is not None:
            tracer.send_signal(signal.SIGTERM)
            tracer.wait()


def is_watched(seen: Watch) -> bool:
    """Tell whether system calls are seen: strace is there and may trace."""
    return seen.log.exists() and bool(seen.lines)


def foreign(paths: list[str], own: list[Path]) -> list[str]:
    """Give the paths that are neither below some folders nor a part of Python or the system.

    What the system tells of the process itself is no file.
    """
    fixed = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    roots = [*map(str, own), *fixed, sys.prefix, sys.base_prefix, *filter(None, sys.path)]
    roots += ["/usr/lib", "/lib", "/usr/share/locale/", "/usr/share/zoneinfo/", "/dev/urandom"]
    roots += ["/etc/ld.so.", "/etc/localtime", "/etc/locale.alias", "/etc/ssl/openssl.cnf"]
    roots += ["/dev/null", "/sys/devices/system/cpu", "/proc/sys/vm/overcommit_memory"]
    harmless = re.compile(r"/proc/(self|\d+)/(stat|statm|status|task/.*|maps|cgroup)|/proc/[a-z]+")
    left = {path for path in paths if not path.startswith(tuple(roots))}
    return sorted(path for path in left if not harmless.fullmatch(path))


def held(pid: int) -> int:
    """Bytes that a process and its children hold in memory; 0 where the system does not say.

    A child that was only just forked has its parent's name yet, and its parent's memory.
    """
    name = _command(pid)
    grown = [each for each in _children(pid) if _command(each) != name]
    return sum(_resident(each) for each in (pid, *grown))


def _sample(pid: int, seen: Watch) -> None:
    while not seen._over.wait(_EVERY_S):
        seen.peak = max(seen.peak, held(pid))


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, listing.read_text().split())
        except OSError:  # a thread that ended meanwhile
            continue
    return found


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _is_traced(pid: int) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return any(line.startswith("TracerPid:") and line.split()[1] != "0" for line in lines)
