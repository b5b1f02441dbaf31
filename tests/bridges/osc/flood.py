"""A flood of datagrams that nobody may be answered for, and somebody who asks steadily meanwhile."""

import itertools
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clamp3_bridges.osc.answers import End, Failure
from clamp3_bridges.osc.queries import FindMidi, FindText, Ping, TakeBegin, TakeEnd
from tests.bridges.osc.peer import Peer
from tests.bridges.osc.test_packets import hostile
from tests.hostile import osc
from tests.hostile.case import Dropped

EVERY_S = 0.1
PATIENCE_S = 20.0
"""How long an answer may take before it counts as lost."""
_STRANGE = "a-token-that-nobody-gave-out-of-43-letters-"
_BURST = 10
"""So many datagrams leave at once."""
_INSIDERS = 20
"""Among so many datagrams is one that has the token and is wrong otherwise."""


@dataclass(frozen=True, slots=True)
class Flooded:
    """What came back from a flood."""

    sent: int
    seconds: float
    to_strangers: int
    """Answers to datagrams without the token: to their sender, or to the port that they named."""
    to_insiders: int
    """Answers other than errors to those that had the token and were wrong."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a steady asker heard: the seconds from each question to its end, and how many never ended."""

    seconds: tuple[float, ...]
    lost: int

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def longest(self) -> float:
        return max(self.seconds)


def datagrams(elsewhere: int) -> Iterator[bytes]:
    """Make what strangers send, for ever: what hangs python-osc, what is broken, noise, and good questions.

    Parameters
    ----------
    elsewhere
        A port to which they ask for answers.
    """
    chance = random.Random(1)  # noqa: S311 - no secret is made of it
    questions = (
        Ping(1, elsewhere),
        FindText(2, "a jig", 5, elsewhere),
        FindMidi(3, bytes(50_000), 5, elsewhere),
        TakeBegin(4, elsewhere),
        TakeEnd(4, 5, elsewhere),
    )
    good = [question.to_osc(_STRANGE) for question in questions]
    bad = [*hostile().values(), *(case.write(_STRANGE) for case in osc.cases()), *good]
    while True:
        yield chance.choice(bad)
        yield chance.choice((b"", b"/", b"/clamp3/")) + chance.randbytes(chance.randrange(1200))
        changed = bytearray(chance.choice(good[:2]))
        changed[chance.randrange(len(changed))] = chance.randrange(256)
        yield bytes(changed)


def flood(port: int, token: str, count: int, rate: float) -> Flooded:
    """Send so many datagrams, so many a second; waits at the end for what is said to them."""
    wrong = [case.write(token) for case in osc.cases() if case.good == Dropped()]
    with Peer(port, token) as stranger, Peer(port, token) as insider, Peer(port, token) as other:
        made = itertools.islice(datagrams(other.here), count)
        strange = list(made)  # before, that sending takes little of the machine
        begun = time.perf_counter()
        for number in range(count):
            if number % _INSIDERS:
                stranger.throw(strange[number])
            else:
                insider.throw(wrong[number // _INSIDERS % len(wrong)])
            if number % _BURST == 0:
                time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        seconds = time.perf_counter() - begun
        time.sleep(1.0)
        to_strangers = len(stranger.hear_for(0.1)) + len(other.hear_for(0.1))
        others = [one for one in insider.hear_for(0.1) if not isinstance(one, Failure)]
    return Flooded(count, seconds, to_strangers, len(others))


def ask_steadily(peer: Peer, name: str, is_over: Callable[[], bool]) -> Asked:
    """Ask every tenth of a second, whether the last question was answered or not."""
    begun: dict[str, float] = {}
    ended: dict[str, float] = {}
    listens = threading.Event()

    def listen() -> None:
        while not listens.is_set() or (
            len(ended) < len(begun)
            and time.perf_counter() < max(begun.values(), default=0) + PATIENCE_S
        ):
            try:
                answer = peer.hear(0.1)
            except TimeoutError:
                continue
            if isinstance(answer, End):
                ended[str(answer.id)] = time.perf_counter()

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        start = time.perf_counter()
        while not is_over():
            id_ = f"{name}{len(begun)}"
            begun[id_] = time.perf_counter()
            peer.send(FindText(id_, f"a lively jig, {id_}", 5))  # new words: none are remembered
            time.sleep(max(0.0, start + len(begun) * EVERY_S - time.perf_counter()))
    finally:
        listens.set()
        thread.join()
    return Asked(tuple(ended[id_] - begun[id_] for id_ in ended), len(begun) - len(ended))
