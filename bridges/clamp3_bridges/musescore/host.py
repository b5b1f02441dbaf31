"""Where MuseScore 3 and 4 look for plugins, and what is put there."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from clamp3_bridges.installing import Place, System, mark
from clamp3_plugin import __version__
from clamp3_plugin.config import Home

NAME = "musescore"
_FOLDER = "clamp3"
_SHIPPED = ("clamp3.qml", "clamp3.js", "clamp3_score.js", "clamp3_words.js")
_PLACE = "clamp3_place.js"


@dataclass(frozen=True, slots=True)
class MuseScoreHost:
    """MuseScore, of which 3 and 4 keep their plugins apart; satisfies ``Host``."""

    name: str = NAME
    title: str = "MuseScore"

    def places(self, system: System) -> Sequence[Place]:
        """Name the plugin folders of MuseScore 3 and 4."""
        documents = _documents(system)
        return [
            Place(
                f"MuseScore {version}",
                documents / f"MuseScore{version}" / "Plugins",
                is_present=(documents / f"MuseScore{version}").is_dir()
                or any(folder.is_dir() for folder in _settings(system, version)),
            )
            for version in (3, 4)
        ]

    def files(self, place: Place, home: Home) -> Mapping[str, bytes]:  # noqa: ARG002 - both versions get the same
        """Give the plugin, and a file that tells it where the daemon's run file is."""
        folder = files("clamp3_bridges.musescore") / "plugin"
        shipped = {
            name: (folder / name).read_bytes().replace(b"@MARK@", mark(NAME).encode("ascii"))
            for name in _SHIPPED
        }
        contents = {**shipped, _PLACE: _place(home).encode("ascii")}
        return {f"{_FOLDER}/{name}": content for name, content in contents.items()}

    def next_steps(self, place: Place) -> Sequence[str]:
        """Say how the plugin is enabled."""
        if place.program.endswith("4"):
            return [
                "Start MuseScore 4 again. Home > Plugins > CLaMP 3 > Enable.",
                "Open it from the menu Plugins > CLaMP 3.",
            ]
        return [
            "Start MuseScore 3 again. Plugins > Plugin Manager: tick clamp3.",
            "Open it from the menu Plugins > CLaMP 3.",
        ]


def _documents(system: System) -> Path:
    """Find the user's documents, which Linux lets people call otherwise and Windows moves."""
    if system.platform == "win32":
        moved = Path(system.environ.get("OneDrive", "")) / "Documents"
        if system.environ.get("OneDrive") and moved.is_dir():
            return moved
        return Path(system.environ.get("USERPROFILE") or system.user) / "Documents"
    if system.platform == "linux":
        return _xdg_documents(system)
    return system.user / "Documents"


def _xdg_documents(system: System) -> Path:
    config = Path(system.environ.get("XDG_CONFIG_HOME") or system.user / ".config")
    try:
        lines = (config / "user-dirs.dirs").read_text("utf-8", "replace").splitlines()
    except OSError:
        return system.user / "Documents"
    for line in lines:
        name, _, value = line.partition("=")
        if name.strip() == "XDG_DOCUMENTS_DIR":
            return Path(value.strip().strip('"').replace("$HOME", str(system.user)))
    return system.user / "Documents"


def _settings(system: System, version: int) -> list[Path]:
    """List the folders that MuseScore makes when it is first started."""
    user = system.user
    if system.platform == "win32":
        bases = [
            Path(system.environ.get(name) or user / "AppData" / folder)
            for name, folder in (("LOCALAPPDATA", "Local"), ("APPDATA", "Roaming"))
        ]
    elif system.platform == "darwin":
        bases = [user / "Library" / "Application Support"]
    else:
        bases = [Path(system.environ.get("XDG_DATA_HOME") or user / ".local" / "share")]
    return [base / "MuseScore" / f"MuseScore{version}" for base in bases]


def _place(home: Home) -> str:
    """Write where the daemon's run file is and how it is started, as JavaScript in ASCII."""
    start = ", ".join(_quoted(word) for word in _start(home))
    return (
        f"// {mark(NAME)}\n"
        ".pragma library\n"
        f"var runFile = {_quoted(str(home.run_file))};\n"
        f"var version = {_quoted(__version__)};\n"
        f"var start = [{start}];\n"
    )


def _start(home: Home) -> list[str]:
    """Give the command that starts the daemon of this home."""
    base = home.run.parent
    of_one_folder = home == Home.locate(str(base))
    chosen = ["--home", str(base)] if of_one_folder else []
    return [sys.executable, "-m", "clamp3_cli", *chosen, "daemon", "start"]


def _quoted(text: str) -> str:
    units = (
        f"\\u{ord(unit):04x}" if not 32 <= ord(unit) < 127 or unit in "\\'\"" else unit
        for unit in _utf16(text)
    )
    return f"'{''.join(units)}'"


def _utf16(text: str) -> str:
    """Write a text in the units of JavaScript, which counts in halves what is beyond 16 bits."""
    data = text.encode("utf-16-be", "surrogatepass")
    return "".join(chr(data[i] << 8 | data[i + 1]) for i in range(0, len(data), 2))
