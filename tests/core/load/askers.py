"""Many who ask at once while the library changes: what they wait for, and whether what they hear is true.

The folder holds ``FILES`` tunes, whose titles name the round in which they were written. A run of the
indexer takes all of them to the next round, in batches; so an answer that lists all tunes is of one
version of the library exactly if every tune is in it once and the newer ones are whole batches.
"""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from clamp3_plugin.client import Client
from clamp3_plugin.config import Home
from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.query import Query, Source

FILES = 96
BATCH = 64
"""Files that the indexer commits at once."""
_BARS = "GAB cde|dBG AFD|GAB cde|dcA G3|gfe dcB|cBA GFD|GAB cde|dcA G3|"


def write_round(folder: Path, number: int) -> None:
    """Write all tunes anew."""
    folder.mkdir(exist_ok=True)
    for i in range(FILES):
        tune = f"X:1\nT:round {number} tune {i}\nM:6/8\nL:1/8\nK:G\n{_BARS}\n"
        (folder / f"{i:03d}.abc").write_text(tune)


@dataclass
class Heard:
    """What askers were told."""

    took_ms: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def p95_ms(self) -> float:
        """The time within which 95 of 100 were answered."""
        ordered = sorted(self.took_ms)
        return ordered[int(0.95 * len(ordered))] if ordered else float("nan")


def ask(home: Home, askers: int, seconds: float, pause_s: float) -> Heard:
    """Let askers ask for some time, each again and again with a pause."""
    heard, until = Heard(), time.monotonic() + seconds

    def one(number: int) -> None:
        pauses = random.Random(number)  # noqa: S311 - a plan, no secret
        time.sleep(pauses.uniform(0, pause_s))
        while time.monotonic() < until:
            question = Query((Source(text=f"jig {pauses.randrange(10**9)}"),), n=FILES)
            begun = time.perf_counter()
            try:
                with Client.connect(home) as client:
                    titles = [hit.piece.metadata.title for hit in client.find(question).hits]
            except Clamp3Error as error:
                heard.errors[error.code] += 1
                continue
            heard.took_ms.append(1000 * (time.perf_counter() - begun))
            if what := what_is_wrong(titles):
                heard.wrong.append(what)
            time.sleep(pauses.uniform(0, 2 * pause_s))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(askers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return heard


def what_is_wrong(titles: list[str]) -> str:
    """Tell why an answer is of no one version of the library; empty if it is.

    Examples
    --------
    >>> what_is_wrong([f"round 3 tune {i}" for i in range(FILES)])
    ''
    >>> what_is_wrong([f"round {3 + (i > 5)} tune {i}" for i in range(FILES)])
    '6 tunes of round 3, 90 of 4'
    """
    named = [(int(title.split()[1]), int(title.split()[3])) for title in titles]
    if sorted(tune for _, tune in named) != list(range(FILES)):
        return f"{len(set(named))} tunes in {len(named)} hits"
    rounds = Counter(number for number, _ in named)
    older, newer = min(rounds), max(rounds)
    first = {tune for number, tune in named if number == newer}
    if older == newer or (newer == older + 1 and first == set(range(BATCH))):
        return ""
    return f"{rounds[older]} tunes of round {older}, {rounds[newer]} of {newer}"


@dataclass
class Indexing:
    """Takes the library from round to round until it is told to stop."""

    home: Home
    folder: Path
    rounds: int = 0

    def __post_init__(self) -> None:
        """Begin."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.next()

    def next(self) -> None:
        """Index one round."""
        self.rounds += 1
        write_round(self.folder, self.rounds)
        with Client.connect(self.home) as client:
            list(client.index([str(self.folder)]))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
