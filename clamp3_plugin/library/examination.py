"""Whether a whole library is sound: every space of a folder, every row and every file of it."""

from pathlib import Path

import lancedb

from clamp3_plugin.errors import LibraryDamagedError
from clamp3_plugin.library.library import Library
from clamp3_plugin.library.tables import filled_spaces, table_stem


def problems_of(folder: Path) -> list[str]:
    """Open each space of a library as its next writer will, read all of it, and say what is wrong.

    What a writer repairs when it opens is repaired, and told.
    """
    problems: list[str] = []
    try:
        for space in filled_spaces(folder):
            with Library.open(folder, space, _dim(folder, space)) as library:
                problems += library.check().problems
    except LibraryDamagedError as error:
        problems.append(error.message)
    return problems


def _dim(folder: Path, space: str) -> int:
    table = lancedb.connect(folder).open_table(f"{table_stem(space)}.passages")
    return int(table.schema.field("vector").type.list_size)
