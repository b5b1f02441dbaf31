"""What a score begins with: the key, time and tempo that stand in its header."""

from dataclasses import dataclass

from clamp3_plugin.readers.musicxml.attributes import Key
from clamp3_plugin.readers.musicxml.directions import Tempo


@dataclass(slots=True)
class Opening:
    """The signatures of the header, filled in while the parts are read."""

    key: Key | None = None
    """Of the first part that does not transpose."""
    meter: str = ""
    tempo: Tempo | None = None
