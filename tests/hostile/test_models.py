"""Models that somebody offers are imported, or refused in words; none runs, none takes the machine.

Negative control, 2026-11-30: with ``weights_only=False`` three checkpoints ran, and ``PWNED_model`` was there.
"""

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clamp3_models.checkpoint import import_model
from clamp3_models.store import ModelStore
from clamp3_models.unpickling import convert
from clamp3_plugin.config import Home
from clamp3_plugin.errors import Clamp3Error
from tests.hostile import models
from tests.hostile.case import Accepted, ModelCase, Refused


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Path]:
    """A folder to stand in, where a payload would leave its mark."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(Home.locate(str(tmp_path / "home")), shipped={})


def written(case: ModelCase, folder: Path) -> Path:
    folder.mkdir()
    for name, data in case.files.items():
        (folder / name).write_bytes(data)
    return folder


def reason_of(convert: Callable[[], object]) -> str:
    """Give the code of the error that it ends in; empty where there is none."""
    try:
        convert()
    except Clamp3Error as error:
        return "tells how to turn the guard off" if "weights_only" in str(error) else error.code
    return ""


def check(case: ModelCase, reason: str, stand: Path, store: ModelStore) -> None:
    expected = case.good.reasons if isinstance(case.good, Refused) else {""}
    assert reason in expected
    assert not list(stand.rglob("PWNED*"))
    assert bool(store.list()) == isinstance(case.good, Accepted)
    assert not list(store.home.models.glob("*.tmp"))


@pytest.mark.parametrize("case", models.folders(), ids=lambda case: case.name)
def test_a_folder_is_a_model_or_is_refused(case: ModelCase, stand: Path, store: ModelStore):
    source = written(case, stand / "source")

    reason = reason_of(lambda: import_model(source, store, "offered"))

    check(case, reason, stand, store)


@pytest.mark.parametrize("case", models.checkpoints(), ids=lambda case: case.name)
def test_a_checkpoint_does_not_run(case: ModelCase, stand: Path, store: ModelStore):
    """In this process, where a payload would leave its mark; users have it in one of its own."""
    source = written(case, stand / "source") / case.name
    target = stand / "target"
    target.mkdir()

    reason = reason_of(lambda: convert(source, target, "offered"))

    check(case, reason, stand, store)
    assert not list(target.iterdir())


def test_a_folder_must_be_what_its_sums_say(stand: Path, store: ModelStore):
    plain = next(case for case in models.folders() if case.name == "plain")
    first = import_model(written(plain, stand / "plain"), store, "first").path
    for case in models.with_sums({path.name: path.read_bytes() for path in first.iterdir()}):
        folder = stand / case.name
        folder.mkdir()
        own = ModelStore(Home.locate(str(folder / "home")), shipped={})
        source = written(case, folder / "source")

        reason = reason_of(functools.partial(import_model, source, own, "offered"))

        check(case, reason, folder, own)
