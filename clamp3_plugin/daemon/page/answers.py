"""The page's part of the interface: letting it in, and folders that it has watched."""

from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from clamp3_plugin.daemon.asking import fields_of
from clamp3_plugin.daemon.files import check_paths
from clamp3_plugin.daemon.page.sessions import Sessions
from clamp3_plugin.daemon.refusals import RefusedError, WireResponse
from clamp3_plugin.daemon.watching import Watching
from clamp3_plugin.errors import UsageError


class PageAnswers:
    """Endpoints that open a session of the page and say what is watched."""

    def __init__(self, sessions: Sessions, watching: Watching) -> None:
        self._sessions = sessions
        self._watching = watching

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

    async def watched(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint takes it
        """List the folders that are watched."""
        return WireResponse({"folders": list(self._watching.folders)})

    async def watch(self, request: Request) -> Response:
        """Watch these folders and no others: what changes there is indexed."""
        fields = await fields_of(request)
        given = fields.texts("folders")
        fields.close()
        self._watching.watch(_folders(given))
        return WireResponse({"folders": list(self._watching.folders)})


def _folders(given: Sequence[str]) -> list[str]:
    checked = check_paths(given, of_page=True) if given else []
    if others := [path for path in checked if not Path(path).is_dir()]:
        raise UsageError(f"{others[0][:80]!r} is no folder.", "Only folders can be watched.")
    return checked
