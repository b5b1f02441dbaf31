"""Put a bridge's files where a host program looks for them, take them away again, tell how it stands.

A host (MuseScore, a DAW) is a small class that knows where its folders are and what goes there; all
writing and removing is done here, the same for every host. Every file that a bridge writes holds the
line that ``mark`` gives, and only files that hold such a line are ever replaced or removed: what the
user put beside them stays.
"""

import os
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from clamp3_plugin import __version__
from clamp3_plugin.config import Home
from clamp3_plugin.errors import UsageError

_MARK = re.compile(rb"clamp3-bridge ([a-z0-9_-]+) ([0-9][0-9A-Za-z.+-]*)")
_LOOKED_AT = 1 << 20  # bytes of a file in which its mark is looked for


class System(Protocol):
    """What a host must know of the machine to find its folders."""

    @property
    def platform(self) -> str:
        """``linux``, ``darwin`` or ``win32``, as ``sys.platform``."""

    @property
    def user(self) -> Path:
        """The user's own folder."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment."""


@dataclass(frozen=True, slots=True)
class ThisSystem:
    """The machine at hand, or one that a test describes; satisfies ``System``."""

    platform: str = sys.platform
    user: Path = field(default_factory=Path.home)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


@dataclass(frozen=True, slots=True)
class Place:
    """A folder from which one program of a host reads."""

    program: str
    """Name as the user knows it, e.g. ``MuseScore 3``."""
    folder: Path
    is_present: bool
    """Whether that program seems to be used here (its folders are there)."""


class State(StrEnum):
    """How a bridge stands in one place."""

    ABSENT = "absent"
    CURRENT = "current"
    OUTDATED = "outdated"
    """Another version than this program wrote it."""
    ALTERED = "altered"
    """This version, but not as this program would write it now: edited, or for another home."""
    FOREIGN = "foreign"
    """A file of the same name that no bridge wrote is in the way."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is found in one place."""

    place: Place
    state: State
    version: str = ""
    """Version that wrote it; empty where none did."""


class Host(Protocol):
    """A program into which files are put. Implementations only look; they write nothing."""

    @property
    def name(self) -> str:
        """As typed: ``clamp3 bridge install NAME``."""

    @property
    def title(self) -> str:
        """As the user knows it."""

    def places(self, system: System) -> Sequence[Place]:
        """List the folders of all versions of the program, whether present or not."""

    def files(self, place: Place, home: Home) -> Mapping[str, bytes]:
        """Give what goes there, by path below the folder (with ``/``).

        Every content holds ``mark(name)``. The run file of the daemon is ``home.run_file``; its token
        is never written into a file of a host.
        """

    def next_steps(self, place: Place) -> Sequence[str]:
        """Say what the user does in the program afterwards, a line each."""


def mark(host: str) -> str:
    """Give the line that every file of a bridge holds, behind whatever begins a comment there.

    Examples
    --------
    >>> mark("musescore").startswith("clamp3-bridge musescore ")
    True
    """
    return f"clamp3-bridge {host} {__version__}"


def chosen(host: Host, system: System, into: Path | None = None) -> list[Place]:
    """Give the places to work in: the folder that was named, or those of the programs present.

    Raises
    ------
    UsageError
        No program of this host is found.
    """
    if into is not None:
        return [Place(host.title, into.expanduser().absolute(), is_present=True)]
    places = host.places(system)
    present = [place for place in places if place.is_present]
    if not present:
        looked = ", ".join(str(place.folder) for place in places) or "nowhere"
        raise UsageError(
            f"{host.title} is not found here (looked for: {looked}).",
            "Start it once, or name its folder with --into.",
        )
    return present


def standing(host: Host, place: Place, home: Home) -> Standing:
    """Tell how a bridge stands in a place."""
    wanted = host.files(place, home)
    found = {name: _content(place.folder / name) for name in wanted}
    if all(content is None for content in found.values()):
        return Standing(place, State.ABSENT)
    versions = [_version(host, content) for content in found.values() if content is not None]
    if None in versions:
        return Standing(place, State.FOREIGN)
    version = next((one for one in versions if one != __version__), __version__) or ""
    if version != __version__:
        return Standing(place, State.OUTDATED, version)
    is_same = all(found[name] == content for name, content in wanted.items())
    return Standing(place, State.CURRENT if is_same else State.ALTERED, version)


def install(host: Host, place: Place, home: Home) -> list[Path]:
    """Write a bridge into a place, over an older one of ours; gives the files.

    Raises
    ------
    UsageError
        A file that no bridge wrote is in the way, or the folder cannot be written.
    """
    wanted = host.files(place, home)
    for name in wanted:
        content = _content(place.folder / name)
        if content is not None and _version(host, content) is None:
            raise UsageError(
                f"{place.folder / name} is there already, and no bridge of clamp3 wrote it.",
                "Move it away, then try again.",
            )
    try:
        for name, content in wanted.items():
            _replace(place.folder / name, content)
    except OSError as error:
        raise UsageError(f"{place.folder} cannot be written: {error.strerror}.") from error
    return [place.folder / name for name in wanted]


def uninstall(host: Host, place: Place, home: Home) -> list[Path]:
    """Remove what a bridge wrote into a place, and folders that it leaves empty; gives the files.

    Raises
    ------
    UsageError
        A file cannot be removed.
    """
    removed = []
    for name in host.files(place, home):
        path = place.folder / name
        content = _content(path)
        if content is None or _version(host, content) is None:
            continue
        try:
            path.unlink()
        except OSError as error:
            raise UsageError(f"{path} cannot be removed: {error.strerror}.") from error
        removed.append(path)
        _remove_empty(path.parent, place.folder)
    return removed


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.stat().st_size <= _LOOKED_AT else b""
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return b""  # something is there, and it is none of ours


def _version(host: Host, content: bytes) -> str | None:
    found = _MARK.search(content)
    is_ours = found is not None and found[1] == host.name.encode("ascii")
    return found[2].decode("ascii") if found and is_ours else None


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove folders from the inside out while they are empty; the host's own folder stays."""
    while folder != top and top in folder.parents:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
