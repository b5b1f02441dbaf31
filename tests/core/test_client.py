"""The client alone: what it believes, whom it does not, what it imports."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from clamp3_plugin import wire
from clamp3_plugin.client import Client
from clamp3_plugin.client.connection import read_run_file
from clamp3_plugin.config import Home
from clamp3_plugin.errors import NoDaemonError
from clamp3_plugin.query import Query, Source

JIG = Query((Source(text="jig"),))


@pytest.fixture
def home(tmp_path):
    return Home.locate(str(tmp_path)).create()


def publish(home: Home, port: int, api: int = wire.API_VERSION) -> None:
    run = wire.RunFile(os.getpid(), port, "t" * 43, "", api, "9.9")
    home.run_file.write_bytes(wire.dumps(run.to_wire()))
    home.run_file.chmod(0o600)


@contextmanager
def answering(reply: bytes) -> Iterator[int]:
    """Answer every connection so, whatever it asks; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(2)
                    if connection.recv(1 << 16):
                        connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


REPLIES = {
    "silence": (b"", "without a word"),
    "another program": (b"SSH-2.0-OpenSSH_9.2\r\n", "is not the daemon"),
    "no status": (b"HTTP/1.1\r\n\r\n", "is not the daemon"),
    "half a reply": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "died while it answered"),
    "no JSON": (b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", "503 without JSON"),
    "another token": (b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{}", "replaced"),
}


@pytest.mark.parametrize(("reply", "says"), REPLIES.values(), ids=REPLIES)
def test_what_is_no_answer_of_the_daemon_is_an_error(home, reply, says):
    with answering(reply) as port:
        publish(home, port)

        with Client.connect(home) as client, pytest.raises(NoDaemonError, match=says):
            client.find(JIG)


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(home):
    with socket.create_server(("127.0.0.1", 0)) as server:
        publish(home, server.getsockname()[1])

        with Client.connect(home) as client:
            client.timeout_s = 0.1
            with pytest.raises(NoDaemonError, match="No answer"):
                client.find(JIG)


def test_a_daemon_of_another_protocol_is_refused_with_what_to_do(home):
    with answering(b"") as port:
        publish(home, port, api=99)

        with pytest.raises(NoDaemonError, match=r"9\.9, protocol 99.*clamp3 daemon stop"):
            Client.connect(home)
        Client.connect(home, any_version=True).close()


def test_no_run_file_means_no_daemon(home):
    with pytest.raises(NoDaemonError, match="No daemon is running"):
        read_run_file(home)


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_a_run_file_open_to_others_is_not_believed(home, mode):
    publish(home, 1)
    home.run_file.chmod(mode)

    with pytest.raises(NoDaemonError, match="open to others"):
        read_run_file(home)


def test_a_link_is_no_run_file(home, tmp_path):
    publish(home, 1)
    home.run_file.rename(tmp_path / "elsewhere")
    home.run_file.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(NoDaemonError, match="cannot be read"):
        read_run_file(home)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"pid":1}', '{"pid":"1","port":2,"token":"t"}']
)
def test_a_damaged_run_file_is_named(home, content):
    home.run_file.write_text(content)
    home.run_file.chmod(0o600)

    with pytest.raises(NoDaemonError, match="damaged"):
        read_run_file(home)


def test_a_port_that_cannot_be_is_no_daemon(home):
    publish(home, 99_999)

    with pytest.raises(NoDaemonError, match="no longer answers"):
        Client.connect(home)


def test_a_daemon_that_is_gone_is_started(home):
    started = []

    with answering(
        b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"hits":[],"reason":1'[:-1] + b""
    ) as port:

        def start() -> None:
            started.append(port)
            publish(home, port)

        Client.connect(home, start=start).close()

    assert started == [port]


def test_the_client_imports_little():
    code = "import sys, json; import clamp3_plugin.client; print(json.dumps(sorted(sys.modules)))"

    modules = set(json.loads(subprocess.check_output([sys.executable, "-c", code])))

    heavy = {"numpy", "torch", "lancedb", "starlette", "uvicorn", "rich", "asyncio"}
    slow = {"http.client", "urllib.request", "email.parser", "ssl", "subprocess", "platformdirs"}
    assert not modules & (heavy | slow)
