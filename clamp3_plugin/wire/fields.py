"""Strict JSON: bodies that are no trap, and objects whose every field is taken and typed.

Standard library only.
"""

import json
import math
from collections.abc import Iterable
from typing import TypeGuard, TypeVar

from clamp3_plugin.errors import UsageError

MAX_DEPTH = 16  # of nested JSON
MAX_FIELD = 4096  # characters of a name, a folder, a filter
MAX_NUMBER = 1e15  # whole numbers of JSON have no end, and those of most languages have

JsonObject = dict[str, object]
_T = TypeVar("_T")
_NOUNS: dict[type, str] = {
    bool: "true or false",
    dict: "an object",
    float: "a number",
    int: "a whole number",
    list: "a list",
    str: "a text",
    type(None): "null",
}


class Fields:
    """The fields of one JSON object; each is taken once, what is left over is refused."""

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, dict):
            raise UsageError(f"{what} must be a JSON object, not {_kind(value)}.")
        self._rest: JsonObject = dict(value)
        self._what = what
        self._known: list[str] = []

    def take(self, name: str, kind: type[_T]) -> _T | None:
        """Take a field of a type; null counts as absent."""
        self._known.append(name)
        value = self._rest.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise UsageError(f"{self._what}: {name} must be {_NOUNS[kind]}, not {_kind(value)}.")
        return value

    def need(self, name: str, kind: type[_T]) -> _T:
        """Take a field that must be there."""
        value = self.take(name, kind)
        if value is None:
            raise UsageError(f"{self._what} lacks {name}.")
        return value

    def text(self, name: str) -> str:
        """Take a short text; empty where absent."""
        value = self.take(name, str) or ""
        if len(value) > MAX_FIELD or "\0" in value:
            raise UsageError(f"{self._what}: {name} is longer than {MAX_FIELD} or holds a NUL.")
        return value

    def number(self, name: str) -> float | None:
        """Take a number, whole or not."""
        self._known.append(name)
        value = self._rest.pop(name, None)
        if value is not None and not _is_number(value):
            raise UsageError(f"{self._what}: {name} must be a number, not {_kind(value)}.")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Take a list of texts."""
        values = self.take(name, list) or []
        wrong = [value for value in values if not isinstance(value, str)]
        if wrong:
            raise UsageError(f"{self._what}: {name} must hold texts, not {_kind(wrong[0])}.")
        return tuple(values)

    def pair(self, name: str) -> tuple[float, float] | None:
        """Take a list of two numbers."""
        values = self.stretch(name)
        if values is None:
            return None
        if values[1] is None:
            raise UsageError(f"{self._what}: {name} must be two numbers, [from, to].")
        return values[0], values[1]

    def stretch(self, name: str) -> tuple[float, float | None] | None:
        """Take a list of two numbers, the second of which may be null."""
        values = self.take(name, list)
        if values is None:
            return None
        if (
            len(values) != 2
            or not _is_number(values[0])
            or not (values[1] is None or _is_number(values[1]))
        ):
            raise UsageError(f"{self._what}: {name} must be two numbers, [from, to].")
        return values[0], values[1]

    def close(self) -> None:
        """Refuse what nobody took."""
        for name in self._rest:
            known = ", ".join(self._known)
            raise UsageError(f"{self._what} has an unknown field, {name!r}.", f"Known: {known}.")


def dumps(value: object) -> bytes:
    """Write JSON, compact and in ASCII (so that escaped bytes of file names survive)."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def loads(body: bytes) -> object:
    """Read JSON that is no trap: no depth, no double names, no NaN.

    Raises
    ------
    UsageError
        The body is no JSON, or is one of these.
    """
    try:
        value: object = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_distinct,
            parse_float=_finite,
            parse_constant=_no_constant,
        )
    except RecursionError as error:
        raise UsageError(f"The JSON is nested deeper than {MAX_DEPTH}.") from error
    except ValueError as error:
        raise UsageError(f"The body is no JSON: {error}.") from error
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return value
    raise UsageError(f"The JSON is nested deeper than {MAX_DEPTH}.")


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _distinct(pairs: list[tuple[str, object]]) -> JsonObject:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return fields


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


def _is_number(value: object) -> TypeGuard[float]:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return abs(value) <= MAX_NUMBER


def _kind(value: object) -> str:
    return _NOUNS.get(type(value), "something else")
