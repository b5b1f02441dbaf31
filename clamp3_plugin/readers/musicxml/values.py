"""Numbers as MusicXML writes them, read within bounds.

Conventions: a ``Ticks`` is a time in divisions of the part; it is an int except in the rare scores
that write decimal durations.
"""

import re
from fractions import Fraction

from clamp3_plugin.errors import TooLargeError

Ticks = int | Fraction

MAX_DIVISIONS = 32_768
MAX_DURATION = 1_000_000  # divisions of one note, rest or jump

_NUMBER = re.compile(r"\s*([+-]?\d{1,12})(\.\d{1,9})?\d*\s*")


def number(text: str | None) -> Ticks | None:
    """Read a decimal number; None where there is none.

    Examples
    --------
    >>> number(" 12 "), number("0.5"), number("many")
    (12, Fraction(1, 2), None)
    """
    if text is None:
        return None
    if len(text) <= 12 and text.isdecimal():  # nearly all of them
        return int(text)
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    whole, decimals = match.groups()
    if decimals is None or not decimals.strip(".0"):
        return int(whole)
    return Fraction(whole + decimals)


def whole(text: str | None, default: int, least: int, most: int) -> int:
    """Read a whole number and bring it within ``least`` and ``most``.

    Examples
    --------
    >>> whole("11", 4, 0, 9), whole(None, 4, 0, 9), whole("-0.5", 0, -3, 3)
    (9, 4, 0)
    """
    value = number(text)
    if value is None:
        return default
    return max(least, min(most, round(value)))


def divisions(text: str | None, default: Ticks) -> Ticks:
    """Read the ticks of a quarter note; fewer than one are no ticks, and left out."""
    value = number(text)
    if value is None or value < 1:
        return default
    if value > MAX_DIVISIONS:
        raise TooLargeError(f"A quarter note has {value} divisions, the limit is {MAX_DIVISIONS}.")
    return value


def duration(text: str | None) -> Ticks:
    """Read a duration, which is nothing where it is missing or negative."""
    value = number(text)
    if value is None or value <= 0:
        return 0
    if value > MAX_DURATION:
        raise TooLargeError(
            f"One duration is {value} divisions, the limit is {MAX_DURATION}.",
            "The file is damaged.",
        )
    return value
