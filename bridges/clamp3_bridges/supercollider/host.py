"""Where SuperCollider looks for classes, and what is put there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clamp3_bridges.installing import Place, System
from clamp3_bridges.osc_script import OscFiles
from clamp3_plugin.config import Home

NAME = "supercollider"
CLASS = ("Clamp3.sc", "examples.scd", "HelpSource/Classes/Clamp3.schelp")


@dataclass(frozen=True, slots=True)
class SuperColliderHost:
    """SuperCollider; satisfies ``Host``."""

    name: str = NAME
    title: str = "SuperCollider"

    def places(self, system: System) -> Sequence[Place]:
        """Name the user's folder of extensions."""
        folder = _support(system)
        return [Place(self.title, folder / "Extensions", is_present=folder.is_dir())]

    def files(self, place: Place, home: Home) -> Mapping[str, bytes]:  # noqa: ARG002 - there is one place
        """Give the class, which knows where the token is."""
        return _FILES.filled(home)

    def next_steps(self, place: Place) -> Sequence[str]:
        """Say how the class is compiled."""
        return [
            "Run clamp3 bridge osc. In SuperCollider: Language > Recompile Class Library; then",
            f"open {place.folder / 'clamp3' / 'examples.scd'}.",
        ]


def _support(system: System) -> Path:
    user = system.user
    if system.platform == "win32":
        return Path(system.environ.get("LOCALAPPDATA") or user / "AppData" / "Local") / (
            "SuperCollider"
        )
    if system.platform == "darwin":
        return user / "Library" / "Application Support" / "SuperCollider"
    share = Path(system.environ.get("XDG_DATA_HOME") or user / ".local" / "share")
    return share / "SuperCollider"


def _escaped(text: str) -> str:
    """Write a text between the quotes of a string."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


_FILES = OscFiles(NAME, __package__ or "", "quark", CLASS, _escaped)
