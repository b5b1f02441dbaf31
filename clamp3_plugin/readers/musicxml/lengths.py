"""Note lengths as ABC writes them.

Conventions: the unit is an eighth note (``L:1/8``), so a quarter note is 2.
"""

from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from clamp3_plugin.readers.musicxml.values import Ticks

FINEST = 64  # denominators that a length may have


class Length(NamedTuple):
    """A length: in eighth notes, and as ABC writes it behind a note."""

    eighths: Fraction
    text: str


NO_LENGTH = Length(Fraction(0), "0")


@lru_cache(maxsize=1024)  # a score has few different lengths, and fractions are slow
def length(ticks: Ticks, per_quarter: Ticks, ratio: Fraction | int = 1) -> Length:
    """Turn a duration into a length, as written: ``ratio`` is that of its tuplet.

    Examples
    --------
    >>> length(8, 24, Fraction(3, 2))
    Length(eighths=Fraction(1, 1), text='')
    """
    value = Fraction(2 * ticks * ratio.numerator) / (per_quarter * ratio.denominator)
    if value.denominator <= FINEST:
        return of_eighths(value)
    floor = value.numerator // value.denominator
    # performed rather than notated durations: a little too long is still the round length
    if value - floor < value / 10:
        return of_eighths(Fraction(floor))
    return of_eighths(Fraction(round(value * FINEST), FINEST))


def of_eighths(value: Fraction) -> Length:
    """Tell how a length is written.

    Examples
    --------
    >>> pairs = ((1, 1), (6, 1), (1, 2), (1, 4), (3, 2))
    >>> [of_eighths(Fraction(n, d)).text for n, d in pairs]
    ['', '6', '/', '/4', '3/2']
    """
    top, bottom = value.numerator, value.denominator
    if bottom == 1:
        return Length(value, "" if top == 1 else str(top))
    if top == 1:
        return Length(value, "/" if bottom == 2 else f"/{bottom}")
    return Length(value, f"{top}/{bottom}")


@lru_cache(maxsize=1024)
def quarters(ticks: Ticks, per_quarter: Ticks) -> Fraction:
    """Turn a duration into quarter notes."""
    return Fraction(ticks) / per_quarter


@lru_cache(maxsize=1024)
def mean(one: Length, other: Length) -> Length:
    """Give the length between two."""
    return of_eighths((one.eighths + other.eighths) / 2)
