"""Makes scripts for hosts that speak Lua: what they share, and where clamp3 is, goes into each.

Such scripts ask by running ``clamp3 find --json``, by absolute path: hosts do not know the shell's path,
and their Lua has no sockets.
"""

import sys
from collections.abc import Sequence
from importlib.resources import files

from clamp3_bridges.installing import mark
from clamp3_plugin.config import Home

_SHARED = "clamp3_common.lua"


def compose(package: str, script: str, host: str, home: Home) -> bytes:
    """Give a script as it is installed.

    Parameters
    ----------
    package
        Where the script lies, in a folder ``scripts``.
    host
        Name of the host, for the mark.
    """
    shared = (files("clamp3_bridges") / _SHARED).read_text("utf-8")
    text = (files(package) / "scripts" / script).read_text("utf-8")
    values = {
        "@COMMAND@": _table(command(home)),
        "@FOLDER@": lua_string(str(home.cache)),
        "@WINDOWS@": str(sys.platform == "win32").lower(),
        "@MARK@": mark(host),
    }
    text = text.replace("@COMMON@", shared)
    for name, value in values.items():
        text = text.replace(name, value)
    return text.encode()


def command(home: Home) -> list[str]:
    """Give the words that run ``clamp3`` from anywhere."""
    words = [sys.executable, "-P", "-m", "clamp3_cli"]
    return words if home == Home.locate() else [*words, "--home", str(home.run.parent)]


def lua_string(text: str) -> str:
    r"""Write a text as a string of Lua, bytes that are no UTF-8 included.

    Examples
    --------
    >>> print(lua_string('a "b" \\ é'))
    "a \034b\034 \092 \195\169"
    """
    data = text.encode("utf-8", "surrogateescape")
    return '"' + "".join(_escaped(byte) for byte in data) + '"'


def _escaped(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03d}"


def _table(words: Sequence[str]) -> str:
    return "{ " + ", ".join(map(lua_string, words)) + " }"
