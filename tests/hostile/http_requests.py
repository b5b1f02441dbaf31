"""HTTP requests: foreign hosts and pages, smuggled bodies, paths that climb, heads without end."""

from collections.abc import Callable, Mapping

from tests.hostile.case import OUTSIDE, Answered, RequestCase

Write = Callable[[str, str], bytes]
_ASK = b'{"text":"a"}'
_BAD = Answered(400, "bad_request")
_FORBIDDEN = Answered(403, "forbidden")
_UNAUTHORIZED = Answered(401, "unauthorized")
_NO_ROUTE = Answered(404, "no_route")
_METHOD = Answered(405, "method_not_allowed")
_TYPE = Answered(415, "unsupported_media_type")
_TOO_LARGE = Answered(413, "too_large")
_PROTOCOL = Answered(400)
"""Refused by the parser of the protocol, whose words are not ours."""


def request(
    method: str, path: str, body: bytes = b"", headers: Mapping[str, str | None] | None = None
) -> Write:
    """Write a good request with some headers changed, or left out where None.

    ``{host}`` and ``{token}`` in a header stand for what they are.
    """
    given: dict[str, str | None] = {
        "Host": "{host}",
        "Authorization": "Bearer {token}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **(headers or {}),
    }

    def write(host: str, token: str) -> bytes:
        lines = [
            f"{name}: {value.replace('{host}', host).replace('{token}', token)}"
            for name, value in given.items()
            if value is not None
        ]
        head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""])
        return head.encode("latin-1") + body

    return write


def _get(path: str = "/v1/status", **headers: str | None) -> Write:
    return request("GET", path, headers={n.replace("_", "-"): v for n, v in headers.items()})


def _ask(body: bytes = _ASK, **headers: str | None) -> Write:
    named = {n.replace("_", "-"): v for n, v in headers.items()}
    return request("POST", "/v1/find", body, named)


def _raw(text: str) -> Write:
    return lambda host, token: text.format(host=host, token=token).encode("latin-1")


def _chunked(body: bytes) -> Write:
    return _ask(body, Content_Length=None, Transfer_Encoding="chunked")


