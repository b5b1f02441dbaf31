"""How the endpoint is asked, and what its answers and silences mean."""

import pytest

from clamp3_models.metadata.endpoint import Endpoint, RefusedError, TroubleError, ask
from clamp3_plugin.errors import NoModelError, UsageError
from tests.models.metadata.chat import Chat, Say

MESSAGES = [{"role": "system", "content": "a"}, {"role": "user", "content": "language:\nb"}]
KEY = "sk-secret-of-the-test"


def put(chat: Chat, **options):
    return ask(Endpoint(chat.url, "small", **options), MESSAGES)


def test_a_question_is_put_as_the_protocol_wants_it():
    with Chat([Say("hello")]) as chat:
        reply = put(chat, key=KEY)

    assert (reply.text, reply.is_whole) == ("hello", True)
    assert (reply.prompt_tokens, reply.completion_tokens) == (100, 20)
    (request,) = chat.requests
    assert request["path"] == "/v1/chat/completions"
    assert request["model"] == "small"
    assert request["messages"] == MESSAGES
    assert request["temperature"] == 0
    assert "response_format" not in request
    assert chat.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_without_a_key_none_is_sent():
    with Chat([Say("hello")]) as chat:
        put(chat, json_mode=True)

    assert "Authorization" not in chat.headers[0]
    assert chat.requests[0]["response_format"] == {"type": "json_object"}


def test_a_proxy_is_not_told_what_goes_to_this_machine(monkeypatch):
    with Chat([Say("hello")]) as chat, Chat([Say("from the proxy")]) as proxy:
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.url)
        reply = put(chat, key=KEY)

    assert reply.text == "hello"
    assert not proxy.requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    with (
        Chat([Say("hello")]) as other,
        Chat([Say(status=status, headers={"Location": other.url})]) as chat,
        pytest.raises(NoModelError, match="leads elsewhere"),
    ):
        put(chat, key=KEY)

    assert not other.requests


@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_key_or_name_ends_it_without_telling_the_key(status):
    body = f'{{"error": {{"message": "no such key: {KEY}"}}}}'
    with (
        Chat([Say(status=status, body=body)]) as chat,
        pytest.raises(NoModelError, match="no such key: …") as caught,
    ):
        put(chat, key=KEY)

    assert KEY not in f"{caught.value} {caught.value!r}"


def test_the_key_is_not_shown():
    assert KEY not in repr(Endpoint("https://host/v1", "small", KEY))


@pytest.mark.parametrize("status", [400, 403, 413, 422])
def test_a_question_that_is_refused_is_not_put_again(status):
    body = '{"error": "too long"}'
    with (
        Chat([Say(status=status, body=body)]) as chat,
        pytest.raises(RefusedError, match=f"{status}: too long"),
    ):
        put(chat)


@pytest.mark.parametrize(
    ("header", "wait_s"), [("7", 7.0), ("99999", 600.0), ("Sat, 01 Jan 2000 00:00:00 GMT", 0.0)]
)
def test_busy_says_how_long(header, wait_s):
    with (
        Chat([Say(status=429, headers={"Retry-After": header}, body="")]) as chat,
        pytest.raises(TroubleError, match="429") as caught,
    ):
        put(chat)

    assert caught.value.wait_s == wait_s


@pytest.mark.parametrize(
    "say",
    [
        Say(status=500, body="<html>oops</html>"),
        Say(status=503, body=""),
        Say(cut_after=40),
        Say(body="<html>not the API</html>"),
        Say(body='{"choices": []}'),
        Say(body="[" * 100_000),
        Say("x" * (1 << 20)),
    ],
    ids=["500", "503", "cut", "html", "no choice", "deep", "endless"],
)
def test_what_may_pass_is_trouble(say):
    with Chat([say]) as chat, pytest.raises(TroubleError):
        put(chat)


@pytest.mark.parametrize("say", [Say(wait_s=1), Say(trickle_s=0.02)], ids=["silent", "trickling"])
def test_an_endpoint_that_hangs_is_left(say):
    with Chat([say]) as chat, pytest.raises(TroubleError, match=r"no answer in 0\.2 s"):
        put(chat, timeout_s=0.2)


def test_nobody_there_is_trouble():
    with Chat() as chat:
        url = chat.url

    with pytest.raises(TroubleError, match="no connection"):
        ask(Endpoint(url, "small"), MESSAGES)


def test_an_answer_that_was_stopped_is_known():
    with Chat([Say("{", finish="length")]) as chat:
        assert not put(chat).is_whole


def test_a_refusal_without_content_is_an_empty_answer():
    with Chat([Say(body='{"choices": [{"message": {"content": null}}]}')]) as chat:
        assert put(chat).text == ""


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://host/v1/", "https://host/v1"),
        ("https://host/v1/chat/completions", "https://host/v1"),
        ("http://localhost:1/v1", "http://localhost:1/v1"),
        ("http://127.8.0.1/v1", "http://127.8.0.1/v1"),
        ("http://[::1]:1/v1", "http://[::1]:1/v1"),
    ],
)
def test_these_addresses_are_taken(url, kept):
    assert Endpoint(url, "small").url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://host/v1",
        "http://192.168.0.2:1/v1",
        "http://127.0.0.1.evil.example/v1",
        "http://localhost@evil.example/v1",
        "https://user:word@host/v1",
        "https://host/v1?key=1",
        "https://host:port/v1",
        "https://host/v 1",
        "ftp://host/v1",
        "file:///etc/passwd",
        "host/v1",
        "",
    ],
)
def test_these_addresses_are_refused(url):
    with pytest.raises(UsageError):
        Endpoint(url, "small")


def test_a_key_that_would_break_the_request_is_refused_unseen():
    with pytest.raises(UsageError) as caught:
        Endpoint("https://host/v1", "small", "sk-1\r\nHost: evil")

    assert "sk-1" not in str(caught.value)
