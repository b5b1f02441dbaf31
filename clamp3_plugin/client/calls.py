"""What can be asked of the daemon: Client, whose methods mirror the HTTP interface."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Self

from clamp3_plugin import wire
from clamp3_plugin.client.connection import (
    GoneError,
    connect,
    exchange,
    lives,
    read_run_file,
    stream,
    write_request,
)
from clamp3_plugin.config import Home
from clamp3_plugin.errors import NoDaemonError, UsageError
from clamp3_plugin.music import Passage, Piece
from clamp3_plugin.query import Answer, Filter, Query, Source, TagHit

TIMEOUT_S = 120.0
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_RESTART = "Restart it: clamp3 daemon stop; clamp3 daemon start"


class Client:
    """A session with the daemon of a home.

    Every method raises what the daemon answered, as the class of ``errors`` it was there, and
    NoDaemonError where none answers.
    """

    def __init__(self, home: Home, start: Callable[[], None] | None = None) -> None:
        self._home = home
        self._start = start
        self._any_version = False
        self._connection: socket.socket | None = None
        self.run = wire.RunFile(0, 0, "", "", 0, "")
        self.timeout_s = TIMEOUT_S
        self.took_ms = 0.0
        """Part of the last ``find``, ``tag`` or ``embed`` that was spent in the daemon."""

    @classmethod
    def connect(
        cls, home: Home, *, start: Callable[[], None] | None = None, any_version: bool = False
    ) -> "Client":
        """Find the daemon and open a connection to it.

        Parameters
        ----------
        start
            Starts a daemon where none answers; without it that is an error.
        any_version
            Also take a daemon of another protocol (all of them can be stopped).

        Raises
        ------
        NoDaemonError
            None answers, or it speaks another protocol.
        """
        client = cls(home, start)
        client._any_version = any_version
        client._reach()
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def find(self, query: Query) -> Answer:
        """Find similar pieces and passages."""
        reply = self._call("POST", "/v1/find", wire.query_to_wire(query, self._source))
        self._note_time(reply)
        return wire.answer_from_wire(reply)

    def tag(self, source: Source, languages: Sequence[str] = ("en",), n: int = 10) -> list[TagHit]:
        """Give the tags that fit, best first."""
        body = {**self._source(source), "languages": list(languages), "n": n}
        reply = self._call("POST", "/v1/tag", body)
        self._note_time(reply)
        tags = wire.Fields(reply, "The answer").need("tags", list)
        return [wire.tag_from_wire(tag) for tag in tags]

    def embed(self, source: Source, *, local: bool = False) -> wire.Vectors:
        """Embed a source: its global embedding, or with ``local`` its frames."""
        reply = self._call("POST", "/v1/embed", {**self._source(source), "local": local})
        self._note_time(reply)
        return wire.Vectors.from_wire(reply)

    def upload(self, name: str, data: bytes) -> str:
        """Hand over a file too large for a body; gives the id to ask with, for some minutes."""
        path = f"/v1/upload?name={_quote(name)}"
        reply = self._send("POST", path, data, "application/octet-stream")
        return wire.Fields(reply, "The answer").need("upload_id", str)

    def index(
        self, paths: Sequence[str], *, retry: bool = False
    ) -> Iterator[wire.IndexEvent | wire.IndexSummary]:
        """Put files and folders into the library; gives an event a file, then the summary.

        With ``retry`` files that could not be read are read again, though they are unchanged. Closing the iterator before its end cancels the run.
        """
        reply = self._call("POST", "/v1/index", {"paths": list(paths), "retry": retry})
        job = wire.Fields(reply, "The job").need("id", str)
        ended = False
        try:
            for event in self._events(job):
                ended = isinstance(event, wire.IndexSummary)
                yield event
        finally:
            if not ended:
                self._call("DELETE", f"/v1/jobs/{job}")

    def status(self) -> wire.JsonObject:
        """Tell device, precision, model, memory, library, uptime."""
        return self._object("GET", "/v1/status")

    def stats(self) -> wire.JsonObject:
        """Count what the library holds."""
        return self._object("GET", "/v1/library")

    def pieces(self, where: Filter | None = None, offset: int = 0, limit: int = 100) -> list[Piece]:
        """List the pieces of the library that a filter lets through."""
        where = where or Filter()
        fields = {"offset": offset, "limit": limit, **wire.where_to_wire(where)}
        pairs = [(name, str(value)) for name, value in fields.items()]
        pairs += [("modality", str(modality)) for modality in where.modalities]
        question = "&".join(f"{name}={_quote(value)}" for name, value in pairs)
        reply = self._object("GET", f"/v1/pieces?{question}")
        pieces = wire.Fields(reply, "The answer").need("pieces", list)
        return [wire.piece_from_wire(piece) for piece in pieces]

    def piece(self, piece_id: str) -> Piece:
        """Give one piece."""
        return wire.piece_from_wire(self._object("GET", f"/v1/pieces/{_quote(piece_id)}"))

    def passages(self, piece_id: str) -> list[Passage]:
        """List the indexed passages of a piece, in order."""
        return wire.passages_from_wire(self._object("GET", f"/v1/pieces/{_quote(piece_id)}"))

    def errors(self) -> list[wire.IndexEvent]:
        """List the files that the library refused, and why."""
        reply = self._object("GET", "/v1/library/errors")
        errors = wire.Fields(reply, "The answer").need("errors", list)
        return [wire.IndexEvent.from_wire(error) for error in errors]

    def forget(self, paths: Sequence[str]) -> int:
        """Take files and folders out of the library (never off the disk); gives how many pieces."""
        reply = self._object("POST", "/v1/library/forget", {"paths": list(paths)})
        return wire.Fields(reply, "The answer").need("forgotten", int)

    def compact(self) -> wire.JsonObject:
        """Tidy the library's files."""
        return self._object("POST", "/v1/library/compact", {})

    def check(self, *, deep: bool = False) -> list[str]:
        """Check the library; gives what is wrong with it."""
        reply = self._object("POST", "/v1/library/check", {"deep": deep})
        return list(wire.Fields(reply, "The answer").texts("problems"))

    def page_code(self) -> str:
        """Have a code made that opens the page: one use, one minute."""
        reply = self._object("POST", "/v1/session/code", {})
        return wire.Fields(reply, "The answer").need("code", str)

    def stop(self, timeout_s: float = 15.0) -> None:
        """Stop the daemon and wait until it is gone."""
        self._start = None
        self._call("POST", "/v1/shutdown", {})
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                if read_run_file(self._home).token != self.run.token:
                    return
            except NoDaemonError:
                return
            time.sleep(0.02)
        hint = f"End the process {self.run.pid}."
        raise NoDaemonError(f"The daemon did not stop in {timeout_s:.0f} s.", hint)

    def _source(self, source: Source) -> wire.JsonObject:
        """Write a source; a file too large for a body is handed over first."""
        large = source.data is not None and len(source.data) > wire.MAX_CONTENT
        return wire.source_to_wire(
            source, self.upload(source.name, source.data or b"") if large else ""
        )

    def _events(self, job: str) -> Iterator[wire.IndexEvent | wire.IndexSummary]:
        """Follow the events of a job."""
        request = write_request(self.run, "GET", f"/v1/jobs/{job}/events")
        # HTTP/1.0, so that the reply ends with the connection and comes unchunked
        request = request.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)
        for line in stream(connect(self.run), request, self.timeout_s):
            if not line.startswith(b"data: "):
                continue
            value = wire.loads(line.removeprefix(b"data: "))
            if isinstance(value, dict) and "summary" in value:
                yield wire.IndexSummary.from_wire(value)
                return
            yield wire.IndexEvent.from_wire(value)
        raise NoDaemonError("The daemon ended during the run.", "Index again; done files are kept.")

    def _object(self, method: str, path: str, body: object = None) -> wire.JsonObject:
        reply = self._call(method, path, body)
        if not isinstance(reply, dict):
            raise NoDaemonError(f"The daemon's answer to {path} is no object.", _RESTART)
        return reply

    def _call(self, method: str, path: str, body: object = None) -> object:
        data = b"" if body is None else wire.dumps(body)
        return self._send(method, path, data, "application/json")

    def _send(self, method: str, path: str, data: bytes, kind: str) -> object:
        """Send; where the daemon died or was replaced meanwhile, look again and send once more."""
        try:
            return self._send_once(method, path, data, kind)
        except GoneError:
            self._reach()
            return self._send_once(method, path, data, kind)

    def _send_once(self, method: str, path: str, data: bytes, kind: str) -> object:
        connection = self._connection or connect(self.run)
        self._connection = None
        request = write_request(self.run, method, path, data, kind)
        reply = exchange(connection, request, self.timeout_s)
        if reply.status == 401:
            raise GoneError("The daemon was replaced.", "Try again.")
        try:
            value = wire.loads(reply.body)
        except UsageError as error:
            message = f"The daemon answered {reply.status} without JSON."
            raise NoDaemonError(message, "See: clamp3 daemon logs") from error
        if reply.status != 200:
            raise wire.error_from_wire(value)
        return value

    def _reach(self) -> None:
        """Read the run file and connect; start a daemon where that fails and we may."""
        self.close()
        try:
            self._open()
        except NoDaemonError:
            if self._start is None:
                raise
            self._start()
            self._open()
        if self.run.api != wire.API_VERSION and not self._any_version:
            self.close()
            about = f"{self.run.version or 'unknown'}, protocol {self.run.api}"
            message = f"The daemon is of another version ({about}; ours: {wire.API_VERSION})."
            raise NoDaemonError(message, _RESTART)

    def _open(self) -> None:
        is_dead = lives(self._home) is False  # first: one that starts removes what a dead one left
        self.run = read_run_file(self._home)
        if is_dead:  # its port may be another program's by now
            raise NoDaemonError("The daemon has died.", "Start it: clamp3 daemon start")
        self._connection = connect(self.run)

    def _note_time(self, reply: object) -> None:
        if isinstance(reply, dict):
            self.took_ms = wire.Fields(reply, "The answer").number("took_ms") or 0.0


def _quote(text: str) -> str:
    """Percent-encode for a URL, bytes that are no UTF-8 included."""
    data = text.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if chr(byte) in _SAFE else f"%{byte:02X}" for byte in data)
