"""An index run that kills itself between the rows of its third batch and their records."""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from clamp3_plugin.indexing.embedding import Batch
from clamp3_plugin.indexing.indexer import Indexer
from clamp3_plugin.library.library import Library
from clamp3_plugin.library.store import Store
from tests.fakes import FakeFormats, HashEncoder


def main() -> None:
    put = Store._put
    batches = iter(range(2))

    def dying(self, records, known):
        if next(batches, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        put(self, records, known)

    Store._put = dying  # type: ignore[method-assign]
    home, encoder = Path(sys.argv[1]), HashEncoder()
    library = Library.open(home / "library", encoder.space, encoder.dim)
    Indexer(library, encoder, FakeFormats(), Batch(files=5)).run([home / "music"])


if __name__ == "__main__":
    main()
