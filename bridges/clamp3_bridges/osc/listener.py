"""Listens for datagrams on loopback: token first, then the message, then whoever it is for.

A datagram that is no message of ours, or lacks the token, is dropped and counted, and nothing is said:
whoever sent it learns nothing, not even that somebody listens.
"""

import asyncio
import hmac
import socket
import sys
from dataclasses import dataclass
from typing import cast

from clamp3_bridges.osc.answers import Answer, Failure, Pong
from clamp3_bridges.osc.arguments import Arguments, Id
from clamp3_bridges.osc.asking import Ask
from clamp3_bridges.osc.jobs import Jobs
from clamp3_bridges.osc.live import LiveTakes
from clamp3_bridges.osc.packets import BadPacketError, Packet, parse, token_of
from clamp3_bridges.osc.queries import (
    KINDS,
    Cancel,
    Message,
    Ping,
    TakeBegin,
    TakeEnd,
    TakeNote,
)
from clamp3_plugin import __version__
from clamp3_plugin.errors import Clamp3Error, UsageError

HOST = "127.0.0.1"
PORT = 9123
NO_ID: Id = ""
"""The id of an error about a query that has none."""
_TICK_S = 0.1
_RECEIVE_BUFFER = 4 << 20  # bytes asked for; the system may give less


@dataclass
class Counts:
    """What came and what went."""

    asked: int = 0
    dropped: int = 0
    answers: int = 0


class Listener(asyncio.DatagramProtocol):
    """Takes datagrams in, sends answers out."""

    def __init__(self, token: str, ask: Ask, counts: Counts) -> None:
        self._token = token.encode()
        self._counts = counts
        self._jobs = Jobs(ask, self._send)
        self._takes = LiveTakes(self._jobs, self._send, self._fail)
        self._transport: asyncio.DatagramTransport | None = None
        self._port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to send from."""
        # a cast, for the class of 3.11 is no DatagramTransport though it has its methods
        self._transport = cast("asyncio.DatagramTransport", transport)
        self._port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take a datagram."""
        try:
            packet = self._authenticated(data)
        except BadPacketError:
            self._counts.dropped += 1
            return
        self._counts.asked += 1
        self._take(packet, addr[1])

    def error_received(self, exc: Exception) -> None:
        """Overhear that an asker has gone: it is no concern of the others."""

    def tick(self) -> None:
        """Do what time asks for; called again and again."""
        self._jobs.report()
        self._takes.tidy()

    def close(self) -> None:
        """Listen no more."""
        self._jobs.close()
        if self._transport is not None:
            self._transport.close()

    def _authenticated(self, data: bytes) -> Packet:
        """Read a message that has the token; gives it without. Others are not read any further."""
        if not hmac.compare_digest(token_of(data), self._token):
            raise BadPacketError("it has not the token")
        packet = parse(data)
        return Packet(packet.address, packet.values[1:])

    def _take(self, packet: Packet, sender: int) -> None:
        """Read an authenticated message and pass it on; what is wrong with it is answered."""
        rest = Arguments(packet.values)
        id_, port = NO_ID, sender
        try:
            id_ = rest.id()
            message = self._read(packet.address, id_, rest)
            port = message.reply_port or sender
            self._pass_on(message, port)
        except Clamp3Error as error:
            if packet.address == TakeNote.ADDRESS:
                self._takes.fail(id_, error)  # a note is no query: its take ends, or nothing does
            else:
                self._fail(id_, port, error)

    def _read(self, address: str, id_: Id, rest: Arguments) -> Message:
        kind = KINDS.get(address)
        if kind is None:
            raise UsageError(f"There is no message {address}.")
        message = kind.from_osc(id_, rest)
        rest.end()
        if message.reply_port == self._port:
            raise UsageError(f"reply_port {self._port} is the bridge's own.")
        return message

    def _pass_on(self, message: Message, port: int) -> None:
        match message:
            case Ping():
                self._send(Pong(message.id, __version__), port)
            case Cancel():
                self._jobs.cancel(message.id)
                self._takes.cancel(message.id)
            case TakeBegin():
                self._takes.begin(message, port)
            case TakeNote():
                self._takes.note(message)
            case TakeEnd():
                self._takes.end(message, port)
            case _:
                self._jobs.start(message, port)

    def _fail(self, id_: Id, port: int, error: Clamp3Error) -> None:
        self._send(Failure.of(id_, error), port)

    def _send(self, answer: Answer, port: int) -> None:
        """Send to this machine, whoever asked; never to ourselves."""
        if self._transport is None or self._transport.is_closing() or port in {0, self._port}:
            return
        self._counts.answers += 1
        self._transport.sendto(answer.to_osc(), (HOST, port))


def bind(port: int) -> socket.socket:
    """Take the port, for us alone.

    Raises
    ------
    UsageError
        Another program has it.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)  # noqa: FBT003 - the only argument it has
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    if sys.platform == "win32":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    try:
        sock.bind((HOST, port))
    except OSError as error:
        sock.close()
        hint = "Is a bridge running already? Choose another with --port."
        raise UsageError(f"UDP port {port} is taken ({error.strerror}).", hint) from error
    return sock


async def listen(sock: socket.socket, token: str, ask: Ask, counts: Counts) -> None:
    """Listen until the task is cancelled."""
    loop = asyncio.get_running_loop()
    _, listener = await loop.create_datagram_endpoint(
        lambda: Listener(token, ask, counts), sock=sock
    )
    try:
        while True:
            await asyncio.sleep(_TICK_S)
            listener.tick()
    finally:
        listener.close()
