"""How texts are written in the store.

Arrow strings are UTF-8 without surrogates, file names are any bytes: ``escape`` writes each
surrogate as NUL and four hexadecimal digits, which no path contains of itself.
"""

import re

from clamp3_plugin.music import Metadata

ESTIMATED = " (estimated)"
"""Behind a key: libraries made before keys were estimated keep their columns."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile("\0([0-9a-f]{4})")
_UNTIDY = re.compile("[\0\ud800-\udfff]")


def escape(path: str) -> str:
    r"""Write a path in valid UTF-8, reversibly.

    Examples
    --------
    >>> escape("caf\udce9.mid")
    'caf\x00dce9.mid'
    """
    return _SURROGATE.sub(lambda match: f"\0{ord(match[0]):04x}", path)


def unescape(text: str) -> str:
    r"""Undo ``escape``.

    Examples
    --------
    >>> unescape(escape("caf\udce9.mid")) == "caf\udce9.mid"
    True
    """
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def tidy(text: str) -> str:
    """Replace what Arrow cannot hold."""
    return _UNTIDY.sub("\N{REPLACEMENT CHARACTER}", text)


def spelled_key(metadata: Metadata) -> str:
    """Write a key, and whether it is estimated, into one column."""
    return tidy(metadata.key) + (ESTIMATED if metadata.key_is_estimated else "")
