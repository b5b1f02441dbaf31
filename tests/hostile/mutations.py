"""Good files damaged at random, always in the same way, and what a reader in a worker makes of them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.readers.apart.pool import File, Pool
from tests.hostile import abc, midi, musicxml, zipped
from tests.hostile.case import SEED

_INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)
_MARKS = (b"<", b">", b"&", b'"', b"[", b"]", b"(", b"|", b"-1", b"99999999999", b"\0", b"\xff\xff")
_METRE = "<key><fifths>2</fifths></key><time><beats>4</beats><beat-type>4</beat-type></time>"
SEEDS = {
    "seed.abc": abc.tune(3, head='"G"(3abc [CEG]2- [CEG]2|').encode(),
    "seed.mid": midi.song(
        3, before=midi.meta(0x51, b"\7\xa1\x20") + midi.meta(0x58, b"\4\2\x18\x08")
    ),
    "seed.musicxml": musicxml.score(musicxml.tune(3), more=_METRE).encode(),
    "seed.mxl": zipped.archive({"score.xml": zipped.music(3)}),
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How the reading of a file ended."""

    code: str
    """Of the error; empty for music."""
    message: str
    seconds: float

    @property
    def has_killed(self) -> bool:
        """Tell whether the worker died, or the file was too slow or too large for it."""
        return any(words in self.message for words in ("died of it", "not read within", "memory"))


def mutated(name: str, count: int, seed: int = SEED) -> Iterator[bytes]:
    """Give damaged copies of a good file."""
    chance = Random(f"{name} {seed}")  # noqa: S311 - the same bytes each time, for no secret
    for _ in range(count):
        data = bytearray(SEEDS[name])
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(data))
            match chance.randrange(5):
                case 0:
                    data[at] = chance.choice((*_INTERESTING, chance.randrange(256)))
                case 1:
                    del data[at : at + chance.randrange(1, 20)]
                case 2:
                    data[at:at] = chance.choice(_MARKS)
                case 3:
                    start = chance.randrange(len(data))
                    data[at:at] = data[start : start + chance.randrange(1, 60)]
                case _:
                    data[at] ^= 1 << chance.randrange(8)
            data = data or bytearray(b"\0")
        yield bytes(data)


def outcome_of(pool: Pool, name: str, data: bytes) -> Ended:
    """Have a worker read a file."""
    begun = time.monotonic()
    try:
        pool.ask(File(name, data), "indexed")
    except Clamp3Error as error:
        return Ended(error.code, error.message, time.monotonic() - begun)
    return Ended("", "", time.monotonic() - begun)
