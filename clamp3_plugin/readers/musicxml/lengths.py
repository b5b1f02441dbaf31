"""Note lengths as ABC writes them.

Conventions: the unit is an eighth note (``L:1/8``), so a quarter note is 2.
"""

from fractions import Fraction
from functools import lru_cache

from clamp3_plugin.readers.musicxml.values import Ticks

FINEST = 64  # denominators that a length may have


@lru_cache(maxsize=1024)  # a score has few different lengths, and fractions are slow
def length(ticks: Ticks, per_quarter: Ticks, ratio: Fraction = Fraction(1)) -> Fraction:
    """Turn a duration into eighth notes, as written: ``ratio`` is that of its tuplet.

    Examples
    --------
    >>> length(8, 24, Fraction(3, 2))
    Fraction(1, 1)
    """
    value = Fraction(2 * ticks * ratio.numerator) / (per_quarter * ratio.denominator)
    if value.denominator <= FINEST:
        return value
    floor = value.numerator // value.denominator
    # performed rather than notated durations: a little too long is still the round length
    if value - floor < value / 10:
        return Fraction(floor)
    return Fraction(round(value * FINEST), FINEST)


@lru_cache(maxsize=1024)
def length_text(value: Fraction) -> str:
    """Write a length behind a note.

    Examples
    --------
    >>> [length_text(Fraction(n, d)) for n, d in ((1, 1), (6, 1), (1, 2), (1, 4), (3, 2))]
    ['', '6', '/', '/4', '3/2']
    """
    top, bottom = value.numerator, value.denominator
    if bottom == 1:
        return "" if top == 1 else str(top)
    if top == 1:
        return "/" if bottom == 2 else f"/{bottom}"
    return f"{top}/{bottom}"
