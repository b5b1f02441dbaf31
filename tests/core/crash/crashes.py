"""Kill a process that writes to a library, and take the power from its disk; count what is lost."""

import itertools
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lancedb
import pyarrow as pa

from clamp3_plugin.library import arrow
from clamp3_plugin.library.library import Library
from clamp3_plugin.library.tables import table_stem
from tests.core.crash.model import DIM, SPACE, State, Step, entry, state_of, steps, take
from tests.core.crash.synced import begin, noted, safe

LIFE = (sys.executable, "-P", str(Path(__file__).with_name("life.py")))


@dataclass(frozen=True)
class Death:
    """How a process ended, and what it left."""

    acknowledged: State
    """After the last step that it told of."""
    in_flight: State
    """After the step that it was at."""
    step: str
    opened_s: float
    """How long it took to open the library; 0 where it was killed meanwhile."""


def live_and_die(folder: Path, seed: int, before: State, after_s: float) -> Death:
    """Let a process write for a while after it is ready, and kill it; 0 kills it while it opens."""
    state, journal = folder.with_name("state.json"), folder.with_name("journal")
    state.write_text(json.dumps(before))
    begin(folder, journal)
    command = [*LIFE, str(folder), str(seed), str(state), str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        begun = time.monotonic()
        if after_s > 0:
            assert process.stdout.readline() == "ready\n"
            opened_s = time.monotonic() - begun
            time.sleep(after_s)
        else:
            opened_s = 0.0
            time.sleep(-after_s)
        process.kill()
        told = [line for line in process.stdout.read().splitlines() if line.isdecimal()]
    done = list(itertools.islice(steps(seed, before), len(told) + 1))
    last = done[-2].after if told else before
    return Death(last, done[-1].after, done[-1].kind, opened_s)


def opened(folder: Path) -> tuple[State, float]:
    """Open a library as the next process does; check it, and give what it holds and the seconds."""
    begun = time.monotonic()
    with Library.open(folder, SPACE, DIM) as library:
        took_s = time.monotonic() - begun
        assert library.check().problems == ()
        assert library.notice == ""
        return state_of(library), took_s


def make_old(folder: Path) -> State:
    """A library as the first version made it: without the later columns, and without a journal."""
    state = {f"/old/{i}.xml": i for i in range(5)}
    entries = [entry(path, seed) for path, seed in state.items()]
    database, stem, about = lancedb.connect(folder), table_stem(SPACE), {"space": SPACE}
    later = {field.name for field in (*arrow.LATER_PASSAGES, *arrow.LATER_FILES)}
    tables = {
        "passages": arrow.passages_table(entries, DIM),
        "files": arrow.files_table([each.record for each in entries]),
    }
    for name, table in tables.items():
        older = table.drop_columns([column for column in table.column_names if column in later])
        schema: pa.Schema = older.schema.with_metadata(about)
        database.create_table(f"{stem}.{name}", schema=schema).add(older)
    return state


def cut_power(folder: Path, seed: int) -> list[str]:
    """Leave of a library what a power cut might; gives what was lost of it.

    A file whose content was not handed to the disk is whole, empty, cut or gone; one whose folder was
    not handed over after it is whole or gone; a commit whose folder was not is the one before or after.
    """
    chance = random.Random(seed)  # noqa: S311 - a model of chance
    journal = folder.with_name("journal")
    contents, names, in_doubt = safe(journal)
    lost = []
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        name = str(path.relative_to(folder))
        before = journal.with_suffix(".commit")
        if name.endswith(".commit.json"):
            if in_doubt and before.exists() and chance.random() < 0.5:
                shutil.copyfile(before, path)
                lost.append(f"back {name}")
        elif name not in names:
            lost += _spoil(path, chance, content_is_safe=name in contents)
    return lost


def _spoil(path: Path, chance: random.Random, *, content_is_safe: bool) -> list[str]:
    fate = chance.choice(
        ["whole", "gone"] if content_is_safe else ["whole", "empty", "cut", "gone"]
    )
    if fate == "gone":
        path.unlink()
    elif fate == "empty":
        path.write_bytes(b"")
    elif fate == "cut":
        data = path.read_bytes()
        path.write_bytes(data[: chance.randrange(len(data) + 1)])
    return [] if fate == "whole" else [f"{fate} {path.name}"]


@dataclass(frozen=True)
class Cut:
    """A copy of a library, taken at a moment and robbed of what was not on the disk."""

    folder: Path
    acknowledged: State
    in_flight: State
    step: str
    lost: tuple[str, ...]


def cuts(folder: Path, seed: int, before: State, length: int, share: float) -> Iterator[Cut]:
    """Live for some steps; cut the power at a share of the moments around each wait for the disk."""
    chance = random.Random(seed)  # noqa: S311 - a model of chance
    journal, moments = folder.with_name("journal"), folder.with_name("moments")
    begin(folder, journal)
    taken: list[Cut] = []
    state, step = before, Step("open", (), 0, before)

    def snapshot() -> None:
        if chance.random() < share:
            place = moments / str(len(taken))
            shutil.copytree(folder, place / folder.name)
            for file in (journal, journal.with_suffix(".commit")):
                if file.exists():
                    shutil.copyfile(file, place / file.name)
            lost = cut_power(place / folder.name, seed + len(taken))
            taken.append(Cut(place / folder.name, state, step.after, step.kind, tuple(lost)))

    with noted(folder, journal, snapshot), Library.open(folder, SPACE, DIM) as library:
        for step in itertools.islice(steps(seed, before), length):
            take(library, step)
            state = step.after
            yield from taken
            taken.clear()
            shutil.rmtree(moments, ignore_errors=True)
