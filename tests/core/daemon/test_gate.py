"""Nothing without the token, nothing for a web page, nothing without end.

Negative control, 2026-11-30: a wrong token given full rights, each of 31 routes answered otherwise than 401.
"""

import asyncio
import socket
import time

import pytest

from clamp3_plugin.client import Client
from clamp3_plugin.client.connection import Reply, connect, exchange
from clamp3_plugin.daemon.app import Daemon
from clamp3_plugin.daemon.gate import Gate, Patience
from clamp3_plugin.daemon.page.sessions import Sessions
from tests.core.daemon.trivial import TrivialService

TOKEN = "t"  # noqa: S105 - of no real daemon
ROUTES = [
    (method, route.path.replace("{id}", "p1"))
    for route in Daemon(TrivialService(), lambda: None).routes()
    for method in sorted((route.methods or set()) - {"HEAD"})
    if route.path != "/v1/shutdown"
]


def send(client: Client, method: str, path: str, body: bytes = b"", **headers: str | None) -> Reply:
    """Send a good request with some headers changed, or left out where None."""
    given: dict[str, str | None] = {
        "Host": f"127.0.0.1:{client.run.port}",
        "Authorization": f"Bearer {client.run.token}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""])
    return exchange(connect(client.run), head.encode("latin-1") + body, 10)


def test_the_request_that_the_others_vary_is_served(client):
    assert send(client, "POST", "/v1/find", b'{"text":"a"}').status == 200


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_answers_without_the_token(client, method, path):
    token = client.run.token
    wrong = [None, "", "Bearer", "Bearer x", "Bearer \xff", f"Basic {token}", f"Bearer {token}x"]

    replies = [send(client, method, path, b"{}", Authorization=given) for given in wrong]

    assert {reply.status for reply in replies} == {401}
    assert all(b'"unauthorized"' in reply.body for reply in replies)


def test_a_token_in_the_address_opens_nothing(client):
    path = f"/v1/status?token={client.run.token}&access_token={client.run.token}"

    assert send(client, "GET", path, Authorization=None).status == 401


def test_two_tokens_are_one_too_many(client):
    twice = f"Bearer {client.run.token}\r\nAuthorization: Bearer {client.run.token}"

    assert send(client, "GET", "/v1/status", Authorization=twice).status == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_answers_under_another_name(client, method, path):
    port = client.run.port
    names = ["evil.test", "127.0.0.1", f"127.0.0.1:{port}.evil.test", "127.0.0.1:1", "", f":{port}"]
    names += [f"0.0.0.0:{port}", f"127.1:{port}", f"x@127.0.0.1:{port}", f"evil.test:{port}"]

    replies = [send(client, method, path, b"{}", Host=name) for name in names]

    assert {reply.status for reply in replies} <= {400, 403}


@pytest.mark.parametrize("host", ["localhost:{port}", "[::1]:{port}", "LOCALHOST:{port}"])
def test_the_names_of_this_machine_are_known(client, host):
    assert send(client, "GET", "/healthz", Host=host.format(port=client.run.port)).status == 200


@pytest.mark.parametrize("host", [None, "a\r\nHost: b"])
def test_a_request_names_one_host(client, host):
    assert send(client, "GET", "/healthz", Host=host).status == 400


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_answers_a_web_page(client, method, path):
    port = client.run.port
    origins = ["null", "http://evil.test", f"https://127.0.0.1:{port}", "http://127.0.0.1:1", ""]
    origins += [f"http://127.0.0.1:{port}.evil.test", f"http://evil.test:{port}"]

    replies = [send(client, method, path, b"{}", Origin=origin) for origin in origins]

    assert {reply.status for reply in replies} == {403}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "x"])
def test_a_browser_that_says_where_it_stands_is_believed(client, site):
    assert send(client, "GET", "/healthz", Sec_Fetch_Site=site).status == 403
    assert send(client, "GET", "/healthz", Sec_Fetch_Site="same-origin").status == 200


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH", "TRACE", "PROPFIND"])
def test_other_methods_are_not_served(client, method):
    assert send(client, method, "/v1/find", b"{}").status == 405
    assert send(client, method, "/v1/find", b"{}", Authorization=None).status == 405


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "text/plain",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "",
        "application/json\r\nContent-Type: text/plain",
    ],
)
def test_what_a_form_can_send_is_not_read(client, kind):
    assert send(client, "POST", "/v1/find", b'{"text":"a"}', Content_Type=kind).status == 415


