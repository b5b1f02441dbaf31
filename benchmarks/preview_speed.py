"""How soon the picture of four bars is there, by format, on scores of the music21 corpus.

    python benchmarks/preview_speed.py [--scores 24] [--bars 500]

Scores are drawn evenly from the sorted files of each format, among those of at most so many bars; each
is drawn once, as the panel of MuseScore asks for it, after a first one has started the worker.
"""

import argparse
import statistics
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from clamp3_plugin.daemon.preview.picture import Drawing, close, draw
from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.music import Modality, Passage, Piece

GOAL_MS = 100
HEIGHT = 800
FORMATS = {"Humdrum": (".krn",), "MusicXML": (".mxl", ".xml", ".musicxml"), "ABC": (".abc",)}


def drawn(endings: tuple[str, ...], count: int, most_bars: int) -> list[Path]:
    """Choose files."""
    spec = find_spec("music21")
    assert spec is not None  # noqa: S101
    assert spec.submodule_search_locations  # noqa: S101
    folder = Path(spec.submodule_search_locations[0], "corpus")
    files = sorted(path for path in folder.rglob("*") if path.suffix in endings)
    short = [path for path in files if path.suffix != ".krn" or bars_of(path) <= most_bars]
    return short[:: max(1, len(short) // count)][:count]


def bars_of(path: Path) -> int:
    """Count the barlines of a Humdrum file."""
    return path.read_text("utf-8", "replace").count("\n=")


def milliseconds(path: Path) -> float:
    """Draw bars 5 to 8."""
    begun = time.perf_counter()
    draw(Piece("p", str(path), Modality.SCORE), Drawing(Passage(5, 8), width=1100, height=HEIGHT))
    return 1000 * (time.perf_counter() - begun)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=int, default=24)
    parser.add_argument("--bars", type=int, default=500)
    options = parser.parse_args()
    is_slow = False
    for name, endings in FORMATS.items():
        files = drawn(endings, options.scores + 1, options.bars)
        times, refused = [], 0
        for number, path in enumerate(files):
            try:
                took = milliseconds(path)
            except Clamp3Error:
                refused += 1
                continue
            if number:
                times.append(took)
        median = statistics.median(times)
        is_slow |= median > GOAL_MS
        print(
            f"{name}: {len(times)} scores, median {median:.0f} ms, slowest {max(times):.0f} ms,"
            f" {refused} without these bars or not drawn"
        )
    close()
    return int(is_slow)


if __name__ == "__main__":
    sys.exit(main())
