"""The page's part of the interface: letting it in."""

from starlette.requests import Request
from starlette.responses import Response

from clamp3_plugin.daemon.asking import fields_of
from clamp3_plugin.daemon.page.sessions import Sessions
from clamp3_plugin.daemon.refusals import RefusedError, WireResponse


class PageAnswers:
    """Endpoints that open a session of the page."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def code(self, request: Request) -> Response:
        """Make a code that opens the page: one use, one minute."""
        (await fields_of(request)).close()
        return WireResponse({"code": self._sessions.make_code()})

    async def session(self, request: Request) -> Response:
        """Open a session of the page with a code; gives its token."""
        fields = await fields_of(request)
        token = self._sessions.open(fields.text("code"))
        if token is None:
            raise RefusedError("unauthorized", "This code is not good (any more).", "clamp3 web")
        return WireResponse({"token": token})
