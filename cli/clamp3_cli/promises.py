"""The promises of this program, each tried on this machine: what ``clamp3 doctor`` adds to its list.

A promise is kept by something of this machine (its disk, its locks, its network), so it is tried where
it is needed, with things of our own that are gone afterwards.
"""

import os
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clamp3_cli import output
from clamp3_plugin.client.connection import connect, exchange, read_run_file
from clamp3_plugin.config import Home
from clamp3_plugin.errors import InputRefusedError, LibraryBusyError, NoDaemonError
from clamp3_plugin.wire import RunFile

_SLOW_DISK_S = 0.5
_PATIENCE_S = 10.0
_BROKEN = b"MThd\0\0\0\6\0\1\xff\xff\0\x60MTrk\x7f\xff\xff\xff"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    state: str
    """``ok``, ``warn`` or ``fail``."""
    what: str
    text: str


def keeping(home: Home) -> Iterator[Finding]:
    """Nothing lost: the disk keeps what it is given, and two programs never write at once."""
    from clamp3_plugin.library.durable import write_private  # noqa: PLC0415 - LanceDB's package
    from clamp3_plugin.library.lock import WriterLock  # noqa: PLC0415 - as above

    home.create()
    with tempfile.TemporaryDirectory(dir=home.data, prefix=".doctor-") as folder:
        begun = time.perf_counter()
        write_private(Path(folder, "kept"), bytes(4096))
        took_s = time.perf_counter() - begun
        lock = WriterLock(Path(folder, "lock"))
        try:
            WriterLock(Path(folder, "lock")).release()
        except LibraryBusyError:
            alone = True
        else:
            alone = False
        lock.release()
    text = f"What is indexed survives a power cut: the disk keeps it within {1000 * took_s:.0f} ms."
    if took_s > _SLOW_DISK_S:
        yield Finding("warn", "keeping", f"{text} That is slow, and indexing will be.")
    else:
        yield Finding("ok", "keeping", text)
    if alone:
        yield Finding("ok", "keeping", "Two programs cannot write to your library at once.")
    else:
        yield Finding(
            "fail",
            "keeping",
            f"The disk of {home.data} cannot keep two programs apart (a network disk?): set"
            " CLAMP3_HOME to a folder on a disk of this machine.",
        )


def reading(_home: Home) -> Iterator[Finding]:
    """Nothing hangs: a broken file is refused, by a process that has nothing to lose."""
    from clamp3_plugin.readers.apart.formats import ApartFormats  # noqa: PLC0415 - starts a process

    formats = ApartFormats()
    begun = time.perf_counter()
    try:
        formats.read_bytes(_BROKEN, "broken.mid")
    except InputRefusedError:
        took_s = time.perf_counter() - begun
        text = f"A broken file is refused and harms nothing (tried one, {took_s:.1f} s)."
        yield Finding("ok", "reading", text)
    else:
        yield Finding("fail", "reading", "A broken file was taken for music: please report this.")
    finally:
        formats.close()


def strangers(home: Home) -> Iterator[Finding]:
    """Nobody in: the secret is private, and without it the daemon tells nothing."""
    try:
        run = read_run_file(home)
    except NoDaemonError:
        yield Finding("ok", "secrecy", "No daemon runs, so nobody can ask it anything.")
        return
    yield from _private(home)
    try:
        let_in = [name for name, head in _strange(run).items() if _status(run, head) < 400]
    except NoDaemonError as error:
        yield Finding("warn", "secrecy", str(error))
        return
    if let_in:
        text = f"The daemon answered {', '.join(let_in)}: stop it and please report this."
        yield Finding("fail", "secrecy", text)
    else:
        text = "Web pages and other people's programs get nothing from the daemon (tried 4 ways)."
        yield Finding("ok", "secrecy", text)
    if outside := _reachable_from_outside(run.port):
        text = f"The daemon can be reached from other machines, at {outside}: please report this."
        yield Finding("fail", "secrecy", text)
    else:
        yield Finding("ok", "secrecy", "Other machines cannot reach the daemon.")


def _private(home: Home) -> Iterator[Finding]:
    open_to_others = [
        path
        for path in (home.run, home.run_file, home.run / "osc.token", home.log_file)
        if os.name == "posix" and path.exists() and path.stat().st_mode & 0o077
    ]
    for path in open_to_others:
        yield Finding("fail", "secrecy", f"Others can read {path}: chmod go= {path}")
    if not open_to_others:
        yield Finding("ok", "secrecy", "The daemon's secret and its log are for your eyes only.")


def _strange(run: RunFile) -> dict[str, Sequence[str]]:
    """Write the heads of requests that must be refused."""
    here, right = f"127.0.0.1:{run.port}", f"Authorization: Bearer {run.token}"
    return {
        "without the secret": [f"Host: {here}"],
        "a wrong secret": [f"Host: {here}", "Authorization: Bearer wrong"],
        "a web page": [f"Host: {here}", right, "Origin: http://example.org"],
        "a false name": [f"Host: {here}.example.org", right],
    }


def _status(run: RunFile, head: Sequence[str]) -> int:
    request = "\r\n".join(["GET /v1/library HTTP/1.1", *head, "Connection: close", "", ""])
    return exchange(connect(run), request.encode("ascii"), _PATIENCE_S).status


def _reachable_from_outside(port: int) -> str:
    """Try the daemon's port at the addresses by which others know this machine."""
    try:
        known = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), port)}
    except OSError:
        known = set()
    for address in known:
        if not address.startswith(("127.", "::1")):
            try:
                socket.create_connection((address, port), timeout=1.0).close()
            except OSError:
                continue
            return output.shown(address)
    return ""


PROMISES = (keeping, reading, strangers)
