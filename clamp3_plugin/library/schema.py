"""Which readers a library asks for, so that an older program refuses it instead of spoiling it.

1  tables of passages and files, whose later columns an older program did without
2  a journal of what is on the disk; an older program may still read and write
"""

import json

from clamp3_plugin import __version__
from clamp3_plugin.errors import LibraryNewerError
from clamp3_plugin.library.prefix import Folder, write

SCHEMA = 2
OLDEST_READER = 1
_NAME = "schema.json"


def require_readable(folder: Folder) -> int:
    """Give the schema of a library; 1 for those that do not say, among them new ones.

    Raises
    ------
    LibraryNewerError
        Only a later version of this program can read it.
    """
    try:
        about = json.loads((folder / _NAME).read_bytes())
        schema, oldest = int(about["schema"]), int(about["min_reader"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return 1  # damaged, it says as little as none; the tables' columns are looked at anyway
    if oldest > SCHEMA:
        made_by = str(about.get("version", ""))[:32]
        raise LibraryNewerError(
            f"The library {folder} was made by clamp3 {made_by}, which this clamp3 {__version__}"
            " cannot read.",
            f"Install clamp3-plugin {made_by} or later; nothing was changed.",
        )
    return schema


def mark(folder: Folder) -> None:
    """Say in a library that this version has written it, unless a later one has."""
    if require_readable(folder) < SCHEMA:
        about = {"schema": SCHEMA, "min_reader": OLDEST_READER, "version": __version__}
        write(folder / _NAME, json.dumps(about).encode())
