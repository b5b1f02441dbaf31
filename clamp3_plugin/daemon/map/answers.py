"""The map's part of the interface: how far it is, where every piece lies, begin, cancel."""

from starlette.requests import Request
from starlette.responses import Response

from clamp3_plugin.daemon.asking import Threads
from clamp3_plugin.daemon.map.layout import Layout
from clamp3_plugin.daemon.refusals import WireResponse
from clamp3_plugin.daemon.service import Service
from clamp3_plugin.tags import Vocabulary
from clamp3_plugin.wire import JsonObject

_DIGITS = 4  # a picture has fewer


class MapAnswers:
    """Endpoints of the map."""

    def __init__(
        self,
        layout: Layout,
        service: Service,
        threads: Threads,
    ) -> None:
        self._layout = layout
        self._service = service
        self._threads = threads

    async def map_state(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint takes it
        """Tell whether there is a map of the library, and how far the next one is."""
        return WireResponse(await self._threads.run(self._state))

    async def map_begin(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint takes it
        """Draw the map anew, in the background."""
        self._layout.begin()
        return WireResponse(await self._threads.run(self._state))

    async def map_cancel(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint takes it
        """Stop drawing; the map of before stays."""
        self._layout.cancel()
        return WireResponse(await self._threads.run(self._state))

    async def map_points(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint takes it
        """Give the pieces of the map, column by column."""
        return WireResponse(await self._threads.run(self._points))

    def _state(self) -> JsonObject:
        pieces = self._service.stats().get("pieces", 0)
        return self._layout.state(pieces if isinstance(pieces, int) else 0)

    def _points(self) -> JsonObject:
        places = self._layout.places()
        points = self._service.points()
        rows = [
            (piece, genre, places[piece.id])
            for piece, genre in zip(points.pieces, points.genres, strict=True)
            if piece.id in places
        ]
        labels = {c.tag: c.labels for c in Vocabulary.load().concepts if c.category == "genre"}
        return {
            "ids": [piece.id for piece, _, _ in rows],
            "x": [round(place[0], _DIGITS) for _, _, place in rows],
            "y": [round(place[1], _DIGITS) for _, _, place in rows],
            "modalities": [str(piece.modality) for piece, _, _ in rows],
            "composers": [piece.metadata.composer for piece, _, _ in rows],
            "titles": [piece.metadata.title for piece, _, _ in rows],
            "paths": [piece.path for piece, _, _ in rows],
            "genres": [genre for _, genre, _ in rows],
            "labels": labels,
        }
