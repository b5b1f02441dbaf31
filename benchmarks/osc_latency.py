"""Measure a running OSC bridge: how soon a take is answered, and what a flood of datagrams does to it.

Run by hand, with ``clamp3 bridge osc`` running in another terminal::

    python benchmarks/osc_latency.py 9123 ~/.local/state/clamp3/run/osc.token --pid $(pgrep -f 'bridge osc')

It prints the time from the last note of a take to its first hit (take/end follows the note at once;
and, without one, to the suggestion that holds the note), the times of a good asker every 100 ms alone
and amid the flood, how many answers strangers got, and (on Linux) what the bridge's memory did meanwhile.
"""

import argparse
import contextlib
import random
import socket
import statistics
import threading
import time
from pathlib import Path

from clamp3_bridges.osc.answers import Answer, End, Failure, Result, read_answer
from clamp3_bridges.osc.packets import build, parse
from clamp3_bridges.osc.queries import Cancel, FindText, Message, TakeBegin, TakeEnd, TakeNote

EVERY_S = 0.1
QUIET_S = 1.0
BUNDLE = b"#bundle\0" + bytes(7) + b"\1"
BAD = (
    b"",
    b"/",
    bytes(64),
    BUNDLE + b"\xff\xff\xff\xfc",  # an element of length -4
    b"#bundle\0" + b"\xff" * 8 + bytes(4),  # the year 2036
    BUNDLE * 400,
    build("/clamp3/" + "*" * 40 + "X", "wrong", 1),
    build("/clamp3/find/text", "wrong", 1, "a jig"),
    build("/clamp3/find/midi", "wrong", 1, bytes(50_000)),
    b"/clamp3/ping\0\0\0\0,b\0\0\x7f\xff\xff\xff",
    b"/clamp3/ping\0\0\0\0,cccci\0\0" + bytes(20),
)


class Asker:
    """A socket that knows the token."""

    def __init__(self, port: int, token: str) -> None:
        self._token = token
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))

    def send(self, message: Message) -> None:
        """Send a message."""
        self._socket.send(message.to_osc(self._token))

    def hear(self, id_: str, timeout_s: float = 30.0) -> Answer:
        """Give the next answer to a query; an error ends the program."""
        self._socket.settimeout(timeout_s)
        while True:
            answer = read_answer(parse(self._socket.recv(65535)))
            if answer.id == id_ and isinstance(answer, Failure):
                raise SystemExit(f"The bridge says: {answer.message}")
            if answer.id == id_:
                return answer

    def last_suggestion(self, id_: str) -> float:
        """Give when the first hit of the last suggestion came: what follows is silence."""
        came = 0.0
        with contextlib.suppress(TimeoutError):
            while True:
                answer = self.hear(id_, QUIET_S)
                if isinstance(answer, Result) and answer.rank == 1:
                    came = time.perf_counter()
        return came

    def final_hit(self, id_: str) -> float:
        """Give when the first hit of the list came that ends; suggestions before it do not count."""
        came = 0.0
        while not isinstance(answer := self.hear(id_), End):
            if isinstance(answer, Result) and answer.rank == 1:
                came = time.perf_counter()
        return came


def take_times(
    asker: Asker, takes: int, notes: int, gap_s: float
) -> tuple[list[float], list[float]]:
    """Play takes; gives the seconds from the last note to a suggestion, and to the first hit."""
    chance = random.Random(1)  # noqa: S311 - no secret is made of it
    suggested, answered = [], []
    for number in range(takes):
        for ends, times in ((False, suggested), (True, answered)):
            name = f"{number}-{ends}"
            asker.send(TakeBegin(name))
            for i in range(notes):
                time.sleep(gap_s)
                asker.send(TakeNote(name, 55 + chance.randrange(24), 90, i * 0.2, 0.2))
            last = time.perf_counter()
            if ends:
                asker.send(TakeEnd(name))
                times.append(asker.final_hit(name) - last)
            else:
                times.append(asker.last_suggestion(name) - last)
                asker.send(Cancel(name))
                asker.final_hit(name)
    return suggested, answered


def ask_until(asker: Asker, over: threading.Event, name: str) -> list[float]:
    """Ask every 100 ms; gives the seconds to each end."""
    times = []
    while not over.wait(EVERY_S):
        id_ = f"{name}{len(times)}"
        start = time.perf_counter()
        asker.send(FindText(id_, "a lively jig in six eight", 5))
        asker.final_hit(id_)
        times.append(time.perf_counter() - start)
    return times


def flood(port: int, count: int, rate: float, over: threading.Event, heard: list[bytes]) -> None:
    """Send hostile and random datagrams; notes what comes back."""
    chance = random.Random(2)  # noqa: S311 - no secret is made of it
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.connect(("127.0.0.1", port))
        begun = time.perf_counter()
        for number in range(count):
            noise = chance.choice([b"", b"/clamp3/"]) + chance.randbytes(chance.randrange(400))
            stranger.send(chance.choice([*BAD, noise, noise]))
            time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        stranger.settimeout(1)
        with contextlib.suppress(TimeoutError):
            heard.append(stranger.recv(65535))
    over.set()


def shown(name: str, times: list[float]) -> str:
    """Say median, 95th percentile and worst, in milliseconds."""
    ms = sorted(1000 * t for t in times)
    p95 = ms[int(0.95 * (len(ms) - 1))]
    return f"{name:28} n={len(ms):4} median {statistics.median(ms):7.1f}  p95 {p95:7.1f}  max {ms[-1]:7.1f} ms"


def memory(pid: int) -> str:
    """Say how much memory a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(line.split(maxsplit=1)[1] for line in lines if line.startswith("VmRSS:"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("token_file", type=Path)
    parser.add_argument("--takes", type=int, default=100)
    parser.add_argument("--notes", type=int, default=30)
    parser.add_argument("--gap", type=float, default=0.02, help="seconds between two notes")
    parser.add_argument("--flood", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=2_000, help="datagrams a second")
    parser.add_argument("--pid", type=int, help="of the bridge, whose memory is told")
    options = parser.parse_args()
    asker = Asker(options.port, options.token_file.read_text().strip())

    ask_until(asker, _after(1.0), "warm")
    if options.takes:
        suggested, answered = take_times(asker, options.takes, options.notes, options.gap)
        print(shown("last note to suggestion", suggested))
        print(shown("last note to first hit", answered))
    print(shown("good asker alone", ask_until(asker, _after(5.0), "alone")))
    before = memory(options.pid) if options.pid else ""
    over, heard = threading.Event(), list[bytes]()
    where = (options.port, options.flood, options.rate, over, heard)
    threading.Thread(target=flood, args=where).start()
    print(shown("good asker amid the flood", ask_until(asker, over, "flood")))
    print(f"answers to strangers: {len(heard)}")
    if options.pid:
        print(f"memory of the bridge: {before}, after the flood {memory(options.pid)}")


def _after(seconds: float) -> threading.Event:
    """Give an event that is set after some time."""
    event = threading.Event()
    threading.Timer(seconds, event.set).start()
    return event


if __name__ == "__main__":
    main()
