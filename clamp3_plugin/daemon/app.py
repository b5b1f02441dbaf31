"""The HTTP interface: a table of routes, each a method that reads a body and answers JSON.

What blocks (the service) runs in threads of its own; the event loop only waits. Whoever gets here
has passed the gate, and the body has been read.
"""

import asyncio
import functools
import logging
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from clamp3_plugin import __version__, wire
from clamp3_plugin.daemon.asking import Threads, fields_of, whole_number
from clamp3_plugin.daemon.files import check_paths
from clamp3_plugin.daemon.gate import RIGHTS, Gate, Patience
from clamp3_plugin.daemon.jobs import Job, Jobs
from clamp3_plugin.daemon.map.answers import MapAnswers
from clamp3_plugin.daemon.map.layout import Layout
from clamp3_plugin.daemon.openapi import describe
from clamp3_plugin.daemon.page.answers import PageAnswers
from clamp3_plugin.daemon.page.files import page_routes
from clamp3_plugin.daemon.page.sessions import MAY, Sessions
from clamp3_plugin.daemon.pieces import PieceAnswers
from clamp3_plugin.daemon.refusals import RefusedError, WireResponse, answer
from clamp3_plugin.daemon.service import Service
from clamp3_plugin.daemon.state import Activity, Loading, Uploads, memory_bytes
from clamp3_plugin.daemon.watching import Watching
from clamp3_plugin.errors import Clamp3Error, DaemonBusyError, UsageError
from clamp3_plugin.query import MAX_HITS

MAX_REQUESTS = 48
MODEL_PATIENCE_S = 90.0
MAX_PIECES = 1000  # of one page of the list
_BEAT_S = 5.0
_POLL_S = 0.03
_log = logging.getLogger(__name__)
_Endpoint = Callable[[Request], Awaitable[Response]]


