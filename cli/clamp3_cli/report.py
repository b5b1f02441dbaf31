"""``clamp3 report``: what a bug report needs, and nothing that is private.

No titles, no paths, no questions, no secrets: counts and codes are taken as they are, and of every text
only what stands before the first thing that could be a path; what is quoted is left out.
"""

import json
import os
import platform
import re
from collections import Counter, deque
from collections.abc import Iterator
from importlib import metadata

import click

from clamp3_cli.access import reach
from clamp3_cli.doctor import findings
from clamp3_plugin import __version__
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import Clamp3Error

_PACKAGES = ("torch", "numpy", "lancedb", "pyarrow", "starlette", "uvicorn", "h11", "click")
_LOG_LINES = 40
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,}")
_PATH = re.compile(r"(?:~|\b[A-Za-z]:)?[\\/].*", re.DOTALL)
_KINDS = ("files", "refused", "failed", "pieces", "passages", "modalities", "bytes_on_disk")


@click.command()
@click.pass_obj
def report(home: Home) -> int:
    """Describe this installation for a bug report.

    Prints versions, settings, what clamp3 doctor finds, counts of the library and the last lines of
    the log. No titles, no paths, no questions and no secrets are in it; read it before you send it.
    """
    for line in lines(home):
        click.echo(line)
    return 0


def lines(home: Home) -> Iterator[str]:
    """Give the report, line by line."""
    yield f"clamp3 {__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield f"{os.cpu_count()} CPUs, {platform.machine()}"
    yield ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    yield from _settings(home)
    yield ""
    yield "doctor"
    for finding in findings(home):
        yield f"  {finding.state:4}  {finding.what:8}  {redacted(finding.text)}"
    yield ""
    yield from _library(home)
    yield ""
    yield "log"
    yield from _log(home)


def redacted(text: str) -> str:
    """Leave out of a text what may be private.

    Examples
    --------
    >>> redacted("'Air in G' is not sound: /home/ann/My Music/air.mid is gone.")
    '<name> is not sound: <path>'
    >>> redacted("The token is 3q2-7w8e_9r0t1y2u3i4o5p6a7s8d9f0g1h2j3k4l5z.")
    'The token is <secret>.'
    """
    return _PATH.sub("<path>", _SECRET.sub("<secret>", _QUOTED.sub("<name>", text)))


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "-"


def _settings(home: Home) -> Iterator[str]:
    try:
        config = Config.load(home)
    except Clamp3Error as error:
        yield f"settings: {error.code}"
        return
    yield (
        f"model {redacted(config.model)}, device {redacted(config.device)}, precision"
        f" {redacted(config.precision)}, threads {config.threads}, keep_alive_s {config.keep_alive_s:g}"
    )


def _library(home: Home) -> Iterator[str]:
    try:
        with reach(home, in_process=not home.run_file.exists()) as access:
            counts = access.stats()
            reasons = Counter(event.reason for event in access.errors())
    except Clamp3Error as error:
        yield f"library: {error.code}"
        return
    known = {name: counts[name] for name in _KINDS if name in counts}
    yield f"library: {json.dumps(known)}"
    if reasons:
        yield f"refused: {json.dumps(dict(reasons))}"


def _log(home: Home) -> Iterator[str]:
    try:
        with home.log_file.open(encoding="utf-8", errors="replace") as file:
            last = deque(file, maxlen=_LOG_LINES)
    except FileNotFoundError:
        yield "  there is none"
        return
    for line in last:
        try:
            about = json.loads(line)
            places = about.get("error", [])
            told = [about["time"], about["level"], about["from"], redacted(about["message"])]
        except (ValueError, KeyError, TypeError, AttributeError):
            told, places = ["a line that is no event"], []
        yield "  " + " ".join(map(str, told))
        for place in places:
            yield f"    {redacted(str(place))}"
