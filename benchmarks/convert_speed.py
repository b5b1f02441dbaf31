"""How fast MusicXML becomes interleaved ABC: beside music21, and as scores grow.

First, files of the music21 corpus are converted by us and read by music21, each file by one after
the other in the same run, in processor time. We convert each file twice: with what the files before
it have left in memory, as when a folder is indexed, and with nothing, as the first of a process.
Then scores of 10³ to 10⁶ notes are made up and converted; the two largest exceed what a user's file
may have, so the limits are raised here, below the registry.

    python benchmarks/convert_speed.py [--files 60 | --all] [--seed 3] [--most 1000000]
        [--plot docs/convert_speed.svg]
"""

import argparse
import gc
import math
import random
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import music21
from music21 import corpus

from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.musicxml import pieces
from clamp3_plugin.readers.musicxml.convert import convert_musicxml
from clamp3_plugin.readers.musicxml.parse import TreeLimits
from clamp3_plugin.readers.score import score_from_standard_abc

ENDINGS = {".mxl", ".xml", ".musicxml"}
RAISED = TreeLimits(size=2**30, nodes=20_000_000)
PARTS, NOTES_PER_BAR = 4, 6
OURS, MUSIC21 = "clamp3-plugin", "music21"

_BAR_RHYTHM = (
    (2, "quarter"), (1, "eighth"), (1, "eighth"), (2, "quarter"), (1, "eighth"), (1, "eighth"),
)  # fmt: skip


def seconds(work: Callable[[], object]) -> float:
    """Time one call in processor time, without what earlier ones left to collect."""
    gc.collect()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def sample(count: int | None, seed: int) -> list[Path]:
    """Choose files as round_trip.py does."""
    root = Path(corpus.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.suffix.lower() in ENDINGS)
    random.Random(seed).shuffle(files)  # noqa: S311 - nothing secret
    return files[:count]


def compare(paths: list[Path]) -> None:
    """Time both programs on the same files and print the ratios."""
    taken: list[Path] = []
    next_file: list[float] = []
    first_file: list[float] = []
    theirs: list[float] = []
    for path in paths:
        try:
            next_file.append(seconds(lambda path=path: read(path)))
        except Clamp3Error as error:
            print(f"refused: {error}")
            continue
        taken.append(path)
        theirs.append(
            seconds(
                lambda path=path: music21.converter.parseFile(
                    path, forceSource=True, storePickle=False
                )
            )
        )
    for path in taken:
        forget()
        first_file.append(seconds(lambda path=path: read(path)))
    print(f"{len(theirs)} files of the music21 {music21.__version__} corpus")
    print(f"{MUSIC21}: {sum(theirs):.1f} s in all")
    for name, ours in (("one after another", next_file), ("each as the first", first_file)):
        ratios = sorted(other / own for other, own in zip(theirs, ours, strict=True))
        print(
            f"{OURS}, {name}: {sum(ours):.2f} s in all; music21 takes, per file,"
            f" {statistics.median(ratios):.1f} times as long in the median, least {ratios[0]:.1f},"
            f" a tenth below {ratios[len(ratios) // 10]:.1f}, most {ratios[-1]:.1f}"
        )


def read(path: Path) -> None:
    """Read a file as the index does, short of the file system's checks."""
    registry.read_bytes(path.read_bytes(), path.name)


def forget() -> None:
    """Forget the pieces of text that are known from earlier files."""
    known = [pieces.TONES, pieces.LYRICS, pieces.ELEMENTS]
    for each in [*known, *pieces.SHAPES.values(), *pieces.UNPITCHED.values()]:
        each.clear()


def made_up_score(notes: int, seed: int) -> bytes:
    """Write a quartet in 4/4 with that many notes, rounded up to whole bars."""
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    bars = math.ceil(notes / (PARTS * NOTES_PER_BAR))
    names = "".join(
        f'<score-part id="P{part}"><part-name>Part {part}</part-name></score-part>'
        for part in range(PARTS)
    )
    out = [f'<score-partwise version="4.0"><part-list>{names}</part-list>']
    for part in range(PARTS):
        out.append(f'<part id="P{part}">')
        for bar in range(1, bars + 1):
            out.append(f'<measure number="{bar}">')
            if bar == 1:
                out.append(
                    "<attributes><divisions>2</divisions><key><fifths>1</fifths></key><time><beats>4"
                    "</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef>"
                    "</attributes>"
                )
            out += [
                f"<note><pitch><step>{rng.choice('CDEFGAB')}</step><octave>{rng.choice('345')}"
                f"</octave></pitch><duration>{ticks}</duration><voice>1</voice><type>{kind}</type>"
                "<stem>up</stem></note>"
                for ticks, kind in _BAR_RHYTHM
            ]
            out.append("</measure>")
        out.append("</part>")
    out.append("</score-partwise>")
    return "".join(out).encode()


def convert(data: bytes) -> None:
    """Go from MusicXML to interleaved ABC as the registry does, within raised limits."""
    converted = convert_musicxml(data, RAISED)
    score_from_standard_abc(
        converted.abc, bar_numbers=converted.bar_numbers, metadata=converted.metadata
    ).whole()


def grow(most: int, seed: int) -> list[tuple[int, float]]:
    """Time made-up scores of growing size: the best of three, the largest once."""
    points = []
    print("     notes      MiB   seconds   µs a note   (processor time)")
    for step in range(6, 13):
        notes = round(10 ** (step / 2))
        if notes > most:
            break
        data = made_up_score(notes, seed)
        best = min(
            seconds(lambda data=data: convert(data)) for _ in range(3 if notes < 10**5 else 1)
        )
        points.append((notes, best))
        print(
            f"{notes:10d} {len(data) / 2**20:8.1f} {best:9.3f} {1e6 * best / notes:11.1f}",
            flush=True,
        )
    if len(points) > 1:
        print(f"slope of log seconds over log notes: {slope(points):.3f}   (1 is linear)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"largest memory of the process: {peak:.2f} GiB (Linux)")
    return points


def slope(points: list[tuple[int, float]]) -> float:
    """Fit a line through the logarithms.

    Examples
    --------
    >>> slope([(10, 1.0), (100, 10.0), (1000, 100.0)])
    1.0
    """
    xs = [math.log(notes) for notes, _ in points]
    ys = [math.log(taken) for _, taken in points]
    return round(statistics.linear_regression(xs, ys).slope, 6)


def plot(points: list[tuple[int, float]], path: Path) -> None:
    """Draw seconds over notes, both logarithmic, beside a line of slope 1."""
    import matplotlib as mpl  # noqa: PLC0415 - a benchmark without --plot does not need it

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "convert_speed"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    notes, taken = zip(*points, strict=True)
    figure, axes = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    per_note = statistics.median(each / count for count, each in points)
    axes.loglog(notes, [per_note * count for count in notes], "--", color="0.6", label="linear")
    axes.loglog(notes, taken, "o-", color="C0", label=f"measured, slope {slope(points):.2f}")
    axes.set(
        xlabel="notes", ylabel="seconds of processor time", title="MusicXML to interleaved ABC"
    )
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})
    print(f"plot: {path}")


def main() -> int:
    """Run both benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--all", action="store_true", help="all files of the corpus")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument(
        "--most", type=int, default=10**6, help="notes of the largest made-up score"
    )
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # music21 warns of much in its own corpus
    if options.files:
        compare(sample(None if options.all else options.files, options.seed))
    points = grow(options.most, options.seed)
    if options.plot:
        plot(points, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
