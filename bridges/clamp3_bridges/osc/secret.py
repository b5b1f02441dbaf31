"""The token of the OSC bridge: a secret of its own, kept in a file for this user's eyes.

It stays the same from start to start, because people write it into their patches. Whoever knows it may
ask, and nothing else.
"""

import os
import re
import secrets
import stat
from pathlib import Path

from clamp3_plugin.config import Home
from clamp3_plugin.daemon.runfile import check_private
from clamp3_plugin.errors import UsageError
from clamp3_plugin.library.durable import write_private

_MOST = 200  # bytes that are read


def token_file(home: Home) -> Path:
    """Tell where the token is."""
    return home.run / "osc.token"


def take_token(home: Home, *, renew: bool = False) -> str:
    """Give the token, made at first and where ``renew`` asks for another.

    Raises
    ------
    NoDaemonError
        The folder is open to others.
    UsageError
        The file is open to others, a link, or holds no token.
    """
    check_private(home.create().run)
    path = token_file(home)
    if renew or not os.path.lexists(path):
        # hexadecimal, for a "-" in front would make it an option of the programs that it is handed to
        write_private(path, secrets.token_hex(32).encode("ascii") + b"\n")
    return _read(path)


def _read(path: Path) -> str:
    hint = f"Make another: clamp3 bridge osc --new-token (it replaces {path})."
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint) from error
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if os.name == "posix" and (about.st_uid != os.geteuid() or about.st_mode & 0o077):
            raise UsageError(f"{path} is open to others ({stat.filemode(about.st_mode)}).", hint)
        token = file.read(_MOST).strip()
    if not re.fullmatch(rb"[A-Za-z0-9_-]{32,}", token):
        raise UsageError(f"{path} holds no token.", hint)
    return token.decode("ascii")
