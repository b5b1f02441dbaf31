"""The real daemon over a library of search_data.py; its encoder looks up prepared questions.

    CLAMP3_HOME=FOLDER/home python benchmarks/search_daemon.py FOLDER/questions.npy

A text is the number of a question, so what a question takes is everything but the encoder.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from search_data import DIM, SPACE

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clamp3_cli.wiring import make_service
from clamp3_plugin.config import Config, Home
from clamp3_plugin.daemon.lifecycle import serve
from clamp3_plugin.encoding import Embeddings
from tests.fakes import HashEncoder


class Prepared(HashEncoder):
    """Knows the vector of each question by its number."""

    device = "cpu"
    folder = None

    def __init__(self, questions: Path) -> None:
        super().__init__(DIM, SPACE)
        self._questions = np.load(questions)

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Look up each question."""
        rows = [self._questions[int(t)] if t.isdigit() else self._questions[0] for t in texts]
        return np.stack(rows)


def main() -> int:
    encoder = Prepared(Path(sys.argv[1]))
    home, config = Home.locate(), Config()
    return serve(home, config, lambda: make_service(home, config, lambda _h, _c: encoder))


if __name__ == "__main__":
    sys.exit(main())
