"""Tables of a recipe to frozen dataclasses: every name known, every value of the right kind."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from clamp3_plugin.errors import UsageError

T = TypeVar("T")
_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    tuple: "a list of texts in quotes",
}


def updated(default: T, table: object, where: str) -> T:
    """Replace fields of a dataclass by the values of a table.

    Parameters
    ----------
    default
        What holds where the table says nothing; its values say of what kind each is.
    table
        As TOML gives it.
    where
        Name of the table, for complaints.

    Raises
    ------
    UsageError
        A name is unknown, or a value is of another kind or makes no sense.

    Examples
    --------
    >>> from clamp3_models.training.paper.engine import TrainSettings
    >>> updated(TrainSettings(), {"batch_size": 8, "learning_rate": 1}, "[training]").learning_rate
    1.0
    >>> updated(TrainSettings(), {"batch_size": "8"}, "[training]")
    Traceback (most recent call last):
    clamp3_plugin.errors.UsageError: [training] batch_size = '8', but it must be a whole number.
    """
    if not isinstance(table, Mapping):
        raise UsageError(f"{where} = {table!r}, but it must be a table.")
    if not is_dataclass(default) or isinstance(default, type):
        raise TypeError(f"{default!r} is no dataclass")
    known = {field.name: getattr(default, field.name) for field in fields(default)}
    refuse_unknown(table, known, where)
    values = {name: _value(known[name], table[name], f"{where} {name}") for name in table}
    try:
        return replace(default, **values)
    except ValueError as error:
        raise UsageError(f"{where}: {error}.") from error


def refuse_unknown(table: Mapping[str, object], known: Mapping[str, object], where: str) -> None:
    """Refuse a table with a name that means nothing."""
    for name in table:
        if name not in known:
            raise UsageError(f"{where} has no {name!r}.", f"Known: {', '.join(known)}.")


def _value(default: object, value: Any, where: str) -> object:  # noqa: ANN401 - what TOML gave
    kind = type(default)
    if kind is float and type(value) is int:
        return float(value)
    if kind is tuple and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if type(value) is kind:
        return value
    if issubclass(kind, StrEnum) and isinstance(value, str):
        try:
            return kind(value)
        except ValueError as error:
            words = ", ".join(repr(str(word)) for word in kind)
            raise UsageError(f"{where} = {value!r}.", f"Known: {words}.") from error
    wanted = next(text for known, text in _KINDS.items() if issubclass(kind, known))
    raise UsageError(f"{where} = {value!r}, but it must be {wanted}.")
