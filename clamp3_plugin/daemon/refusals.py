"""The closed list of the interface's errors, with their HTTP status, and how one is answered.

409 and 410 are left out on purpose: the XMLHttpRequest of older Qt loses their bodies.
"""

from starlette.responses import JSONResponse
from starlette.types import Send

from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.wire import dumps, error_to_wire

STATUS = {
    # of the gate
    "bad_request": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "no_route": 404,
    "method_not_allowed": 405,
    "timeout": 408,
    "unsupported_media_type": 415,
    "out_of_range": 416,
    "internal": 500,
    # of errors.py
    "error": 422,
    "refused": 422,
    "unsupported_format": 415,
    "broken_file": 422,
    "too_large": 413,
    "empty": 422,
    "not_found": 404,
    "library_empty": 404,
    "encoder_mismatch": 422,
    "library_damaged": 500,
    "library_busy": 503,
    "disk_full": 503,
    "model_not_ready": 503,
    "gpu_memory": 503,
    "unheard": 422,
    "no_daemon": 503,
    "busy": 429,
    "usage": 422,
}


class WireResponse(JSONResponse):
    """JSON as the wire writes it: ASCII, so that names of any bytes pass."""

    def render(self, content: object) -> bytes:
        """Write the body."""
        return dumps(content)


class RefusedError(Clamp3Error):
    """A request that is not served, by its code."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


def answer(error: Clamp3Error, **more: str) -> WireResponse:
    """Answer an error; ``more`` stands beside it (the ``state`` of a model that is loading)."""
    body = {**error_to_wire(error), **more}
    return WireResponse(body, STATUS.get(error.code, 422))


async def refuse(send: Send, error: Clamp3Error) -> None:
    """Answer an error and hang up, for the rest of the request was not read."""
    response = answer(error)
    headers = [*response.raw_headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
