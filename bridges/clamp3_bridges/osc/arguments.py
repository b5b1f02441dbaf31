"""The arguments of a message, taken one after the other: Arguments.

Patches send what they have: Pure Data knows only floats, so a whole number may come as 5.0. A 0, a
nil or nothing at all stand for the default of an optional argument.
"""

import math
from collections.abc import Sequence

from clamp3_bridges.osc.packets import MAX_BLOB, Value
from clamp3_plugin.errors import UsageError

Id = int | float | str
"""What the asker calls its query; given back as it came."""

DEFAULT_N = 10
MAX_N = 50
"""More results in one burst than this would overflow the buffer of a receiver."""
MAX_ID = 128  # bytes of an id that is a string
LOWEST_PORT = 1024
SLOWEST, FASTEST = 1, 1000  # quarter notes a minute


class Arguments:
    """What a message carries, in order. Every method raises UsageError for what is not as it must be."""

    def __init__(self, values: Sequence[Value]) -> None:
        self._values = list(values)

    def id(self) -> Id:
        """Take the id of a query."""
        value = self._next()
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise UsageError("The query has no id.", "Give a number or a word after the token.")
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"The id is {value}.", "Give a number or a word after the token.")
        if isinstance(value, str) and len(value.encode()) > MAX_ID:
            raise UsageError(f"The id is longer than {MAX_ID} bytes.")
        return value

    def text(self, what: str) -> str:
        """Take a string."""
        value = self._next()
        if not isinstance(value, str) or not value.strip():
            raise UsageError(f"{what} must be a string, not {_named(value)}.")
        return value

    def word(self, what: str, default: str) -> str:
        """Take an optional string."""
        value = self._next()
        if value in {None, 0, ""}:
            return default
        if not isinstance(value, str):
            raise UsageError(f"{what} must be a string, not {_named(value)}.")
        return value

    def blob(self, what: str) -> bytes:
        """Take a blob."""
        value = self._next()
        if not isinstance(value, bytes) or not value:
            hint = f"Send its bytes, up to {MAX_BLOB}, as type b."
            raise UsageError(f"{what} must be a blob, not {_named(value)}.", hint)
        return value

    def number(self, what: str, default: float | None = None) -> float:
        """Take a number, finite and not negative; without a default it must be there."""
        value = self._next()
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{what} must be a number, not {_named(value)}.")
        if not math.isfinite(value) or value < 0:
            raise UsageError(f"{what} must be 0 or more, not {value}.")
        return float(value)

    def whole(self, what: str, lowest: int, highest: int) -> int:
        """Take a whole number, which may come as a float."""
        value = self.number(what)
        if value != int(value) or not lowest <= value <= highest:
            raise UsageError(f"{what} must be from {lowest} to {highest}, not {value:g}.")
        return int(value)

    def count(self) -> int:
        """Take how many results are asked for."""
        value = self.number("n", DEFAULT_N) or DEFAULT_N
        if value != int(value) or value > MAX_N:
            raise UsageError(f"n must be from 1 to {MAX_N}, not {value:g}.")
        return int(value)

    def port(self) -> int:
        """Take the port to answer to; 0 is that of the sender."""
        value = self.number("reply_port", 0.0)
        if value and (value != int(value) or not LOWEST_PORT <= value < 1 << 16):
            raise UsageError(f"reply_port must be from {LOWEST_PORT} to 65535, not {value:g}.")
        return int(value)

    def tempo(self) -> float:
        """Take quarter notes a minute; 0 is unknown."""
        value = self.number("bpm", 0.0)
        if value and not SLOWEST <= value <= FASTEST:
            raise UsageError(f"bpm must be from {SLOWEST} to {FASTEST}, not {value:g}.")
        return value

    def end(self) -> None:
        """Refuse what nobody took."""
        if self._values:
            raise UsageError(f"There are {len(self._values)} arguments too many.")

    def _next(self) -> Value:
        return self._values.pop(0) if self._values else None


def _named(value: Value) -> str:
    """Say what came instead, shortly."""
    match value:
        case None:
            return "nothing"
        case bytes():
            return f"a blob of {len(value)} bytes"
        case _:
            return repr(value)[:60]
