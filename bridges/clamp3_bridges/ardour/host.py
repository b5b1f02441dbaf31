"""Where Ardour looks for scripts, and what is put there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clamp3_bridges.installing import Place, System
from clamp3_bridges.lua_script import compose
from clamp3_plugin.config import Home

NAME = "ardour"
VERSIONS = (7, 8, 9)
SCRIPTS = ("clamp3_find.lua", "clamp3_session.lua")


@dataclass(frozen=True, slots=True)
class ArdourHost:
    """Ardour, each version of which has settings of its own; satisfies ``Host``."""

    name: str = NAME
    title: str = "Ardour"

    def places(self, system: System) -> Sequence[Place]:
        """Name the folders of scripts."""
        settings = [(version, _settings(system, version)) for version in VERSIONS]
        return [
            Place(f"Ardour {version}", folder / "scripts", is_present=folder.is_dir())
            for version, folder in settings
        ]

    def files(self, place: Place, home: Home) -> Mapping[str, bytes]:  # noqa: ARG002 - all versions get the same
        """Give the action for the editor, and the script for sessions without a window."""
        return {name: compose(__package__ or "", name, NAME, home) for name in SCRIPTS}

    def next_steps(self, place: Place) -> Sequence[str]:  # noqa: ARG002 - as above
        """Say how the action gets a key or a button."""
        return [
            "In Ardour: Edit > Lua Scripts > Script Manager > Action Scripts: choose a slot, Add/Set,",
            '"CLaMP 3: find what is like this". Then select a region or a range, and run the slot.',
        ]


def _settings(system: System, version: int) -> Path:
    user = system.user
    if system.platform == "win32":
        local = Path(system.environ.get("LOCALAPPDATA") or user / "AppData" / "Local")
        return local / f"Ardour{version}"
    if system.platform == "darwin":
        return user / "Library" / "Preferences" / f"Ardour{version}"
    config = Path(system.environ.get("XDG_CONFIG_HOME") or user / ".config")
    return config / f"ardour{version}"
