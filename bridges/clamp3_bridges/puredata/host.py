"""Where Pure Data looks for objects, and what is put there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clamp3_bridges.installing import Place, System
from clamp3_bridges.osc_script import OscFiles
from clamp3_plugin.config import Home

NAME = "puredata"
PATCHES = ("clamp3.pd", "clamp3-help.pd")


@dataclass(frozen=True, slots=True)
class PureDataHost:
    """Pure Data; satisfies ``Host``."""

    name: str = NAME
    title: str = "Pure Data"

    def places(self, system: System) -> Sequence[Place]:
        """Name the user's folder of externals."""
        folder, settings = _folders(system)
        return [Place(self.title, folder, is_present=folder.is_dir() or settings.exists())]

    def files(self, place: Place, home: Home) -> Mapping[str, bytes]:  # noqa: ARG002 - there is one place
        """Give the object, and a help patch that knows where the token is."""
        return _FILES.filled(home)

    def next_steps(self, place: Place) -> Sequence[str]:
        """Say how the object is found."""
        return [
            "Run clamp3 bridge osc. In Pd: File > Preferences > Path: add",
            f"{place.folder / 'clamp3'}. Then make an object clamp3, and open its help.",
        ]


def _folders(system: System) -> tuple[Path, Path]:
    """Give the folder of externals, and a file or folder that shows that Pd is used here."""
    user = system.user
    if system.platform == "win32":
        folder = Path(system.environ.get("APPDATA") or user / "AppData" / "Roaming") / "Pd"
        return folder, folder
    if system.platform == "darwin":
        library = user / "Library"
        return library / "Pd", library / "Preferences" / "org.puredata.pd.plist"
    return user / ".local" / "lib" / "pd" / "extra", user / ".pdsettings"


def _atom(text: str) -> str:
    """Write a text as one word of a patch."""
    for character in "\\ ,;$":
        text = text.replace(character, f"\\{character}")
    return text


_FILES = OscFiles(NAME, __package__ or "", "patches", PATCHES, _atom)
