"""The socket that the daemon listens on."""

import asyncio
import socket

from clamp3_plugin.config import Home
from clamp3_plugin.daemon.lifecycle import _listen


def test_what_is_sent_in_two_parts_does_not_wait_for_the_first_to_be_acknowledged(home: Home):
    listener = _listen(home.create())
    port = listener.getsockname()[1]

    async def asked() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            found.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(answer, sock=listener):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            without_delay = await found
            writer.close()
            return without_delay

    assert asyncio.run(asked())
