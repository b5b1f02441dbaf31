"""Download one large file over HTTP: resumed, bounded, hashed. Standard library only.

What is there so far lies in ``<file>.part`` beside the target, the ETag it belongs to in
``<file>.etag``; a later call goes on from there. Only a whole file of the right size and SHA-256 gets
the target's name. Proxies are taken from the environment, as urllib does.
"""

import errno
import hashlib
import http.client
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from typing import IO
from urllib.parse import urljoin, urlsplit

from clamp3_plugin.errors import NoModelError

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes of the whole file."""

_BLOCK = 1 << 20
_REDIRECTS = 5
_RETRIED = {408, 429, 500, 502, 503, 504}
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file as it must arrive."""

    url: str
    size: int | None = None
    sha256: str | None = None
    commit: str | None = None
    """Commit that the server must say it serves, where it says one (``X-Repo-Commit``)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server that stalls or drops the connection."""

    timeout_s: float = 30.0
    """Seconds without a byte."""
    attempts: int = 6
    """Attempts in a row that bring no byte."""
    wait_s: float = 1.0
    """Seconds before the second attempt; doubled each time."""


class _DroppedError(Exception):
    """The connection ended early; what came so far is kept."""


def download(
    wanted: Wanted,
    target: Path,
    *,
    progress: Progress,
    token: str | None = None,
    patience: Patience = Patience(),
) -> str:
    """Download a file, and return its SHA-256.

    Raises
    ------
    NoModelError
        The server refuses, stays away or serves another file, or the disk is full. What was received
        is kept for the next call, unless it is wrong.
    """
    transfer = _Transfer(wanted, target, progress, token, patience.timeout_s)
    failures, wait_s = 0, patience.wait_s
    while not transfer.complete:
        before = transfer.received
        try:
            transfer.attempt()
        except _DroppedError as error:
            progressed = transfer.received > before
            failures, wait_s = (0, patience.wait_s) if progressed else (failures + 1, wait_s * 2)
            if failures >= patience.attempts:
                raise NoModelError(
                    f"The download of {target.name} broke off at {transfer.received} bytes: {error}.",
                    "Run the same command again: it goes on from there.",
                ) from error
            time.sleep(wait_s)
    return transfer.finish()


