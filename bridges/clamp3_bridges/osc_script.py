"""Makes what is put into hosts that ask by OSC: where the token lies goes into each file."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

from clamp3_bridges.installing import mark
from clamp3_bridges.osc.secret import token_file
from clamp3_plugin.config import Home


@dataclass(frozen=True, slots=True)
class OscFiles:
    """The files of a host, as they are shipped."""

    host: str
    """Its name, for the mark."""
    package: str
    folder: str
    """Where they lie in the package."""
    names: tuple[str, ...]
    """Paths below that folder, with ``/``."""
    quote: Callable[[str], str]
    """Writes a text as the host's language wants it."""

    def filled(self, home: Home) -> dict[str, bytes]:
        """Give them as they are installed, by path below the host's folder."""
        folder = files(self.package) / self.folder
        values = {"@MARK@": mark(self.host), "@TOKEN_FILE@": self.quote(str(token_file(home)))}
        filled = {}
        for name in self.names:
            text = folder.joinpath(*name.split("/")).read_text("utf-8")
            for word, value in values.items():
                text = text.replace(word, value)
            filled[f"clamp3/{name}"] = text.encode()
        return filled