_HEAD = "Host: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
_SMUGGLED = (
    "POST /v1/find HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
    "Content-Type: application/json\r\nConnection: close\r\n"
)
_CASES: dict[str, tuple[Write, str, Answered]] = {
    "status": (_get(), "asks how it is", Answered()),
    "find": (_ask(), "asks", Answered()),
    "healthz": (_get("/healthz"), "asks whether it lives", Answered()),
    "host-twice": (_get(Host="localhost:{host}"), "a host with two ports", _FORBIDDEN),
    "charset": (
        _ask(Content_Type="application/json; charset=UTF-8"), "says the character set", Answered(),
    ),
    "chunked": (_chunked(b'c\r\n{"text":"a"}\r\n0\r\n\r\n'), "comes in chunks", Answered()),
    "extra-headers": (_get(X_Evil="\x80\xff", Cookie="token=PWNED"), "odd headers", Answered()),
    "query": (_get("/v1/pieces?limit=1&offset=0"), "asks for a page", Answered()),
    "library": (_get("/v1/library"), "asks what there is", Answered()),
    "errors": (_get("/v1/library/errors"), "asks what was refused", Answered()),
    "compact": (request("POST", "/v1/library/compact", b"{}"), "has it tidied up", Answered()),
    "check": (request("POST", "/v1/library/check", b"{}"), "has it checked", Answered()),
    "tag": (request("POST", "/v1/tag", _ASK), "asks for tags", Answered()),
    "upload": (
        request("POST", "/v1/upload?name=..%2f..%2fPWNED_up.abc", b"X:1", {
            "Content-Type": "text/vnd.abc"
        }),
        "uploads under a name that climbs", Answered(),
    ),
    "old": (_raw("GET /v1/status HTTP/1.0\r\n" + _HEAD + "\r\n"), "speaks HTTP/1.0", Answered()),
    "chunks-small": (
        _chunked(b"".join(b"1\r\n%c\r\n" % byte for byte in _ASK) + b"0\r\n\r\n"),
        "comes byte by byte", Answered(),
    ),
    "chunk-trailer": (
        _chunked(b'c\r\n{"text":"a"}\r\n0\r\nHost: evil.test\r\n\r\n'),
        "names another host behind its body", Answered(),
    ),
    "type-capitals": (_ask(Content_Type="APPLICATION/JSON"), "is written in capitals", Answered()),
    "own-page": (_get(Origin="http://{host}"), "comes from our own page", Answered()),
    "headers-1000": (
        _raw("GET /v1/status HTTP/1.1\r\n" + _HEAD + "X: 1\r\n" * 1_000 + "\r\n"),
        "has 1,000 headers", Answered(),
    ),
    "upload-device": (
        request("POST", "/v1/upload?name=/dev/zero.abc", b"X:1", {"Content-Type": "text/vnd.abc"}),
        "uploads under the name of a device", Answered(),
    ),
    "body-of-get": (request("GET", "/v1/status", b"{}"), "sends what nobody reads", Answered()),
    "coding-space": (
        _raw(_SMUGGLED + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), "a blank that hides",
        _PROTOCOL,
    ),
    "coding-twice": (
        _ask(Content_Length=None, Transfer_Encoding="chunked\r\nTransfer-Encoding: chunked"),
        "is chunked twice", _PROTOCOL,
    ),
    "coding-identity": (_ask(Transfer_Encoding="identity"), "a coding that is none", _PROTOCOL),
    "very-old": (_raw("GET /v1/status\r\n\r\n"), "speaks HTTP/0.9", _PROTOCOL),
    "very-new": (_raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "speaks HTTP/2", _BAD),
    "host-space": (
        _raw("GET /v1/status HTTP/1.1\r\nHost : {host}\r\n" + _HEAD + "\r\n"), "two hosts, one hidden",
        _PROTOCOL,
    ),
    "no-colon": (
        _raw("GET /v1/status HTTP/1.1\r\n" + _HEAD + "nonsense\r\n\r\n"), "a header that is none",
        _PROTOCOL,
    ),
    "path-blank": (
        _raw("GET /v1/ status HTTP/1.1\r\n" + _HEAD + "\r\n"), "a path in two", _PROTOCOL,
    ),
    "length-plus": (_ask(Content_Length="+12"), "a length with a sign", _PROTOCOL),
    "host-decimal": (_get(Host="2130706433:80"), "our address as one number", _FORBIDDEN),
    "host-mapped": (_get(Host="[::ffff:127.0.0.1]:80"), "our address as IPv6", _FORBIDDEN),
    "host-bare": (_get(Host="127.0.0.1"), "a host without its port", _FORBIDDEN),
    "host-list": (_get(Host="{host}, evil.test"), "a list of hosts", _FORBIDDEN),
    "host-forwarded": (
        _get(Host="evil.test", X_Forwarded_Host="{host}", Forwarded="host={host}"),
        "says that it was forwarded", _FORBIDDEN,
    ),
    "origin-two": (
        _get(Origin="http://{host}\r\nOrigin: http://evil.test"), "two origins", _FORBIDDEN,
    ),
    "origin-list": (_get(Origin="http://{host} http://evil.test"), "a list of them", _FORBIDDEN),
    "sites-two": (
        _get(Sec_Fetch_Site="same-origin\r\nSec-Fetch-Site: cross-site"), "two sites", _FORBIDDEN,
    ),
    "token-lower": (_get(Authorization="bearer {token}"), "has it in small letters", _UNAUTHORIZED),
    "tokens-two": (
        _get(Authorization="Bearer {token}\r\nAuthorization: Bearer x"), "two tokens", _UNAUTHORIZED,
    ),
    "method-lower": (
        _raw("get /v1/status HTTP/1.1\r\n" + _HEAD + "\r\n"), "a method in small letters", _METHOD,
    ),
    "method-other": (
        request("POST", "/v1/status", b"{}", {"X-HTTP-Method-Override": "GET"}),
        "says that it means another method", _METHOD,
    ),
    "connect": (
        _raw("CONNECT evil.test:443 HTTP/1.1\r\n" + _HEAD + "\r\n"), "wants to be passed on", _METHOD,
    ),
    "types-two": (
        _ask(Content_Type="application/json\r\nContent-Type: text/plain"), "two types", _TYPE,
    ),
    "type-longer": (_ask(Content_Type="application/json-evil"), "a type like ours", _TYPE),
    "page-backslash": (_get("/page/..%5c..%5capp.py"), "climbs on another system", _NO_ROUTE),
    "no-host": (_get(Host=None), "names no host", _PROTOCOL),
    "two-hosts": (_get(Host="{host}\r\nHost: {host}"), "names two hosts", _PROTOCOL),
    "evil-host": (_get(Host="evil.test"), "a rebound name", _FORBIDDEN),
    "evil-port": (_get(Host="{host}.evil.test"), "a name that begins like ours", _FORBIDDEN),
    "empty-host": (_get(Host=""), "an empty host", _FORBIDDEN),
    "user-host": (_get(Host="evil@{host}"), "a host with a user", _FORBIDDEN),
    "any-host": (_get(Host="0.0.0.0:80"), "the host of all addresses", _FORBIDDEN),
    "absolute": (
        _raw("GET http://evil.test/v1/status HTTP/1.1\r\nHost: {host}\r\n"
             "Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"),
        "asks for a page elsewhere", _NO_ROUTE,
    ),
    "origin-null": (_get(Origin="null"), "from a page without origin", _FORBIDDEN),
    "origin-evil": (_get(Origin="http://evil.test"), "from another page", _FORBIDDEN),
    "origin-https": (_get(Origin="https://{host}"), "from a page of another scheme", _FORBIDDEN),
    "cross-site": (_get(Sec_Fetch_Site="cross-site"), "from another site", _FORBIDDEN),
    "preflight": (
        request("OPTIONS", "/v1/find", headers={"Access-Control-Request-Method": "POST"}),
        "asks whether a page may", _METHOD,
    ),
    "trace": (request("TRACE", "/v1/find"), "wants its headers back", _METHOD),
    "put": (request("PUT", "/v1/find", _ASK), "puts", _METHOD),
    "get-find": (_get("/v1/find"), "gets what is posted", _METHOD),
    "no-token": (_get(Authorization=None), "has no token", _UNAUTHORIZED),
    "wrong-token": (_get(Authorization="Bearer " + "x" * 43), "has another token", _UNAUTHORIZED),
    "token-prefix": (_get(Authorization="Bearer {token}x"), "has a longer token", _UNAUTHORIZED),
    "token-basic": (_get(Authorization="Basic {token}"), "has it in another way", _UNAUTHORIZED),
    "token-cookie": (
        _get(Authorization=None, Cookie="token={token}"), "has it in a cookie", _UNAUTHORIZED,
    ),
    "form": (
        _ask(Content_Type="application/x-www-form-urlencoded"), "comes from a form", _TYPE,
    ),
    "plain": (_ask(Content_Type="text/plain"), "comes as text", _TYPE),
    "gzip": (_ask(Content_Encoding="gzip"), "is packed", _TYPE),
    "length-moon": (_ask(Content_Length="9" * 12), "announces a terabyte", _TOO_LARGE),
    "length-huge": (_ask(Content_Length="9" * 5_000), "a length of 5,000 digits", _PROTOCOL),
    "length-negative": (_ask(Content_Length="-1"), "a length below nought", _PROTOCOL),
    "length-words": (_ask(Content_Length="0x0c"), "a length in another script", _PROTOCOL),
    "two-lengths": (
        _raw(_SMUGGLED + "Content-Length: 12\r\nContent-Length: 2\r\n\r\n" + '{{"text":"a"}}'),
        "two lengths", _PROTOCOL,
    ),
    "chunk-words": (_chunked(b"zz\r\n{}\r\n0\r\n\r\n"), "a chunk of no length", _PROTOCOL),
    "chunk-moon": (_chunked(b"f" * 400 + b"\r\n{}"), "a chunk beyond count", _PROTOCOL),
    "unknown-coding": (
        _ask(Content_Length=None, Transfer_Encoding="gzip, chunked"), "a coding of two",
        _PROTOCOL,
    ),
    "head-moon": (_get(X_Long="a" * 40_000), "a head of 40 kB", _BAD),
    "header-nul": (_get(X_Nul="a\0b"), "a header with a NUL", _PROTOCOL),
    "header-split": (_get(X_Split="a\nHost: evil.test"), "a header in two", _PROTOCOL),
    "version": (_raw("GET /v1/status HTTP/9.9\r\nHost: {host}\r\n\r\n"), "of the future, without a token", _UNAUTHORIZED),
    "no-http": (_raw("\x16\x03\x01\x02\x00\x01\r\n\r\n"), "speaks TLS", _PROTOCOL),
    "climbing": (_get("/v1/../../etc/passwd"), "climbs", _NO_ROUTE),
    "climbing-escaped": (_get("/v1/%2e%2e/%2e%2e/etc/passwd"), "climbs in escapes", _NO_ROUTE),
    "piece-climbing": (
        _get(f"/v1/pieces/..%2f..%2f{OUTSIDE}%2fsecret.abc/file"), "a piece that climbs", _NO_ROUTE,
    ),
    "piece-none": (_get("/v1/pieces/%00%ff/file"), "a piece of no name", Answered(404, "not_found")),
    "piece-sql": (
        _get("/v1/pieces/x'%20OR%20'1'='1"), "a piece for a database", Answered(404, "not_found"),
    ),
    "job-none": (_get("/v1/jobs/0/events"), "a job that there is not", Answered(404, "not_found")),
    "docs": (_get("/docs"), "the page of another program", _NO_ROUTE),
    "slashes": (_get("//v1//status"), "slashes twice", _NO_ROUTE),
    "page-moon": (_get("/v1/pieces?limit=" + "9" * 4_000), "a page of 10^4000", Answered(422, "usage")),
    "page-negative": (_get("/v1/pieces?offset=-1"), "a page before the first", Answered(422, "usage")),
    "filter-sql": (_get("/v1/pieces?key=G'%20OR%201=1"), "a filter for a database", Answered()),
    "unknown-filter": (_get("/v1/pieces?path=/etc"), "a filter that there is not", Answered(422, "usage")),
    "upload-nul": (
        request("POST", "/v1/upload?name=a%00b", b"x", {"Content-Type": "audio/wav"}),
        "uploads under a name with a NUL", Answered(422, "usage"),
    ),
    "upload-page": (
        request("POST", "/v1/upload?name=a.html", b"x", {"Content-Type": "text/html"}),
        "uploads a web page", _TYPE,
    ),
}  # fmt: skip


def cases() -> list[RequestCase]:
    """Give the cases of HTTP."""
    return [RequestCase("http", n, does, good, write) for n, (write, does, good) in _CASES.items()]
