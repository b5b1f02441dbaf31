"""A stand-in for the model hub: a real HTTP server whose behaviour a test chooses."""

import hashlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Self

ETAG = '"of-the-store"'


@dataclass
class Hub:
    """Serves ``content`` under every path; what was asked is kept in ``requests``."""

    content: bytes
    redirect: str = ""
    """Where the first address leads, e.g. the address of another hub; empty serves at once."""
    linked: dict[str, str] = field(default_factory=dict)
    """Headers of the first answer, as the hub's ``X-Linked-ETag``."""
    cut_after: list[int] = field(default_factory=list)
    """Bytes after which the connection drops, one entry for each answer; then whole answers."""
    stall_s: float = 0.0
    """Seconds to sleep before a cut connection closes."""
    statuses: list[int] = field(default_factory=list)
    """Statuses of the first answers, without content."""
    ignore_range: bool = False
    declare: int | None = None
    """Length to declare instead of the true one."""
    etag: str = ETAG
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self})
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def ranges(self) -> list[str | None]:
        return [headers.get("Range") for _, headers in self.requests]


class _Handler(BaseHTTPRequestHandler):
    hub: ClassVar[Hub]

    def do_GET(self) -> None:
        self.hub.requests.append((self.path, dict(self.headers)))
        if self.hub.redirect:
            self._head(
                302, {"Location": self.hub.redirect, "Content-Length": "0", **self.hub.linked}
            )
        elif self.hub.statuses:
            self._head(self.hub.statuses.pop(0), {"Content-Length": "0"})
        else:
            self._serve()

    def _serve(self) -> None:
        size = len(self.hub.content)
        span = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", self.hub.etag) == self.hub.etag
        start = int(span[1]) if span and same and not self.hub.ignore_range else 0
        if start >= size > 0:
            self._head(416, {"Content-Length": "0", "Content-Range": f"bytes */{size}"})
            return
        headers = {"ETag": self.hub.etag, **self.hub.linked}
        if start:
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        length = size - start if self.hub.declare is None else self.hub.declare
        self._head(206 if start else 200, {**headers, "Content-Length": str(length)})
        self._send(self.hub.content[start:])

    def _send(self, body: bytes) -> None:
        cut = self.hub.cut_after.pop(0) if self.hub.cut_after else None
        send: Callable[[bytes], object] = self.wfile.write
        send(body if cut is None else body[:cut])
        if cut is not None:
            self.wfile.flush()
            time.sleep(self.hub.stall_s)
            self.close_connection = True

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
        """Stay silent."""
