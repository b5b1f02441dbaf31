"""ISO codes of regions (3166-1 alpha-2) and languages (639-1, else 639-3).

The lists stand beside this module: 33 kB of codes, where a package of codes and names would be
several megabytes and one more dependency. A language with a code of two letters is known by that
one alone, so that each has one code.
"""

from functools import cache
from importlib import resources


@cache
def regions() -> frozenset[str]:
    """Codes of all countries and territories.

    Examples
    --------
    >>> "IE" in regions(), "UK" in regions(), len(regions())
    (True, False, 249)
    """
    return _codes("iso3166.txt")


@cache
def languages() -> frozenset[str]:
    """Codes of all languages.

    Examples
    --------
    >>> [code in languages() for code in ("en", "yue", "eng", "zxx")]
    [True, True, False, False]
    """
    return _codes("iso639.txt")


def _codes(name: str) -> frozenset[str]:
    text = resources.files("clamp3_models.metadata").joinpath(name).read_text("ascii")
    return frozenset(
        code for line in text.splitlines() if not line.startswith("#") for code in line.split()
    )
