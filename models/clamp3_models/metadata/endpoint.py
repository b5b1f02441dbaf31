"""The endpoint: one question to an OpenAI-compatible chat server, over the standard library.

The key goes to the endpoint and nowhere else: over TLS with a checked certificate or over loopback,
not along redirects, and into no message. Times are seconds.
"""

import http.client
import ipaddress
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO
from urllib.parse import urlsplit

from clamp3_models.metadata.prompt import Message
from clamp3_plugin.errors import NoModelError, UsageError

_PATH = "/chat/completions"
_MOST_BYTES = 1 << 20
_MOST_WAIT_S = 600.0
_BLOCK = 1 << 16
_MOST_SAID = 300
_TROUBLES = frozenset({408, 409, 425, 429})


class TroubleError(Exception):
    """The endpoint did not answer this time; the same question may be put again."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        """How long the endpoint wants to be left alone, if it says so."""


class RefusedError(Exception):
    """The endpoint will not answer this question, however often it is put."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model wrote, and what it cost."""

    text: str
    is_whole: bool
    """False where the model was stopped by a limit."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a language model is, which one it is, and how it is asked."""

    url: str
    """Such as ``https://host/v1``; ``/chat/completions`` is put behind it."""
    llm: str
    key: str = field(default="", repr=False)
    timeout_s: float = 120.0
    temperature: float = 0.0
    json_mode: bool = False
    """Ask for ``response_format`` JSON, which not every server knows."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", self.url.rstrip("/").removesuffix(_PATH))
        _check_url(self.url)
        if not self.key.isascii() or not self.key.isprintable() or " " in self.key:
            raise UsageError("The key of the endpoint holds blanks or characters that no key has.")

    @property
    def is_local(self) -> bool:
        """It is on this machine."""
        return _is_loopback(urlsplit(self.url).hostname or "")


def ask(endpoint: Endpoint, messages: Sequence[Message]) -> Reply:
    """Put one question.

    Raises
    ------
    TroubleError
        It is busy, broken or silent.
    RefusedError
        It does not take this question.
    NoModelError
        It does not take any: wrong key, address, model name or certificate.
    """
    request = _request(endpoint, messages)
    try:
        with _opener(endpoint).open(request, timeout=endpoint.timeout_s) as response:
            body = _read(response, endpoint.timeout_s)
    except urllib.error.HTTPError as error:
        with error:
            raise _fault(endpoint, error) from error
    except (OSError, http.client.HTTPException) as error:
        # URLError and TimeoutError are OSErrors
        raise _silence(endpoint, error) from error
    return _reply(body)


def _request(endpoint: Endpoint, messages: Sequence[Message]) -> urllib.request.Request:
    body: dict[str, object] = {
        "model": endpoint.llm,
        "messages": list(messages),
        "temperature": endpoint.temperature,
    }
    if endpoint.json_mode:
        body["response_format"] = {"type": "json_object"}
    headers = {"Content-Type": "application/json", "User-Agent": "clamp3-plugin"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    return urllib.request.Request(  # noqa: S310 - https, or http over loopback: _check_url
        endpoint.url + _PATH, json.dumps(body).encode("ascii"), headers, method="POST"
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for an error: nobody but the endpoint gets key and text."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def _opener(endpoint: Endpoint) -> urllib.request.OpenerDirector:
    # a proxy would see the key in what goes to this machine in the clear
    proxies: dict[str, str] | None = {} if endpoint.is_local else None
    return urllib.request.build_opener(urllib.request.ProxyHandler(proxies), _NoRedirect)


def _read(response: http.client.HTTPResponse, timeout_s: float) -> bytes:
    """Read an answer; one that trickles in is late as well."""
    deadline = time.monotonic() + timeout_s
    body = b""
    while block := response.read1(_BLOCK):
        body += block
        if len(body) > _MOST_BYTES:
            raise TroubleError(f"the answer is longer than {_MOST_BYTES} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError
    return body


def _reply(body: bytes) -> Reply:
    try:
        fields = json.loads(body)
        choice = fields["choices"][0]
        text = choice["message"]["content"]
        usage = fields.get("usage") or {}
        prompt, completion = (usage.get(f"{name}_tokens") for name in ("prompt", "completion"))
        finish = choice.get("finish_reason")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        start = body[:80].decode("utf-8", "replace")
        raise TroubleError(f"the answer is cut off or no chat answer: {start!r}") from error
    return Reply(
        text=text if isinstance(text, str) else "",
        is_whole=finish != "length",
        prompt_tokens=prompt if isinstance(prompt, int) else 0,
        completion_tokens=completion if isinstance(completion, int) else 0,
    )


def _fault(endpoint: Endpoint, error: urllib.error.HTTPError) -> Exception:
    """Tell by the status whose fault it is."""
    status = error.code
    said = f"answered {status}{_said(endpoint, error)}"
    if status in _TROUBLES or status >= 500:
        return TroubleError(f"the endpoint {said}", _retry_after(error.headers.get("Retry-After")))
    if status < 400:
        return NoModelError(
            f"{endpoint.url} answered {status} and leads elsewhere, which is not followed.",
            "Give the address itself with --endpoint.",
        )
    if status in {401, 404}:
        return NoModelError(
            f"{endpoint.url} {said}.",
            "Check --endpoint, --llm and the key in CLAMP3_LLM_KEY (else OPENAI_API_KEY).",
        )
    return RefusedError(f"the endpoint {said}")


def _silence(endpoint: Endpoint, error: Exception) -> Exception:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return NoModelError(
            f"The certificate of {endpoint.url} does not prove who it is: {reason.verify_message}."
        )
    if isinstance(reason, TimeoutError):
        return TroubleError(f"no answer in {endpoint.timeout_s:g} s")
    return TroubleError(f"no connection: {str(reason) or type(reason).__name__}")


def _said(endpoint: Endpoint, error: IO[bytes]) -> str:
    """Give what the endpoint says of an error, in a line and without the key."""
    try:
        body = error.read(_BLOCK)
    except (OSError, http.client.HTTPException):
        return ""
    text = body.decode("utf-8", "replace")
    try:
        fields = json.loads(body)
        inner = fields.get("error", fields)
        text = inner if isinstance(inner, str) else inner["message"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass  # then the body as it is
    line = " ".join(str(text).split())
    if endpoint.key:
        line = line.replace(endpoint.key, "…")
    return f": {line[:_MOST_SAID]}" if line else ""


def _retry_after(value: str | None) -> float | None:
    """Read a wait in seconds or until a date.

    Examples
    --------
    >>> _retry_after("7"), _retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), _retry_after("soon")
    (7.0, 0.0, None)
    """
    if not value:
        return None
    try:
        if value.strip().isdecimal():
            wait_s = float(value)
        else:
            date = parsedate_to_datetime(value)
            date = date if date.tzinfo else date.replace(tzinfo=UTC)
            wait_s = (date - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(wait_s, 0.0), _MOST_WAIT_S)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is no address of an endpoint: {error}.") from error
    if parts.username or parts.password:
        raise UsageError("The endpoint's address holds a name or password.", "Use CLAMP3_LLM_KEY.")
    if not url.isascii() or not url.isprintable() or " " in url or parts.query or parts.fragment:
        raise UsageError(f"{url!r} is no plain address.", "It looks like https://host/v1.")
    if not host or parts.scheme not in {"http", "https"}:
        raise UsageError(f"{url!r} is no http address.", "It looks like https://host/v1.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError(
            f"{url} would carry key and text in the clear.",
            "Use https, or http on this machine (an ssh tunnel brings another one here).",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
