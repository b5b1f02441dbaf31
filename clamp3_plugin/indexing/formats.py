"""The seam between an index run and the readers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from clamp3_plugin.music import Modality
from clamp3_plugin.readers.content import Content


class Formats(Protocol):
    """What is read as music; ``clamp3_plugin.readers.registry`` is one."""

    def is_music(self, path: Path, /) -> bool:
        """Tell by its name whether a file is music."""

    def modality_of(self, path: Path, /) -> Modality | None:
        """Tell by its name what a file holds."""

    def most_bytes(self, path: Path, /) -> int:
        """Tell by its name how large a file may be; larger ones are not opened."""

    def read(self, path: Path, /) -> Sequence[Content]:
        """Read the pieces of a file in order."""
