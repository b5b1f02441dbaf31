"""A daemon from start to end, as a process: what it answers, how it dies, who comes after."""

import json
import os
import signal
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clamp3_plugin import wire
from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.client.connection import connect, exchange, read_run_file, write_request
from clamp3_plugin.config import Home
from clamp3_plugin.errors import (
    BrokenFileError,
    Clamp3Error,
    DaemonBusyError,
    MissingFileError,
    NoDaemonError,
    NoModelError,
    UsageError,
)
from clamp3_plugin.music import Modality, Passage
from clamp3_plugin.query import Filter, Query, Source
from tests.core.daemon.conftest import COMMAND


def ask(text: str, n: int = 10) -> Query:
    return Query((Source(text=text),), n=n)


def raw(client: Client, method: str, path: str, body: bytes = b"") -> tuple[int, dict]:
    reply = exchange(connect(client.run), write_request(client.run, method, path, body), 10)
    return reply.status, json.loads(reply.body)


def log_of(home: Home) -> str:
    return home.log_file.read_text("utf-8")


def wait_until(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def test_a_question_is_answered(client):
    answer = client.find(ask("지그 jig", 2))

    assert [hit.piece.metadata.title for hit in answer.hits] == ["지그 jig"] * 2
    assert answer.hits[0].passage == Passage(1, 8)
    assert answer.hits[0].piece.path == "/music/\udcff.abc"
    assert client.took_ms > 0


def test_a_file_is_asked_with(client):
    answer = client.find(Query((Source(data=bytes(300_000), name="a.mid"),)))

    assert answer.hits[0].piece.metadata.title == "a.mid"


def test_an_upload_is_asked_with(client):
    upload = client.upload("Für\udcff.mid", b"MThd")

    status, body = raw(client, "POST", "/v1/find", wire.dumps({"upload_id": upload}))

    assert status == 200
    assert (
        body["hits"][0]["piece"]["title"] == "Für\udcff.mid"
        or "F" in body["hits"][0]["piece"]["title"]
    )


def test_an_upload_that_is_not_there_is_named(client):
    assert raw(client, "POST", "/v1/find", b'{"upload_id":"x"}')[0] == 404


def test_tags_are_given_in_the_languages_asked_for(client):
    tags = client.tag(Source(text="jig"), ["ko", "en"], 3)

    assert [tag.labels for tag in tags] == [{"ko": "x", "en": "x"}] * 3


@pytest.mark.parametrize(("local", "rows"), [(False, 1), (True, 2)])
def test_embeddings_are_given(client, local, rows):
    assert client.embed(Source(text="jig"), local=local).rows == rows


def test_pieces_are_listed_by_filter(client):
    pieces = client.pieces(Filter(key="G", modalities=(Modality.SCORE,)), 5, 2)

    assert [piece.id for piece in pieces] == ["G5", "G6"]
    assert client.piece("p1").modality is Modality.SCORE
    assert client.stats() == {"pieces": 1}
    assert client.errors() == [wire.IndexEvent("/b.mid", "refused", "too_large", "It is.")]
    assert client.check() == []
    assert client.check(deep=True) == ["a row is bad"]
    assert client.compact() == {"freed": 0}
    assert client.forget(["/music", "/more"]) == 2


def test_a_piece_that_is_not_there_is_named(client):
    with pytest.raises(MissingFileError, match="'x y'"):
        client.piece("x y")
    with pytest.raises(Clamp3Error, match="no such address"):
        client.piece("../x")


def test_the_file_of_a_piece_is_an_attachment(client):
    request = write_request(client.run, "GET", "/v1/pieces/p1/file")
    with connect(client.run) as connection:
        connection.sendall(request)
        reply = b"".join(iter(lambda: connection.recv(1 << 16), b""))

    head, _, body = reply.partition(b"\r\n\r\n")
    assert body == Path(COMMAND[-1]).read_bytes()
    assert b'content-disposition: attachment; filename="trivial.py"' in head.lower()


def test_the_state_of_the_daemon_is_told(client):
    status = client.status()

    assert status["state"] == "ready"
    assert status["pid"] == client.run.pid
    assert isinstance(status["memory_bytes"], int)
    assert status["memory_bytes"] > 1 << 20
    assert {"model", "space", "device", "precision", "library", "uptime_s", "version"} <= set(
        status
    )


def test_the_interface_describes_itself(client):
    document = raw(client, "GET", "/openapi.json")[1]

    assert document["paths"]["/v1/find"]["post"]["summary"] == "Find similar pieces and passages."
    assert document["paths"]["/v1/jobs/{id}"].keys() == {"get", "delete"}
    assert raw(client, "GET", "/version")[1] == {"version": client.run.version, "api": 1}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/nothing", b"", 404, "no_route"),
        ("GET", "/v1/find/", b"", 404, "no_route"),
        ("GET", "/v1/find", b"", 405, "method_not_allowed"),
        ("POST", "/v1/find", b"{", 422, "usage"),
        ("POST", "/v1/find", b'{"text":"a","x":1}', 422, "usage"),
        ("POST", "/v1/find", b'{"text":"broken"}', 422, "broken_file"),
        ("POST", "/v1/tag", b'{"text":"a","n":0.5}', 422, "usage"),
        ("POST", "/v1/tag", b'{"text":"a","n":999}', 422, "usage"),
        ("POST", "/v1/tag", b'{"languages":["en"]}', 422, "usage"),
        ("POST", "/v1/index", b'{"paths":[]}', 422, "usage"),
        ("POST", "/v1/index", b'{"paths":["music"]}', 422, "usage"),
        ("POST", "/v1/index", b'{"paths":["/"]}', 422, "usage"),
        ("POST", "/v1/upload", b"{}", 415, "unsupported_media_type"),
        ("GET", "/v1/pieces?limit=-1", b"", 422, "usage"),
        ("GET", "/v1/pieces?colour=red", b"", 422, "usage"),
        ("GET", "/v1/pieces/x/file", b"", 404, "not_found"),
        ("GET", "/v1/jobs/x", b"", 404, "not_found"),
        ("GET", "/v1/jobs/x/events", b"", 404, "not_found"),
        ("DELETE", "/v1/jobs/x", b"", 404, "not_found"),
    ],
)
def test_what_makes_no_sense_is_answered_from_the_list(client, method, path, body, status, code):
    got, answer = raw(client, method, path, body)

    assert (got, answer["error"]["code"]) == (status, code)
    assert answer["error"].keys() == {"code", "message", "hint"}


