"""Desktop notifications, where the system has a program that shows them."""

import shutil
import subprocess
import sys
from collections.abc import Sequence

_TIMEOUT_S = 5.0
_APPLE = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"
_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


def program() -> Sequence[str]:
    """Give the command that shows a notification, to be followed by a title and a text; or nothing."""
    if sys.platform == "darwin":
        found = shutil.which("osascript")
        return (found, "-e", _APPLE) if found else ()
    found = shutil.which("notify-send")
    return (found, "--app-name=clamp3", "--") if found else ()


def notify(command: Sequence[str], title: str, text: str) -> bool:
    """Show a notification; gives whether that worked. Titles of music are no markup.

    Parameters
    ----------
    command
        What ``program`` gave.
    """
    if not command:
        return False
    shown = text if sys.platform == "darwin" else text.translate(_ESCAPES)
    words = [word.replace("\0", "").encode("utf-8", "replace") for word in (title, shown)]
    try:
        done = subprocess.run(  # noqa: S603 - a program of the system, and no shell
            [*command, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
