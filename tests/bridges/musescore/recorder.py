"""Stands between the panel and the daemon, passes everything on, and remembers what was asked."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from tests.bridges.musescore.screen import until
from tests.cli.conftest import HASH_DAEMON, end


@dataclass
class Recorder:
    """A server on a port of its own; ``run_file`` sends the panel to it."""

    home: Home
    run_file: Path
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    before: Callable[[str], None] | None = None
    """Called with the path before a request is passed on."""

    def __enter__(self) -> Self:
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                recorder.asked.append((self.command, self.path, body))
                if recorder.before is not None:
                    recorder.before(self.path)
                run = read_run_file(recorder.home)
                connection = HTTPConnection("127.0.0.1", run.port, timeout=60)
                names = ("Authorization", "Content-Type")
                headers = {name: self.headers[name] for name in names if self.headers[name]}
                try:
                    connection.request(self.command, self.path, body or None, headers)
                    answer = connection.getresponse()
                    data = answer.read()
                except OSError:
                    self.close_connection = True
                    return
                finally:
                    connection.close()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):  # MuseScore was ended
                    self.wfile.write(data)

            def __getattr__(self, name: str) -> Callable[[], None]:
                if name in {"do_GET", "do_POST"}:
                    return self.pass_on
                raise AttributeError(name)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.publish()
        return self

    def publish(self) -> None:
        """Write a run file like the daemon's, with the port of this server."""
        run = read_run_file(self.home)
        fields = {**run.to_wire(), "port": self._server.server_port}
        self.run_file.write_text(json.dumps(fields))

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def bodies(self, path: str) -> list[dict]:
        """What was asked of a path, as JSON."""
        return [json.loads(body) for _, asked, body in self.asked if asked == path]


def restart(home: Home) -> None:
    """End the daemon and start another, which has another port and token."""
    port = read_run_file(home).port
    end(home)
    until(lambda: _is_closed(port), "the daemon is gone")
    ensure_daemon(home, command=HASH_DAEMON, timeout_s=180).close()


def _is_closed(port: int) -> bool | None:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) != 0 or None