def test_the_character_set_that_qt_appends_is_allowed(client):
    kind = "application/json;charset=UTF-8"

    assert send(client, "POST", "/v1/find", b'{"text":"a"}', Content_Type=kind).status == 200


def test_compressed_bodies_are_not_read(client):
    assert send(client, "POST", "/v1/find", b"{}", Content_Encoding="gzip").status == 415


@pytest.mark.parametrize(
    ("path", "limit"), [("/v1/index", 64 << 10), ("/v1/find", 24 << 20), ("/v1/upload", 64 << 20)]
)
def test_a_body_over_the_limit_is_refused_by_its_announcement(client, path, limit):
    kind = "audio/wav" if path == "/v1/upload" else "application/json"

    reply = send(client, "POST", path, Content_Length=str(limit + 1), Content_Type=kind)

    assert reply.status == 413


def test_a_body_over_the_limit_is_refused_while_it_is_read(client):
    piece = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
    body = piece * 17 + b"0\r\n\r\n"

    reply = send(
        client, "POST", "/v1/index", body, Content_Length=None, Transfer_Encoding="chunked"
    )

    assert reply.status == 413


def test_a_head_without_end_is_cut(client):
    reply = send(client, "GET", "/healthz", X="a" * 40_000)

    assert reply.status == 400


def test_a_body_that_stalls_is_given_up(client):
    head = (
        f"POST /v1/find HTTP/1.1\r\nHost: 127.0.0.1:{client.run.port}\r\n"
        f"Authorization: Bearer {client.run.token}\r\nContent-Type: application/json\r\n"
        "Content-Length: 12\r\n\r\n"
    )
    begun = time.monotonic()
    with connect(client.run) as connection:
        connection.settimeout(15)
        connection.sendall(head.encode("ascii") + b'{"text"')

        answer = connection.recv(4096)
        rest = connection.recv(4096)
        while rest:
            rest = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert 4 < time.monotonic() - begun < 9
    assert send(client, "GET", "/healthz").status == 200


def test_who_hangs_up_in_the_middle_harms_nobody(client):
    with connect(client.run) as connection:
        connection.sendall(b"POST /v1/find HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le")

    assert send(client, "GET", "/healthz").status == 200


def test_every_answer_forbids_what_a_page_could_do_with_it(client):
    with connect(client.run) as connection:
        connection.settimeout(5)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = connection.recv(4096).lower()

    assert head.startswith(b"http/1.1 403")
    for header in (
        b"cache-control: no-store",
        b"nosniff",
        b"frame-ancestors 'none'",
        b"connection: close",
    ):
        assert header in head
    for header in (b"access-control", b"server:", b"set-cookie", b"www-authenticate"):
        assert header not in head


def test_a_body_that_drips_is_given_up_in_the_end():
    sent = []

    async def app(scope, receive, send):
        raise AssertionError("the body never came")

    async def drip():
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def keep(message):
        sent.append(message)

    gate = Gate(
        app, token=TOKEN, port=1, sessions=Sessions(), patience=Patience(idle_s=1, total_s=0.1)
    )
    headers = [(b"host", b"localhost:1"), (b"authorization", b"Bearer t")]
    headers += [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/v1/find", "headers": headers}

    asyncio.run(gate(scope, drip, keep))

    assert sent[0]["status"] == 408


def test_a_web_socket_is_closed():
    sent = []

    async def nothing():
        raise AssertionError("nothing is read")

    async def app(scope, receive, send):
        raise AssertionError("nothing passes")

    async def keep(message):
        sent.append(message)

    gate = Gate(app, token=TOKEN, port=1, sessions=Sessions())
    asyncio.run(gate({"type": "websocket"}, nothing, keep))

    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_only_this_machine_is_listened_to(client):
    name = socket.gethostbyname(socket.gethostname())
    if name.startswith("127."):
        pytest.skip("this machine has no other address")

    with pytest.raises(OSError, match="refused"):
        socket.create_connection((name, client.run.port), 2)
