"""One piece's part of the interface: its file, and passages of it as picture, sound and score.

What draws and plays is imported when it is asked for: with it come the readers, and the daemon would listen
a fifth of a second later. Loading the model imports most of them too.
"""

import asyncio
import os
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clamp3_plugin.daemon.asking import Threads, passage_of, whole_number
from clamp3_plugin.daemon.files import attachment, open_piece, read_piece
from clamp3_plugin.daemon.hearing.sound import Heard, Sound
from clamp3_plugin.daemon.ranges import part_of, whole_or_part
from clamp3_plugin.daemon.service import Service
from clamp3_plugin.music import Modality, Passage, Piece

_MOST_OF_A_PART = 8 << 20  # bytes; a client asks on


class PieceAnswers:
    """Endpoints of one piece."""

    def __init__(self, service: Service, threads: Threads) -> None:
        self._service = service
        self._threads = threads
        self._heard = Heard()

    async def file(self, request: Request) -> Response:
        """Give the file of a piece, as an attachment; a part of it by ``Range``."""
        piece = await self._piece(request)
        return await self._threads.run(_file, piece, request.headers.get("range"))

    async def preview(self, request: Request) -> Response:
        """Draw a part of a piece: ?bars=9-16 or ?time=18.5-34, &width=1100, &height=800 at most."""
        return await self._drawn(request, "svg")

    async def excerpt(self, request: Request) -> Response:
        """Give bars of a piece as a score in MusicXML: ?bars=9-16."""
        return await self._drawn(request, "musicxml")

    async def sound(self, request: Request) -> Response:
        """Give bars or seconds of a piece as sound: ?bars=9-16 or ?time=18.5-34."""
        passage = passage_of(request)
        heard = await self._threads.run(self._hear, await self._piece(request), passage)
        part = part_of(request.headers.get("range"), len(heard.ogg))
        ogg = heard.ogg if part is None else heard.ogg[part.first : part.last + 1]
        return whole_or_part(ogg, part, "audio/ogg", {})

    async def timeline(self, request: Request) -> Response:
        """Tell when each bar of a score begins in its sound, which is asked with the same words."""
        passage = passage_of(request)
        heard = await self._threads.run(self._hear, await self._piece(request), passage)
        return JSONResponse(heard.timeline.to_wire())

    async def _piece(self, request: Request) -> Piece:
        return await self._threads.run(self._service.piece, request.path_params["id"])

    async def _drawn(self, request: Request, want: Literal["svg", "musicxml"]) -> Response:
        from clamp3_plugin.daemon.preview import picture  # noqa: PLC0415 - readers: see above

        width = request.query_params.get("width", str(picture.WIDTH))
        columns = whole_number(width, "width", picture.WIDTHS.stop)
        height = request.query_params.get("height", "0")
        rows = whole_number(height, "height", picture.HEIGHTS.stop)
        drawing = picture.Drawing(passage_of(request), want, columns, rows)
        piece = await self._piece(request)
        tunes = await self._threads.run(self._service.tunes, piece)
        loop = asyncio.get_running_loop()
        drawn = await loop.run_in_executor(picture.THREADS, picture.draw, piece, drawing, tunes)
        media = "image/svg+xml" if want == "svg" else "application/vnd.recordare.musicxml+xml"
        return Response(drawn, media_type=media)

    def _hear(self, piece: Piece, passage: Passage | None) -> Sound:
        from clamp3_plugin.daemon.hearing.hear import (  # noqa: PLC0415 - readers: see above
            hear_recording,
            hear_written,
        )

        with open_piece(piece) as file:
            key = (piece.id, os.fstat(file.fileno()).st_mtime_ns, passage)
            sound = self._heard.get(key)
            if sound is None and piece.modality is Modality.AUDIO:
                sound = hear_recording(file, passage)
        sound = sound or hear_written(piece, passage, self._service.written)
        self._heard.put(key, sound)
        return sound


def _file(piece: Piece, asked: str | None) -> Response:
    with open_piece(piece) as file:
        part = part_of(asked, os.fstat(file.fileno()).st_size)
        if part is None:
            data = read_piece(piece)
        else:
            file.seek(part.first)
            data = file.read(min(part.length, _MOST_OF_A_PART))
    headers = {"Content-Disposition": attachment(piece.path)}
    return whole_or_part(data, part, "application/octet-stream", headers)