def test_errors_arrive_as_what_they_were(client):
    with pytest.raises(BrokenFileError, match=r"x.mid is truncated. Save it again."):
        client.find(ask("broken"))
    with pytest.raises(UsageError, match="no absolute path"):
        next(client.index(["music"]))


def test_what_nobody_foresaw_is_logged_without_what_was_asked(start, home):
    with start() as client:
        with pytest.raises(Clamp3Error, match="incident"):
            client.find(ask("boom"))

        assert client.find(ask("a")).hits

    log = log_of(home)
    assert "RuntimeError" in log
    assert "trivial.py" in log
    assert "secret" not in log
    assert client.run.token not in log
    assert all(json.loads(line)["message"] for line in log.splitlines())


def test_questions_of_several_clients_are_answered_side_by_side(client):
    begun = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        finds = [Client.connect(client._home) for _ in range(4)]
        answers = list(pool.map(lambda each: each.find(ask("sleep 0.4")), finds))

    assert len(answers) == 4
    assert time.monotonic() - begun < 1.5


def test_an_index_run_is_followed_to_its_end(client, tmp_path):
    for number in range(30):
        (tmp_path / f"{number:02}").touch()

    *events, summary = client.index([str(tmp_path)])

    assert [Path(event.path).name for event in events] == [f"{n:02}" for n in range(30)]
    assert (events[-1].done, events[-1].total) == (30, 30)
    assert summary == wire.IndexSummary("done", {"indexed": 30})


