"""The page is there for anybody on this machine, what it may ask only for who has a code."""

import json
import shutil

import pytest

from clamp3_plugin.client import Client
from clamp3_plugin.client.connection import Reply
from clamp3_plugin.daemon.page.sessions import CODE_S, IDLE_S, Sessions
from tests.core.daemon.test_gate import send


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def session(client: Client) -> str:
    code = json.dumps({"code": client.page_code()}).encode()
    reply = send(client, "POST", "/v1/session", code, Authorization=None)
    token = json.loads(reply.body)["token"]
    assert isinstance(token, str)
    return token


def as_page(client: Client, token: str, method: str, path: str, body: bytes = b"") -> Reply:
    return send(client, method, path, body, Authorization=f"Bearer {token}")


@pytest.mark.parametrize("site", [None, "none", "same-origin"])
def test_the_page_needs_no_token(client, site):
    reply = send(client, "GET", "/", Authorization=None, Sec_Fetch_Site=site)

    assert reply.status == 200
    assert b'src="/page/main.js"' in reply.body


def test_no_other_page_may_show_it(client):
    assert send(client, "GET", "/", Authorization=None, Sec_Fetch_Site="cross-site").status == 403


@pytest.mark.parametrize("path", ["/page/../app.py", "/page/%2e%2e/app.py", "/page/", "/page/x.js"])
def test_no_other_file_is_served(client, path):
    assert send(client, "GET", path, Authorization=None).status == 404


def test_a_session_may_ask_and_not_stop_or_forget(client):
    token = session(client)

    assert as_page(client, token, "POST", "/v1/find", b'{"text":"a"}').status == 200
    for path in ("/v1/shutdown", "/v1/library/forget", "/v1/library/compact", "/v1/session/code"):
        assert as_page(client, token, "POST", path, b"{}").status == 403


def test_a_page_is_told_when_each_bar_begins(client):
    if shutil.which("fluidsynth") is None:
        pytest.skip("needs FluidSynth and a soundfont (apt install fluidsynth timgm6mb-soundfont)")

    reply = as_page(client, session(client), "GET", "/v1/pieces/p1/preview.json")

    starts = [{"bar": 1, "start": 0.0}, {"bar": 2, "start": 1.0}, {"bar": 4, "start": 1.75}]
    assert json.loads(reply.body) == {"bars": starts, "end": 2.125}


@pytest.mark.parametrize("name", [".ssh", ".config/app", "music/../.ssh", "link"])
def test_a_session_names_no_hidden_folder_and_the_owner_may(client, tmp_path, name):
    """Negative control: without ``of_page`` in ``index`` all four were taken."""
    (tmp_path / ".config" / "app").mkdir(parents=True)
    (tmp_path / ".ssh").mkdir()
    (tmp_path / "music").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / ".ssh")
    token, path = session(client), f"{tmp_path}/{name}"

    index = as_page(client, token, "POST", "/v1/index", json.dumps({"paths": [path]}).encode())
    watch = as_page(client, token, "POST", "/v1/watch", json.dumps({"folders": [path]}).encode())

    assert [index.status, watch.status] == [422, 422]
    assert b"hidden" in index.body
    assert b"hidden" in watch.body
    assert len(list(client.index([path]))) == 1


def test_a_code_opens_one_session(client):
    code = json.dumps({"code": client.page_code()}).encode()

    replies = [send(client, "POST", "/v1/session", code, Authorization=None) for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 401]


def test_codes_and_sessions_grow_old():
    clock = Clock()
    sessions = Sessions(clock)
    late, code = sessions.make_code(), sessions.make_code()
    token = sessions.open(code)
    assert token is not None

    clock.now = CODE_S + 1
    assert sessions.open(late) is None
    assert sessions.admits(token)
    clock.now += IDLE_S
    assert sessions.admits(token)
    clock.now += IDLE_S + 1
    assert not sessions.admits(token)


def test_what_is_no_code_opens_nothing():
    sessions = Sessions()
    sessions.make_code()

    assert sessions.open("") is None
    assert sessions.open("ä" * 22) is None
