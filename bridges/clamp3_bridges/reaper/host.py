"""Where REAPER looks for scripts, and what is put there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clamp3_bridges.installing import Place, System
from clamp3_bridges.lua_script import compose
from clamp3_plugin.config import Home

NAME = "reaper"
SCRIPT = "clamp3_find.lua"


@dataclass(frozen=True, slots=True)
class ReaperHost:
    """REAPER, all versions of which share their settings; satisfies ``Host``."""

    name: str = NAME
    title: str = "REAPER"

    def places(self, system: System) -> Sequence[Place]:
        """Name the folder of scripts."""
        folder = _resources(system)
        return [Place(self.title, folder / "Scripts", is_present=folder.is_dir())]

    def files(self, place: Place, home: Home) -> Mapping[str, bytes]:  # noqa: ARG002 - there is one place
        """Give the action."""
        return {f"clamp3/{SCRIPT}": compose(__package__ or "", SCRIPT, NAME, home)}

    def next_steps(self, place: Place) -> Sequence[str]:
        """Say how the action is loaded."""
        return [
            "In REAPER: Actions > Show action list > New action > Load ReaScript, and choose",
            f"{place.folder / 'clamp3' / SCRIPT}. Then select an item, and run the action.",
        ]


def _resources(system: System) -> Path:
    user = system.user
    if system.platform == "win32":
        return Path(system.environ.get("APPDATA") or user / "AppData" / "Roaming") / "REAPER"
    if system.platform == "darwin":
        return user / "Library" / "Application Support" / "REAPER"
    return Path(system.environ.get("XDG_CONFIG_HOME") or user / ".config") / "REAPER"
