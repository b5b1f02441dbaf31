"""The manifest: every case of every kind, and how the files are laid out on a disk."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.hostile import abc, audio, midi, musicxml, names, traps, zipped
from tests.hostile.abc import tune
from tests.hostile.case import CANARY, ODD, OUTSIDE, FileCase, Outcome, TrapCase

GOOD_TITLE = "The good one"
GOOD_TUNE = f"X:1\nT:{GOOD_TITLE}\nM:3/4\nL:1/8\nK:Eb\n=a,=b,_d'f z2|=C,4 ^e'2|_A,6|B,,6|\n"
"""Like no other of the corpus; asked with it, the program finds it first."""


SHARE = 1 if os.environ.get("CLAMP3_HOSTILE") == "all" else 4
"""Of the files one in so many is tried, always the same; all are with ``CLAMP3_HOSTILE=all``."""


def files(share: int = 1) -> list[FileCase]:
    """Give the cases that are files, or one in ``share`` of each kind."""
    kinds = (musicxml, zipped, abc, midi, audio, names)
    return [case for kind in kinds for case in kind.cases()[::share]]


@dataclass(frozen=True, slots=True)
class Corpus:
    """The corpus on a disk."""

    root: Path
    expected: dict[Path, Outcome]
    """What a good program does with each path; nothing is said of those that are not here."""
    cases: dict[Path, FileCase | TrapCase]
    """Which case a path belongs to."""
    impossible: list[str]
    """Cases that this machine cannot hold."""


def lay_out(folder: Path) -> Corpus:
    """Write all files and traps below a folder, and beside them what nobody may read."""
    root = folder / "corpus"
    root.mkdir()
    outside = folder / OUTSIDE
    outside.mkdir()
    (outside / "secret.abc").write_text(tune(3, title=CANARY))
    corpus = Corpus(root, {}, {}, [])
    (root / "good.abc").write_text(GOOD_TUNE)
    corpus.expected[root / "good.abc"] = ODD
    for case in files(SHARE):
        _write(corpus, case)
    for trap in traps.cases():
        _build(corpus, trap)
    return corpus


def _write(corpus: Corpus, case: FileCase) -> None:
    path = Path(os.fsdecode(os.fsencode(corpus.root) + b"/" + case.path))
    path.parent.mkdir(exist_ok=True)
    try:
        path.write_bytes(case.content)
    except OSError:  # some systems hold no such names
        corpus.impossible.append(case.name)
        return
    corpus.expected[path] = case.good
    corpus.cases[path] = case


def _build(corpus: Corpus, trap: TrapCase) -> None:
    folder = corpus.root / trap.kind / trap.name
    folder.mkdir(parents=True)
    try:
        trap.build(folder)
    except OSError:  # e.g. devices are for root to make
        shutil.rmtree(folder)
        corpus.impossible.append(trap.name)
        return
    for name, outcome in trap.paths.items():
        corpus.expected[folder / name] = outcome
        corpus.cases[folder / name] = trap