def test_files_that_could_not_be_read_are_read_again_if_asked(client, tmp_path):
    (tmp_path / "a").touch()

    *_, summary = client.index([str(tmp_path)], retry=True)

    assert summary == wire.IndexSummary("done", {"indexed": 1, "retried": 1})


def test_an_index_run_that_breaks_says_so(client, tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "boom").touch()

    event, summary = client.index([str(tmp_path)])

    assert Path(event.path).name == "a"
    assert isinstance(summary, wire.IndexSummary)
    assert summary.state == "failed"
    assert "daemon logs" in str(summary.error)


def test_a_run_that_is_left_is_cancelled(client, tmp_path):
    for number in range(400):
        (tmp_path / f"slow{number:03}").touch()
    events = client.index([str(tmp_path)])

    next(events)
    assert client.find(ask("meanwhile")).hits
    with pytest.raises(DaemonBusyError, match="under way"):
        client.compact()
    events.close()

    wait_until(lambda: client.status()["jobs"] == 0)


def test_the_run_file_is_ours_alone(start, home):
    with start() as client:
        about = home.run_file.stat()

    assert stat.S_IMODE(about.st_mode) == 0o600
    assert stat.S_IMODE(home.log_file.stat().st_mode) == 0o600
    assert len(client.run.token) == 43
    assert json.loads(home.run_file.read_text("ascii")).keys() == {
        "v", "pid", "port", "token", "started", "api", "version",
    }  # fmt: skip


def test_a_stopped_daemon_leaves_nothing_but_its_lock(start, home):
    client = start()

    client.stop()

    assert [file.name for file in home.run.iterdir()] == ["lock"]
    with pytest.raises(NoDaemonError, match="No daemon is running"):
        Client.connect(home)


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(home, name, serve):
    process = serve()
    wait_until(home.run_file.exists)

    process.send_signal(name)

    assert process.wait(8) == 0
    assert not home.run_file.exists()
    assert "stopped" in log_of(home)


def test_a_signal_ends_an_index_run_too(home, tmp_path, serve):
    for number in range(400):
        (tmp_path / f"slow{number:03}").touch()
    process = serve()
    wait_until(home.run_file.exists)
    with Client.connect(home) as client:
        events = client.index([str(tmp_path)])
        next(events)
        process.send_signal(signal.SIGTERM)

        *_, summary = events

    assert isinstance(summary, wire.IndexSummary)
    assert summary.state == "cancelled"
    assert process.wait(8) == 0


def test_a_killed_daemon_is_started_again_and_the_question_asked_again(start):
    with start() as client:
        first = client.run
        client.find(ask("a"))
        os.kill(first.pid, signal.SIGKILL)

        answer = client.find(ask("b"))

    assert answer.hits[0].piece.metadata.title == "b"
    assert client.run.pid != first.pid
    assert client.run.token != first.token


def test_without_leave_to_start_a_dead_daemon_is_an_error(start, home):
    with start() as client, Client.connect(home) as other:
        os.kill(client.run.pid, signal.SIGKILL)

        with pytest.raises(NoDaemonError, match="clamp3 daemon start"):
            other.find(ask("b"))


def test_a_run_file_of_a_dead_daemon_harms_nobody(start, home):
    home.create()
    run = wire.RunFile(os.getpid(), 9, "t", "", wire.API_VERSION, "0")
    home.run_file.write_bytes(wire.dumps(run.to_wire()))
    home.run_file.chmod(0o600)

    with start() as client:
        assert client.find(ask("a")).hits