class _Transfer:
    """The state of one download over all its attempts."""

    def __init__(
        self, wanted: Wanted, target: Path, progress: Progress, token: str | None, timeout_s: float
    ) -> None:
        self._wanted = wanted
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._target = target
        self._part = target.with_name(target.name + ".part")
        self._etag = target.with_name(target.name + ".etag")
        self._progress = progress
        self._token = token
        self._timeout_s = timeout_s
        self._size = wanted.size
        self._sha256 = wanted.sha256
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def received(self) -> int:
        """Bytes that are there."""
        return self._part.stat().st_size if self._part.exists() else 0

    @property
    def complete(self) -> bool:
        """All bytes are there, as far as the size is known."""
        return self._size is not None and self.received >= self._size

    def attempt(self) -> None:
        """Ask for what is missing and store what comes."""
        try:
            with self._open() as response:
                self._receive(response)
        except urllib.error.HTTPError as error:
            with error:
                self._refused(error)
        except (
            urllib.error.URLError,
            http.client.HTTPException,
            ConnectionError,
            TimeoutError,
        ) as error:
            raise _DroppedError(_reason(error)) from error

    def finish(self) -> str:
        """Check size and SHA-256 and give the file its name."""
        if self.received != self._size:
            self._discard()
            raise NoModelError(f"{self._target.name} has {self.received} bytes, not {self._size}.")
        with self._part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if self._sha256 and digest != self._sha256:
            self._discard()
            raise NoModelError(
                f"{self._target.name} was thrown away: its SHA-256 is {digest}, not {self._sha256}.",
                "Try again; if it stays so, the server serves another file than the pinned one.",
            )
        self._part.replace(self._target)
        self._etag.unlink(missing_ok=True)
        return digest

    def _open(self) -> http.client.HTTPResponse:
        """Open the file, over redirects, of which the first answer may state size and SHA-256."""
        url = self._wanted.url
        for _ in range(_REDIRECTS + 1):
            response = self._request(url)
            self._learn(response.headers)
            if response.status not in {301, 302, 303, 307, 308}:
                return response
            with response:
                goal = urljoin(url, response.headers.get("Location", ""))
            if urlsplit(goal).scheme not in {"http", "https"} or (
                urlsplit(url).scheme == "https" and urlsplit(goal).scheme != "https"
            ):
                raise NoModelError(f"{url} leads to {goal[:200]!r}, which is not followed.")
            url = goal
        raise NoModelError(f"{self._wanted.url} leads from one address to the next without end.")

    def _request(self, url: str) -> http.client.HTTPResponse:
        headers = {"User-Agent": "clamp3-plugin", "Accept-Encoding": "identity"}
        if self._token and urlsplit(url)[:2] == urlsplit(self._wanted.url)[:2]:
            headers["Authorization"] = f"Bearer {self._token}"  # to nobody but the hub itself
        if self.received:
            headers["Range"] = f"bytes={self.received}-"
            if self._etag.exists():
                headers["If-Range"] = self._etag.read_text("ascii")
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http(s), checked by callers
        response: http.client.HTTPResponse = self._opener.open(request, timeout=self._timeout_s)
        return response

    def _learn(self, headers: HTTPMessage) -> None:
        """Take over what the hub says of the file, where the manifest does not say it."""
        commit = headers.get("X-Repo-Commit")
        if self._wanted.commit and commit and commit != self._wanted.commit:
            raise NoModelError(
                f"{self._wanted.url} serves the commit {commit[:40]!r}, not {self._wanted.commit}."
            )
        size = headers.get("X-Linked-Size", "")
        if self._size is None and size.isdecimal():
            self._size = int(size)
        etag = headers.get("X-Linked-ETag", "").strip('"')
        if self._sha256 is None and _SHA256.fullmatch(etag):
            self._sha256 = etag

    def _receive(self, response: http.client.HTTPResponse) -> None:
        start = self._start(response)
        self._check_room(start)
        etag = response.headers.get("ETag", "")
        if etag.startswith('"') and etag.isascii():
            self._etag.write_text(etag, "ascii")
        else:
            self._etag.unlink(missing_ok=True)
        with self._part.open("r+b" if start else "wb") as file:
            file.seek(start)
            self._copy(response, file, start)

    def _start(self, response: http.client.HTTPResponse) -> int:
        """Where in the file the answer begins; what is known of the size is compared."""
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        length = response.headers.get("Content-Length", "")
        if response.status == 206 and span and int(span[1]) == self.received:
            start, size = int(span[1]), int(span[2])
        elif response.status == 200 and length.isdecimal():
            start, size = 0, int(length)
        else:
            self._discard()
            raise _DroppedError(f"the server answered {response.status} without a usable length")
        if self._size is not None and size != self._size:
            raise NoModelError(
                f"{self._target.name} has {size} bytes on the server, not the {self._size} expected.",
                "The server serves another file than the pinned one.",
            )
        self._size = size
        return start

    def _check_room(self, start: int) -> None:
        needed = (self._size or 0) - start
        free = shutil.disk_usage(self._target.parent).free
        if needed > free:
            raise NoModelError(
                f"The download needs {needed} bytes, but {free} are free in {self._target.parent}.",
                "Make room and run the same command again.",
            )

    def _copy(self, response: http.client.HTTPResponse, file: IO[bytes], start: int) -> None:
        size = self._size or 0
        received = start
        while received < size:
            # read1 and not read: what came before a timeout must not be lost in a buffer
            block = response.read1(min(_BLOCK, size - received))
            if not block:
                raise _DroppedError("the connection was closed")
            self._write(file, block)
            received += len(block)
            self._progress(received, size)

    def _write(self, file: IO[bytes], block: bytes) -> None:
        try:
            file.write(block)
            file.flush()
        except OSError as error:
            if error.errno not in _DISK_FULL:
                raise
            raise NoModelError(
                f"The disk is full: {self._part} cannot grow beyond {self.received} bytes.",
                "Make room and run the same command again: it goes on from there.",
            ) from error

    def _refused(self, error: urllib.error.HTTPError) -> None:
        if error.code == 416:  # what is there does not belong to what is on the server
            self._discard()
        if error.code == 416 or error.code in _RETRIED:
            raise _DroppedError(f"the server answered {error.code} {error.reason}") from error
        raise NoModelError(
            f"{self._wanted.url} answered {error.code} {error.reason}.",
            "Check HF_ENDPOINT if it is set; the hub may also be down or the file gone.",
        ) from error

    def _discard(self) -> None:
        self._part.unlink(missing_ok=True)
        self._etag.unlink(missing_ok=True)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Hand redirects back: the caller decides where to go, and with which headers."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> IO[bytes]:
        """Give the answer as it is."""
        del req, code, msg, headers
        return fp

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return str(reason) or type(reason).__name__
