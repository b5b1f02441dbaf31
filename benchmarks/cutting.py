"""Cut random bars out of real scores and see whether they sound as these bars do in the whole.

    python benchmarks/cutting.py [--scores 50] [--ranges 100] [--seed 3]

Scores are drawn from the MusicXML and ABC files of the music21 corpus. A cut is equal if every note of
every voice has the same pitch (key, accidentals, ties), key, metre, unit length, tempo and clef as
these bars have in the whole; both texts are read by ``tests/core/readers/abc_sounds.py``, which
knows nothing of how cuts are made.
"""

import argparse
import random
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.music import Passage
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.score import Score

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.core.readers.abc_sounds import sounds

Reading = list[tuple[str, dict[str, list[tuple[str | int, ...]]]]]
ENDINGS = {".abc", ".mxl", ".musicxml", ".xml"}


def corpus() -> list[Path]:
    spec = find_spec("music21")
    assert spec is not None  # noqa: S101
    assert spec.submodule_search_locations  # noqa: S101
    folder = Path(spec.submodule_search_locations[0], "corpus")
    return sorted(path for path in folder.rglob("*") if path.suffix in ENDINGS)


def drawn(count: int, choose: random.Random) -> list[tuple[str, Score]]:
    """Draw files, and of each book one tune."""
    paths = corpus()
    choose.shuffle(paths)
    scores: list[tuple[str, Score]] = []
    for path in paths:
        if len(scores) == count:
            break
        try:
            pieces = [piece for piece in registry.read(path) if isinstance(piece, Score)]
        except Clamp3Error:
            continue
        tune = choose.randrange(len(pieces))
        scores.append((f"{path.parent.name}/{path.name} {tune + 1}", pieces[tune]))
    return scores


def difference(cut: Reading, wanted: Reading) -> str:
    """Say where two readings differ first."""
    for i, (one, other) in enumerate(zip(cut, wanted, strict=False), 1):
        if one[0] != other[0]:
            return f"tempo of bar {i} of the cut: {one[0]!r}, not {other[0]!r}"
        for voice, notes in other[1].items():
            for note, expected in zip(one[1].get(voice, []), notes, strict=False):
                if note != expected:
                    return f"voice {voice} in bar {i} of the cut: {note}, not {expected}"
    return "a different number of bars, voices or notes"


def main() -> None:
    """Print how many ranges are equal, and those that are not."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scores", type=int, default=50)
    parser.add_argument("--ranges", type=int, default=100)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    choose = random.Random(options.seed)  # noqa: S311 - a repeatable choice, no secret
    scores = drawn(options.scores, choose)
    read = [sounds(score.whole()) for _, score in scores]
    equal, notes, seconds = 0, 0, 0.0
    for i in range(options.ranges):
        name, score = scores[i % len(scores)]
        first = choose.randrange(len(score.bars))
        last = choose.randrange(first, len(score.bars))
        begun = time.perf_counter()
        text = score.excerpt(Passage(score.bars[first].index, score.bars[last].index))
        seconds += time.perf_counter() - begun
        cut, wanted = sounds(text), read[i % len(scores)][first : last + 1]
        notes += sum(len(voice) for _, voices in wanted for voice in voices.values())
        equal += cut == wanted
        if cut != wanted:
            print(f"{name}, bars {first + 1}-{last + 1}: {difference(cut, wanted)}")
    print(
        f"{equal} of {options.ranges} ranges of {len(scores)} scores equal:"
        f" {notes} notes, {seconds:.2f} s for the cutting"
    )


if __name__ == "__main__":
    main()
