"""Somebody who asks by OSC, with python-osc and a socket of its own."""

import socket
import time
from typing import Self

from pythonosc.osc_message_builder import build_msg

from clamp3_bridges.osc.answers import Answer, End, Failure, Pong, Progress, read_answer
from clamp3_bridges.osc.packets import parse
from clamp3_bridges.osc.queries import Message

LAST = (End, Failure, Pong)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Peer:
    def __init__(self, port: int, token: str):
        self.port = port
        self.token = token
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.here = int(self.socket.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, message: Message, token: str | None = None) -> None:
        self.throw(message.to_osc(self.token if token is None else token))

    def say(self, address: str, *values) -> None:
        """Send with nothing of ours: python-osc guesses the types."""
        self.throw(build_msg(address, list(values)).dgram)

    def throw(self, datagram: bytes) -> None:
        self.socket.sendto(datagram, ("127.0.0.1", self.port))

    def hear(self, timeout_s: float = 20.0) -> Answer:
        self.socket.settimeout(timeout_s)
        data, sender = self.socket.recvfrom(65535)
        assert sender == ("127.0.0.1", self.port)
        assert len(data) < 1000
        return read_answer(parse(data))

    def hear_all(self, timeout_s: float = 20.0) -> list[Answer]:
        """Hear until something ends; progress is left out, for it depends on the machine."""
        heard: list[Answer] = []
        while not heard or not isinstance(heard[-1], LAST):
            answer = self.hear(timeout_s)
            if not isinstance(answer, Progress):
                heard.append(answer)
        return heard

    def ask(self, message: Message) -> list[Answer]:
        self.send(message)
        return self.hear_all()

    def hear_for(self, seconds: float) -> list[Answer]:
        """Hear all that comes in some time."""
        heard: list[Answer] = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                heard.append(self.hear(left))
            except TimeoutError:
                break
        return heard

    def hears_nothing(self, for_s: float = 0.3) -> bool:
        return not self.hear_for(for_s)
