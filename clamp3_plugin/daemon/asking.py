"""What every endpoint needs: threads for what blocks, and the fields of a request."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.requests import Request

from clamp3_plugin import wire
from clamp3_plugin.errors import UsageError
from clamp3_plugin.music import Passage

THREADS = 8
_T = TypeVar("_T")


class Threads:
    """Threads in which requests do what blocks, while the event loop goes on."""

    def __init__(self, count: int = THREADS) -> None:
        self._threads = ThreadPoolExecutor(count, "request")

    async def run(self, call: Callable[..., _T], *arguments: object) -> _T:
        """Call in a thread and wait for what it gives or raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, call, *arguments)

    def close(self) -> None:
        """Take no more calls; what runs may end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


async def fields_of(request: Request) -> wire.Fields:
    """Read the JSON of a request.

    Raises
    ------
    UsageError
        It is no object.
    """
    return wire.Fields(wire.loads(await request.body()), "The question")


def passage_of(request: Request) -> Passage | None:
    """Read a passage out of an address: ?bars=9-16 or ?time=18.5-34.

    Raises
    ------
    UsageError
        Not of that form.
    """
    asked = request.query_params
    bars = wire.parse_bars(asked["bars"]) if "bars" in asked else None
    time = wire.parse_time(asked["time"]) if "time" in asked else None
    return wire.passage(bars, time)


def whole_number(value: object, name: str, most: int) -> int:
    """Read a whole number between 0 and ``most``.

    Raises
    ------
    UsageError
        It is none.

    Examples
    --------
    >>> whole_number("12", "limit", 100)
    12
    """
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 15 and int(text) <= most):
        raise UsageError(f"{name}={text[:32]} is no whole number up to {most}.")
    return int(text)
