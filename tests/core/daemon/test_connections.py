"""What is left of a connection that has ended."""

import asyncio
import gc
import weakref

import uvicorn
from uvicorn.server import ServerState

from clamp3_plugin.daemon.lifecycle import _PatientProtocol

REQUEST = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9\r\n\r\nsomething"


async def app(scope, receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def test_nothing_is_kept_of_a_connection_that_has_ended():
    """Negative control: without the ``cancel`` in ``connection_lost`` it was there for ten seconds."""
    made: list[weakref.ref[_PatientProtocol]] = []

    async def ask_twice() -> list[bytes]:
        config = uvicorn.Config(app, http=_PatientProtocol, ws="none", log_config=None)
        config.load()
        state = ServerState()

        def protocol() -> _PatientProtocol:
            one = _PatientProtocol(config, state, {})
            made.append(weakref.ref(one))
            return one

        loop = asyncio.get_running_loop()
        server = await loop.create_server(protocol, "127.0.0.1", 0)
        answers = []
        for _ in range(2):
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(REQUEST)
            answers.append(await reader.read())
            writer.close()
            await writer.wait_closed()
        server.close()
        await asyncio.sleep(0.1)
        gc.collect()
        assert [ref() for ref in made] == [None, None]
        return answers

    answers = asyncio.run(ask_twice())

    assert all(answer.startswith(b"HTTP/1.1 204") for answer in answers)