def test_of_five_started_at_once_one_serves(home, serve):
    processes = [serve() for _ in range(5)]
    wait_until(lambda: sum(process.poll() is None for process in processes) == 1)
    wait_until(home.run_file.exists)

    serving = [process for process in processes if process.poll() is None]
    others = [process for process in processes if process.poll() is not None]

    assert [process.returncode for process in others] == [3] * 4
    for process in others:
        assert b"Another daemon serves already" in process.communicate()[1]
    assert read_run_file(home).pid == serving[0].pid
    serving[0].terminate()
    serving[0].communicate()


def test_five_clients_at_once_share_one_daemon(start):
    with ThreadPoolExecutor(5) as pool:
        clients = [future.result() for future in [pool.submit(start) for _ in range(5)]]

    assert len({client.run.pid for client in clients}) == 1
    for client in clients:
        client.close()


def test_who_is_second_says_who_serves(start, home, serve):
    with start() as client:
        second = serve()
        _, words = second.communicate()

    assert second.returncode == 3
    assert f"pid {client.run.pid}, port {client.run.port}".encode() in words


def test_an_idle_daemon_leaves(home, monkeypatch, serve):
    monkeypatch.setenv("TRIVIAL_KEEP_ALIVE_S", "0.5")
    process = serve()

    assert process.wait(10) == 0
    assert not home.run_file.exists()


def test_a_daemon_with_a_job_is_not_idle(home, monkeypatch, tmp_path, serve):
    monkeypatch.setenv("TRIVIAL_KEEP_ALIVE_S", "0.5")
    for number in range(30):
        (tmp_path / f"slow{number:03}").touch()
    process = serve()
    wait_until(home.run_file.exists)

    with Client.connect(home) as client:
        *_, summary = client.index([str(tmp_path)])

    assert isinstance(summary, wire.IndexSummary)
    assert summary.state == "done"
    assert process.wait(10) == 0


def test_a_question_waits_for_the_model(start, monkeypatch):
    monkeypatch.setenv("TRIVIAL_LOAD_S", "0.6")
    with start() as client:
        assert client.status()["state"] == "loading"
        assert client.find(ask("a")).hits
        assert client.status()["state"] == "ready"


def test_a_model_that_does_not_load_is_named_by_every_question(start, monkeypatch):
    monkeypatch.setenv("TRIVIAL_LOAD_S", "-1")
    with start() as client:
        with pytest.raises(NoModelError, match="There are no weights"):
            client.find(ask("a"))

        assert client.status()["state"] == "failed"
        assert client.stats() == {"pieces": 1}


def test_a_daemon_that_stops_while_the_model_loads_does_not_hang(start, monkeypatch, home):
    monkeypatch.setenv("TRIVIAL_LOAD_S", "30")
    with start() as client:
        client.stop()

    wait_until(lambda: not Path(f"/proc/{client.run.pid}/exe").exists())


def test_a_daemon_that_cannot_start_says_why(home, monkeypatch):
    monkeypatch.setenv("TRIVIAL_REFUSES", "1")

    with pytest.raises(NoDaemonError, match=r"The library is damaged\. Restore it\."):
        ensure_daemon(home, command=COMMAND, timeout_s=20)


def test_a_command_that_is_no_daemon_is_waited_for_no_longer_than_said(home):
    command = (sys.executable, "-c", "import time; time.sleep(3)")
    waited: list[float] = []

    with pytest.raises(NoDaemonError, match="does not listen"):
        ensure_daemon(home, command=command, timeout_s=0.3, on_wait=waited.append)

    assert waited == sorted(waited)
    assert len(waited) > 2


def test_a_run_folder_open_to_others_is_refused(home, serve):
    home.create().run.chmod(0o755)

    process = serve()

    assert b"open to others" in process.communicate()[1]
    assert process.returncode == 3


def test_who_connects_and_says_nothing_does_not_hold_the_daemon(client):
    silent = [connect(client.run) for _ in range(20)]
    try:
        assert client.find(ask("a")).hits
    finally:
        for connection in silent:
            connection.close()
