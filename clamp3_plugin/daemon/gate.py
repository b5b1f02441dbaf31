"""The gate of the HTTP interface: who may ask, before anything is routed or read.

A web page, another user of the machine and a rebound name all reach a loopback port. The order is
that of the checks below: cheap and anonymous first, so that a stranger learns nothing, not even
which routes exist.
"""

import asyncio
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clamp3_plugin.daemon.limits import BODY_LIMIT, CONTENT_LIMIT, HEAD_LIMIT, UPLOAD_LIMIT
from clamp3_plugin.daemon.page.files import is_page
from clamp3_plugin.daemon.page.sessions import Sessions
from clamp3_plugin.daemon.refusals import RefusedError, refuse

UPLOAD = "/v1/upload"
SESSION = "/v1/session"
"""Where the page hands in its code; it has no token yet."""
RIGHTS = "clamp3.rights"
"""Name in the scope: ``full``, ``page``, or ``none`` where no token is needed."""
CARRY_CONTENT = frozenset({"/v1/find", "/v1/tag", "/v1/embed"})
METHODS = frozenset({"GET", "HEAD", "POST", "DELETE"})
UPLOAD_TYPES = frozenset(
    {
        "application/octet-stream",
        "application/vnd.recordare.musicxml",
        "application/vnd.recordare.musicxml+xml",
        "application/xml",
        "text/xml",
        "text/vnd.abc",
    }
)

Headers = list[tuple[bytes, bytes]]
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"media-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; "
    b"base-uri 'none'; form-action 'none'"
)
SECURITY_HEADERS: Headers = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", _POLICY),
]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a body may take, in seconds: between two pieces of it, and in all."""

    idle_s: float = 5.0
    total_s: float = 60.0


class _HungUpError(Exception):
    """The client left before its body was there."""


class Gate:
    """ASGI middleware that lets through what carries a token and comes from no other web page."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        port: int,
        sessions: Sessions,
        patience: Patience = Patience(),
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._bearer = f"Bearer {token}".encode("ascii")
        names = ("127.0.0.1", "localhost", "[::1]")
        self._hosts = frozenset(f"{name}:{port}".encode("ascii") for name in names)
        self._origins = frozenset(b"http://" + host for host in self._hosts)
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, read the body, pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        secured = _with_headers(send)
        try:
            limit = self._admit(scope)
            body = await self._read(receive, limit)
        except RefusedError as refusal:
            await refuse(secured, refusal)
        except _HungUpError:
            return
        else:
            await self._app(scope, _replay(body, receive), secured)

    def _admit(self, scope: Scope) -> int:
        """Check the head of a request; gives how long its body may be."""
        headers: Headers = scope["headers"]
        if sum(len(name) + len(value) for name, value in headers) > HEAD_LIMIT:
            raise RefusedError("bad_request", f"The head is larger than {HEAD_LIMIT} bytes.")
        self._check_host(_all(headers, b"host"))
        if any(origin not in self._origins for origin in _all(headers, b"origin")):
            raise RefusedError("forbidden", "Web pages are not served.")
        method: str = scope["method"]
        path: str = scope["path"]
        loads_page = is_page(path) and method in {"GET", "HEAD"}
        sites = {b"same-origin", b"none"} if loads_page else {b"same-origin"}
        if any(site not in sites for site in _all(headers, b"sec-fetch-site")):
            raise RefusedError("forbidden", "Web pages are not served.")
        if method not in METHODS:
            raise RefusedError("method_not_allowed", f"{method[:16]} is not served.")
        needs_none = loads_page or (path == SESSION and method == "POST")
        scope[RIGHTS] = "none" if needs_none else self._rights(_all(headers, b"authorization"))
        if method == "POST":
            _check_type(path, headers)
        limit = _limit(path) if method == "POST" else BODY_LIMIT
        for length in _all(headers, b"content-length"):
            if int(length) > limit:
                raise _too_large(limit)
        return limit

    def _check_host(self, hosts: list[bytes]) -> None:
        if len(hosts) != 1:
            raise RefusedError("bad_request", "A request names one host.")
        if hosts[0].lower() not in self._hosts:
            raise RefusedError("forbidden", "This host is not served.")

    def _rights(self, given: list[bytes]) -> str:
        """Tell what the token of a request is good for."""
        if len(given) == 1 and hmac.compare_digest(given[0], self._bearer):
            return "full"
        if len(given) == 1 and given[0].startswith(b"Bearer "):
            session = given[0].removeprefix(b"Bearer ").decode("latin-1")
            if self._sessions.admits(session):
                return "page"
        hint = "Read it from daemon.json and send it as Authorization: Bearer."
        raise RefusedError("unauthorized", "The token is missing or wrong.", hint)

    async def _read(self, receive: Receive, limit: int) -> bytes:
        """Read the body, counting; one that stalls or drips is given up."""
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._patience.total_s):
                more = True
                while more:
                    async with asyncio.timeout(self._patience.idle_s):
                        message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _HungUpError
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > limit:
                        raise _too_large(limit)
                    more = message.get("more_body", False)
        except TimeoutError as error:
            raise RefusedError("timeout", "The body did not come in time.") from error
        return b"".join(parts)


def _all(headers: Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]


def _check_type(path: str, headers: Headers) -> None:
    if _all(headers, b"content-encoding"):
        raise RefusedError("unsupported_media_type", "Bodies come as they are, not compressed.")
    types = [value.partition(b";")[0].strip().lower() for value in _all(headers, b"content-type")]
    kind = types[0].decode("latin-1") if len(types) == 1 else ""
    if path == UPLOAD:
        fits = kind in UPLOAD_TYPES or kind.startswith("audio/")
    else:
        fits = kind == "application/json"
    if not fits:
        wanted = "the type of a score or sound" if path == UPLOAD else "application/json"
        raise RefusedError("unsupported_media_type", f"The body must be {wanted}.")


def _limit(path: str) -> int:
    if path == UPLOAD:
        return UPLOAD_LIMIT
    return CONTENT_LIMIT if path in CARRY_CONTENT else BODY_LIMIT


def _too_large(limit: int) -> RefusedError:
    return RefusedError("too_large", f"The body is larger than {limit} bytes.")


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the app the body that was read, and afterwards what else the client does."""
    first: Iterable[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    messages = iter(first)

    async def replayed() -> Message:
        for message in messages:
            return message
        return await receive()

    return replayed


def _with_headers(send: Send) -> Send:
    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *SECURITY_HEADERS]
        await send(message)

    return secured
