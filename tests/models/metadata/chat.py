"""A stand-in for a chat endpoint: a real HTTP server that answers as a test says."""

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self

GOOD: dict[str, Any] = {
    "region": "IE",
    "language": "",
    "genres": ["Irish traditional"],
    "tags": ["fiddle", "dance"],
    "background": "It was printed in 1850 by a collector from Clare.",
    "analysis": "A double jig in G major.",
    "description": "A lively jig for dancers.",
    "scene": "",
    "translations": {
        "language": "fr",
        "background": "Imprimé en 1850 par un collecteur du Clare.",
        "analysis": "Une gigue double en sol majeur.",
        "description": "Une gigue animée pour les danseurs.",
        "scene": "",
    },
}
SOURCE = "A double jig in G major, printed in 1850 by a collector from Clare, Ireland."


@dataclass(frozen=True)
class Say:
    """One answer of the server."""

    content: object = field(default_factory=lambda: GOOD)
    """What the model writes: a text, or what is written as JSON."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    """Instead of a chat answer."""
    finish: str = "stop"
    wait_s: float = 0.0
    cut_after: int | None = None
    """Bytes after which the connection closes."""
    trickle_s: float = 0.0
    """Seconds between two bytes."""

    def payload(self) -> bytes:
        if self.body is not None:
            return self.body.encode()
        text = self.content if isinstance(self.content, str) else json.dumps(self.content)
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": self.finish}
        usage = {"prompt_tokens": 100, "completion_tokens": 20}
        return json.dumps({"choices": [choice], "usage": usage}).encode()


Choose = Callable[[dict[str, Any]], Say]


@dataclass
class Chat:
    """Gives the scripted answers one after the other, then what ``choose`` makes of the request."""

    script: Sequence[Say] = ()
    choose: Choose = lambda request: Say(translated(request))
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    """Most requests that were in work at one time."""

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._left = list(self.script)
        self._working = 0
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"chat": self})
        )
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def answer(self, request: dict[str, Any], headers: dict[str, str]) -> Say:
        with self._lock:
            self.requests.append(request)
            self.headers.append(headers)
            if self._left:
                return self._left.pop(0)
        return self.choose(request)

    def begin(self) -> None:
        with self._lock:
            self._working += 1
            self.at_once = max(self.at_once, self._working)

    def end(self) -> None:
        with self._lock:
            self._working -= 1


class _Handler(BaseHTTPRequestHandler):
    chat: ClassVar[Chat]

    def do_GET(self) -> None:
        self.do_POST()  # what a client sends that follows a redirect

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        request = json.loads(self.rfile.read(length) or "{}")
        say = self.chat.answer({"path": self.path, **request}, dict(self.headers))
        self.chat.begin()
        try:
            time.sleep(say.wait_s)
            self._send(say)
        except ConnectionError:
            self.close_connection = True  # the client went away while we slept
        finally:
            self.chat.end()

    def _send(self, say: Say) -> None:
        payload = say.payload()
        self.send_response(say.status)
        for name, value in {**say.headers, "Content-Length": str(len(payload))}.items():
            self.send_header(name, value)
        self.end_headers()
        if say.trickle_s:
            for byte in payload:
                self.wfile.write(bytes([byte]))
                time.sleep(say.trickle_s)
        self.wfile.write(payload[: say.cut_after])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
        """Stay silent."""


def translated(request: dict[str, Any]) -> dict[str, Any]:
    """Give the good answer in the language that the request asks for."""
    asked = re.search(r'language \("(\w+)"\)', request["messages"][1]["content"])
    if asked is None:
        return {**GOOD, "translations": {}}
    return {**GOOD, "translations": {**GOOD["translations"], "language": asked[1]}}


def record(key: str = "tune", **fields: object) -> dict[str, object]:
    """Make a record of the input."""
    return {"id": key, "title": "The Jig", "artists": ["Anon."], "retrieved": SOURCE, **fields}
