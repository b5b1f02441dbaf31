"""Raw requests to the daemon, and what is right about an answer."""

import json
from dataclasses import dataclass

from clamp3_plugin.client.connection import connect, exchange
from clamp3_plugin.wire import RunFile
from tests.hostile.corpus import GOOD_TITLE, GOOD_TUNE
from tests.hostile.http_requests import Write, request

_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    body: bytes

    @property
    def code(self) -> str:
        """Code of the error; empty where there is none, or none of ours."""
        try:
            answer = json.loads(self.body)
        except ValueError:
            return ""
        error = answer.get("error") if isinstance(answer, dict) else None
        return str(error["code"]) if isinstance(error, dict) else ""


def send(run: RunFile, write: Write) -> Reply:
    """Send a request as it is."""
    reply = exchange(connect(run), write(f"127.0.0.1:{run.port}", run.token), _TIMEOUT_S)
    return Reply(reply.status, reply.body)


def find(run: RunFile, name: str, data: bytes) -> Reply:
    """Upload a file and ask with it."""
    headers = {"Content-Type": "application/octet-stream"}
    upload = send(run, request("POST", f"/v1/upload?name={name}", data, headers))
    if upload.status != 200:
        return upload
    body = json.dumps({"upload_id": json.loads(upload.body)["upload_id"]}).encode()
    return send(run, request("POST", "/v1/find", body))


def answers_well(run: RunFile) -> bool:
    """Tell whether a good question finds what it should."""
    content = {"content": {"format": "abc", "data": GOOD_TUNE}, "n": 1}
    reply = send(run, request("POST", "/v1/find", json.dumps(content).encode()))
    if reply.status != 200:
        return False
    hits = json.loads(reply.body)["hits"]
    return [(hit["piece"]["title"], round(hit["score"], 3)) for hit in hits] == [(GOOD_TITLE, 1)]