class Daemon:
    """The interface's methods and what they share.

    Parameters
    ----------
    service
        What is served.
    stop
        Called when somebody asks the daemon to stop.
    cache
        Folder for what can be made again; without it the map of the library is not kept.
    state
        Folder for what is remembered; without it watched folders are forgotten.
    """

    def __init__(
        self,
        service: Service,
        stop: Callable[[], None],
        model_patience_s: float = MODEL_PATIENCE_S,
        cache: Path | None = None,
        state: Path | None = None,
    ) -> None:
        self.service = service
        self.loading = Loading(service.load)
        self.jobs = Jobs(service.index)
        self.activity = Activity(MAX_REQUESTS)
        self.sessions = Sessions()
        self._uploads = Uploads()
        self._threads = Threads()
        self.layout = Layout(service, cache)
        self._map = MapAnswers(self.layout, service, self._threads)
        self.watching = Watching(self.jobs, state and state / "watched.json")
        self._page = PageAnswers(self.sessions, self.watching)
        self._one = PieceAnswers(service, self._threads)
        self._stop = stop
        self._patience_s = model_patience_s
        self._begun = time.monotonic()

    def routes(self) -> list[Route]:
        """Give the table of routes."""
        table: list[tuple[str, str, _Endpoint]] = [
            ("POST", "/v1/find", self.find),
            ("POST", "/v1/tag", self.tag),
            ("POST", "/v1/embed", self.embed),
            ("POST", "/v1/upload", self.upload),
            ("POST", "/v1/index", self.index),
            ("GET", "/v1/jobs/{id}", self.job),
            ("DELETE", "/v1/jobs/{id}", self.cancel),
            ("GET", "/v1/jobs/{id}/events", self.events),
            ("GET", "/v1/watch", self._page.watched),
            ("POST", "/v1/watch", self._page.watch),
            ("GET", "/v1/library", self.library),
            ("GET", "/v1/library/errors", self.errors),
            ("POST", "/v1/library/forget", self.forget),
            ("POST", "/v1/library/compact", self.compact),
            ("POST", "/v1/library/check", self.check),
            ("GET", "/v1/pieces", self.pieces),
            ("GET", "/v1/pieces/{id}", self.piece),
            ("GET", "/v1/pieces/{id}/file", self._one.file),
            ("GET", "/v1/pieces/{id}/preview.svg", self._one.preview),
            ("GET", "/v1/pieces/{id}/preview.ogg", self._one.sound),
            ("GET", "/v1/pieces/{id}/preview.json", self._one.timeline),
            ("GET", "/v1/pieces/{id}/excerpt.musicxml", self._one.excerpt),
            ("GET", "/v1/map", self._map.map_state),
            ("POST", "/v1/map", self._map.map_begin),
            ("DELETE", "/v1/map", self._map.map_cancel),
            ("GET", "/v1/map/points", self._map.map_points),
            ("GET", "/v1/status", self.status),
            ("POST", "/v1/session/code", self._page.code),
            ("POST", "/v1/session", self._page.session),
            ("POST", "/v1/shutdown", self.shutdown),
            ("GET", "/healthz", self.healthz),
            ("GET", "/version", self.version),
            ("GET", "/openapi.json", self.openapi),
        ]
        return [
            Route(path, self._guarded(endpoint), methods=[method], name=endpoint.__name__)
            for method, path, endpoint in table
        ]

    def close(self) -> None:
        """Let go of threads and service."""
        self.layout.cancel()
        self.watching.close()
        self._threads.close()
        self.service.close()

    async def find(self, request: Request) -> Response:
        """Find similar pieces and passages."""
        begun = time.perf_counter()
        body = await request.body()
        await self.loading.ready(self._patience_s)

        def find() -> wire.JsonObject:
            query = wire.query_from_wire(wire.loads(body), self._uploads.get)
            found = self.service.find(query)
            return wire.answer_to_wire(found, _milliseconds(begun))

        return WireResponse(await self._threads.run(find))

    async def tag(self, request: Request) -> Response:
        """Give the tags that fit a source."""
        begun = time.perf_counter()
        body = await request.body()
        await self.loading.ready(self._patience_s)

        def tag() -> wire.JsonObject:
            fields = wire.Fields(wire.loads(body), "The question")
            languages, n = fields.texts("languages") or ("en",), fields.take("n", int) or 10
            source = wire.need_source(fields, self._uploads.get)
            if not 1 <= n <= MAX_HITS:
                raise UsageError(f"{n} tags were asked for; between 1 and {MAX_HITS} can be given.")
            tags = self.service.tag(source, languages, n)
            lines = [wire.tag_to_wire(tag, rank) for rank, tag in enumerate(tags, 1)]
            return {"tags": lines, "took_ms": _milliseconds(begun)}

        return WireResponse(await self._threads.run(tag))

    async def embed(self, request: Request) -> Response:
        """Embed a source, before normalisation; ``local`` gives its frames."""
        begun = time.perf_counter()
        body = await request.body()
        await self.loading.ready(self._patience_s)

        def embed() -> wire.JsonObject:
            fields = wire.Fields(wire.loads(body), "The question")
            local = fields.take("local", bool) or False
            source = wire.need_source(fields, self._uploads.get)
            vectors = self.service.embed(source, local=local)
            return {**vectors.to_wire(), "took_ms": _milliseconds(begun)}

        return WireResponse(await self._threads.run(embed))

    async def upload(self, request: Request) -> Response:
        """Take a file (the body; its name in ?name=) to ask with for some minutes."""
        name = request.query_params.get("name", "")
        if not name or len(name) > 255 or "\0" in name:
            raise UsageError("The upload has no name.", "Say ?name=tune.abc")
        added = await self._threads.run(self._uploads.add, name, await request.body())
        return WireResponse({"upload_id": added})

    async def index(self, request: Request) -> Response:
        """Put files and folders into the library; gives the job."""
        fields = await fields_of(request)
        given, retry = fields.texts("paths"), fields.take("retry", bool) or False
        fields.close()
        paths = check_paths(given, of_page=request.scope[RIGHTS] == "page")
        await self.loading.ready(self._patience_s)
        return WireResponse(self.jobs.start(paths, retry=retry).to_wire())

    async def job(self, request: Request) -> Response:
        """Tell where an index run stands."""
        return WireResponse(self.jobs.get(request.path_params["id"]).to_wire())

    async def cancel(self, request: Request) -> Response:
        """Cancel an index run; what is done stays."""
        job = self.jobs.get(request.path_params["id"])
        job.cancelled.set()
        return WireResponse(job.to_wire())

    async def events(self, request: Request) -> Response:
        """Follow an index run as server-sent events, one a file, the summary last."""
        job = self.jobs.get(request.path_params["id"])
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(self._follow(job), media_type="text/event-stream", headers=headers)

    async def library(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint takes it
        """Count what the library holds."""
        return WireResponse(dict(await self._threads.run(self.service.stats)))

    async def errors(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint takes it
        """List the files that were refused, and why."""
        errors = await self._threads.run(self.service.errors)
        return WireResponse({"errors": [error.to_wire() for error in errors]})

    async def forget(self, request: Request) -> Response:
        """Take the pieces at or below paths out of the library; no file is touched."""
        fields = await fields_of(request)
        given = fields.texts("paths")
        fields.close()
        paths = check_paths(given)
        self._refuse_while_indexing()
        forgotten = await self._threads.run(self.service.forget, paths)
        return WireResponse({"forgotten": forgotten})

    async def compact(self, request: Request) -> Response:
        """Tidy the library's files."""
        (await fields_of(request)).close()
        self._refuse_while_indexing()
        return WireResponse(dict(await self._threads.run(self.service.compact)))

    async def check(self, request: Request) -> Response:
        """Check the library, with ``deep`` every row."""
        fields = await fields_of(request)
        deep = fields.take("deep", bool) or False
        fields.close()
        check = functools.partial(self.service.check, deep=deep)
        return WireResponse({"problems": list(await self._threads.run(check))})

    async def pieces(self, request: Request) -> Response:
        """List pieces: ?offset=&limit=&modality=&key=&meter=&tempo=80-120&composer=… and so on."""
        fields: wire.JsonObject = dict(request.query_params)
        modalities = request.query_params.getlist("modality")
        fields.pop("modality", None)
        offset = whole_number(fields.pop("offset", "0"), "offset", 1 << 40)
        limit = whole_number(fields.pop("limit", "100"), "limit", MAX_PIECES)
        where = wire.where_from_wire(fields, modalities)
        pieces = await self._threads.run(self.service.pieces, where, offset, limit)
        return WireResponse({"pieces": [wire.piece_to_wire(piece) for piece in pieces]})

    async def piece(self, request: Request) -> Response:
        """Give a piece and what is known of it."""
        piece = await self._threads.run(self.service.piece, request.path_params["id"])
        passages = await self._threads.run(self.service.passages, piece.id)
        listed = [wire.passage_to_wire(passage) for passage in passages]
        return WireResponse({**wire.piece_to_wire(piece), "passages": listed})

    async def status(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint takes it
        """Tell device, precision, model, memory, library, uptime."""
        library = dict(await self._threads.run(self.service.stats))
        failure = self.loading.error
        return WireResponse(
            {
                "state": self.loading.state,
                "error": failure and wire.error_to_wire(failure)["error"],
                **self.service.describe(),
                "memory_bytes": memory_bytes(),
                "library": library,
                "jobs": self.jobs.active,
                "requests": self.activity.under_way,
                "uptime_s": round(time.monotonic() - self._begun, 1),
                "pid": os.getpid(),
                "version": __version__,
                "api": wire.API_VERSION,
            }
        )

    async def shutdown(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint takes it
        """Stop the daemon."""
        self._stop()
        return WireResponse({"ok": True})

    async def healthz(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint takes it
        """Say that the daemon lives."""
        return WireResponse({"ok": True})

    async def version(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint takes it
        """Tell the versions of program and interface."""
        return WireResponse({"version": __version__, "api": wire.API_VERSION})

    async def openapi(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint takes it
        """Describe the interface."""
        return WireResponse(describe(self.routes()))

    async def _follow(self, job: Job) -> AsyncIterator[bytes]:
        sent, beat = 0, time.monotonic()
        while True:
            ended = job.summary is not None  # asked before the events are: none can be missed
            for event in job.events[sent:]:
                yield b"id: %d\ndata: %s\n\n" % (sent, event)
                sent += 1
                beat = time.monotonic()
            if ended:
                return
            if time.monotonic() - beat > _BEAT_S:
                yield b": still here\n\n"
                beat = time.monotonic()
            await asyncio.sleep(_POLL_S)

    def _refuse_while_indexing(self) -> None:
        if self.jobs.active:
            raise DaemonBusyError("An index run is under way.", "Wait for its end, or cancel it.")

    def _guarded(self, endpoint: _Endpoint) -> _Endpoint:
        """Count a request, and turn what goes wrong into an answer."""

        @functools.wraps(endpoint)
        async def guarded(request: Request) -> Response:
            begun = time.perf_counter()
            try:
                with self.activity.request():
                    _check_rights(request, endpoint.__name__)
                    response = await endpoint(request)
            except Clamp3Error as error:
                beside = {"state": "loading"} if self.loading.state == "loading" else {}
                response = answer(error, **beside)
            except Exception:  # noqa: BLE001 - the outermost handler; logs and lives on
                incident = secrets.token_hex(4)
                _log.exception("incident %s in %s", incident, endpoint.__name__)
                hint = f"See incident {incident} in: clamp3 daemon logs"
                response = answer(RefusedError("internal", "Something broke.", hint))
            took = _milliseconds(begun)
            level = logging.DEBUG if response.status_code == 200 else logging.INFO
            _log.log(level, "%s %d %.1f ms", endpoint.__name__, response.status_code, took)
            return response

        return guarded


def create_app(
    daemon: Daemon, *, token: str, port: int, patience: Patience | None = None
) -> ASGIApp:
    """Make the ASGI application: the daemon's routes behind the gate."""
    routes = [*page_routes(), *daemon.routes()]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _no_route})
    app.router.redirect_slashes = False
    return Gate(
        app,
        token=token,
        port=port,
        sessions=daemon.sessions,
        patience=patience or Patience(),
    )


def _check_rights(request: Request, endpoint: str) -> None:
    if request.scope[RIGHTS] == "page" and endpoint not in MAY:
        raise RefusedError("forbidden", "The page may not do this.", "Use the command line: clamp3")


async def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        return answer(RefusedError("method_not_allowed", f"{request.method} is not served here."))
    return answer(RefusedError("no_route", "There is no such address.", "See /openapi.json."))


def _milliseconds(begun: float) -> float:
    return round(1000 * (time.perf_counter() - begun), 3)
