"""The files of the page, held in memory: what is not among them is not served."""

from collections.abc import Awaitable, Callable, Iterator
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
_FOLDER = "/page/"


def is_page(path: str) -> bool:
    """Tell whether an address is of the page itself, which anybody on this machine may load.

    Examples
    --------
    >>> is_page("/"), is_page("/page/main.js"), is_page("/v1/find")
    (True, True, False)
    """
    return path == "/" or path.startswith(_FOLDER)


def page_routes() -> list[Route]:
    """Give a route for every file of the page; ``index.html`` is ``/``."""
    root = resources.files("clamp3_plugin.daemon.page").joinpath("static")
    return [
        Route("/" if name == "index.html" else _FOLDER + name, _giver(data, kind), methods=["GET"])
        for name, data, kind in sorted(_files(root, ""))
    ]


def _files(folder: Traversable, below: str) -> Iterator[tuple[str, bytes, str]]:
    for entry in folder.iterdir():
        name = below + entry.name
        if entry.is_dir():
            yield from _files(entry, f"{name}/")
        elif kind := _KINDS.get(entry.name[entry.name.rfind(".") :]):
            yield name, entry.read_bytes(), kind


def _giver(data: bytes, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def give(request: Request) -> Response:  # noqa: ARG001 - every endpoint takes it
        return Response(data, media_type=kind)

    return give
