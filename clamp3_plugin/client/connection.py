"""One request and its reply over loopback, on a raw socket.

http.client would cost a command 25 ms of imports (it brings the e-mail parser), the parts of HTTP
that our own daemon uses are few. One request a connection; one ``sendall`` for head and body, for
two writes would wait 40 ms for each other (Nagle and the delayed acknowledgement).
"""

import os
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from clamp3_plugin import wire
from clamp3_plugin.config import Home
from clamp3_plugin.errors import NoDaemonError, UsageError

CONNECT_TIMEOUT_S = 5.0
_RUN_FILE_LIMIT = 4096
_START = "Start it: clamp3 daemon start"


class GoneError(NoDaemonError):
    """The daemon hung up before it answered, or no longer knows the token: look again where it is."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    body: bytes


def read_run_file(home: Home) -> wire.RunFile:
    """Read where the daemon is; believe only a file that nobody else could have written.

    Raises
    ------
    NoDaemonError
        There is none, or it is not ours alone, or it is damaged.
    """
    path = home.run_file
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError as error:
        raise NoDaemonError("No daemon is running.", _START) from error
    except OSError as error:
        raise NoDaemonError(f"{path} cannot be read: {error.strerror}.", "Remove it.") from error
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        about = os.fstat(descriptor)
        if os.name == "posix" and (about.st_uid != os.geteuid() or about.st_mode & 0o077):
            mode = stat.filemode(about.st_mode)
            raise NoDaemonError(f"{path} is open to others ({mode}).", "Remove it, start again.")
        content = file.read(_RUN_FILE_LIMIT)
    try:
        return wire.RunFile.from_wire(wire.loads(content))
    except UsageError as error:
        raise NoDaemonError(f"{path} is damaged: {error.message}", _START) from error


def lives(home: Home) -> bool | None:
    """Tell whether a daemon lives, which may not listen yet; None where the system cannot say.

    It holds a lock from its start to its death. What a killed one leaves in the run file names a port
    that may be another program's by now, which must not hear what is asked.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on Windows

        file = os.open(home.run / "lock", os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def connect(run: wire.RunFile) -> socket.socket:
    """Open a connection to the daemon.

    Raises
    ------
    GoneError
        Nobody listens there.
    """
    # not create_connection: it looks the address up, which imports the tables of IDNA (4 ms)
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(CONNECT_TIMEOUT_S)
    try:
        connection.connect(("127.0.0.1", run.port))
    except (OSError, OverflowError) as error:
        connection.close()
        raise GoneError(f"The daemon (pid {run.pid}) no longer answers.", _START) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def exchange(connection: socket.socket, request: bytes, timeout_s: float) -> Reply:
    """Send a request, read the whole reply, hang up.

    Raises
    ------
    GoneError
        The daemon hung up without a word.
    NoDaemonError
        It did not answer in time, or what it answered is no HTTP or half a reply.
    """
    connection.settimeout(timeout_s)
    with connection:
        try:
            data = _converse(connection, request)
        except TimeoutError as error:
            hint = "See: clamp3 daemon logs"
            raise NoDaemonError(f"No answer from the daemon in {timeout_s:.0f} s.", hint) from error
    head, _, body = data.partition(b"\r\n\r\n")
    status = _status(head)
    length = _header(head, b"content-length")
    if length is not None and int(length) != len(body):
        raise NoDaemonError("The daemon died while it answered.", "See: clamp3 daemon logs")
    return Reply(status, body)


def stream(connection: socket.socket, request: bytes, timeout_s: float) -> Iterator[bytes]:
    """Send a request, give the lines of the reply as they come.

    Raises
    ------
    NoDaemonError
        As for ``exchange``; and a reply other than 200, by its error.
    """
    connection.settimeout(timeout_s)
    with connection, connection.makefile("rb") as file:
        try:
            connection.sendall(request)
            status = _status(file.readline())
            while file.readline().strip():
                pass
            if status != 200:
                raise wire.error_from_wire(wire.loads(file.read()))
            yield from file
        except OSError as error:
            raise GoneError("The daemon hung up.", "See: clamp3 daemon logs") from error


def write_request(
    run: wire.RunFile, method: str, path: str, body: bytes = b"", kind: str = "application/json"
) -> bytes:
    """Write the bytes of a request."""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{run.port}",
        f"Authorization: Bearer {run.token}",
        "Connection: close",
    ]
    if method == "POST":
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _converse(connection: socket.socket, request: bytes) -> bytes:
    """Send and read to the end; a daemon that refuses early answers while we still send."""
    refused: OSError | None = None
    parts: list[bytes] = []
    try:
        connection.sendall(request)
    except TimeoutError:
        raise
    except OSError as error:
        refused = error
    try:
        while part := connection.recv(1 << 16):
            parts.append(part)
    except TimeoutError:
        raise
    except OSError as error:
        refused = error
    if not parts:
        raise GoneError("The daemon hung up without a word.", _START) from refused
    return b"".join(parts)


def _status(head: bytes) -> int:
    words = head.split(b" ", 2)
    if not words[0].startswith(b"HTTP/1.") or len(words) < 2 or not words[1][:3].isdigit():
        hint = "Another program has its port. Start it again: clamp3 daemon start"
        raise NoDaemonError("What answers on the daemon's port is not the daemon.", hint)
    return int(words[1][:3])


def _header(head: bytes, name: bytes) -> bytes | None:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return None
