"""Which models this user has: those that ship with the package and those in the models folder.

Nothing here imports torch except ``verify``, so a list of models is there at once.
"""

import json
import math
import os
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from clamp3_models.card import read_card
from clamp3_models.folder import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    check_sums,
    file_sha256,
    read_sums,
    write_sums,
)
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import NoModelError, UsageError

SHIPPED = {"mini": Path(__file__).with_name("mini")}
"""Models that come with the package, by name."""

PARTS = ("mert-v1-95m",)
"""Names of what models need beside their own weights and share; kept in the same place."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}(\.[a-z0-9_-]+)*")
_TEMPORARY = ".tmp"
_MODEL_LINE = re.compile(r"^[ \t]*model[ \t]*=.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What there is to say of one model without loading it."""

    name: str
    path: Path
    shipped: bool
    """Came with the package; cannot be removed."""
    licence: str = ""
    summary: str = ""
    source: str = ""
    size_bytes: int = 0
    sha256: str = ""
    """Of the weights file."""
    parameters: int = 0
    dim: int = 0
    audio: bool = False
    """Reads audio features beside text and notation."""
    audio_front_end: str = ""
    """What makes those features; empty where ``audio`` is false."""
    kind: str = "model"
    """``model``, or ``part``: what other models need, and what answers no question by itself."""
    problem: str = ""
    """Why the folder cannot be used; empty for a sound one."""


class ModelStore:
    """The models of one user, by name."""

    def __init__(self, home: Home, shipped: Mapping[str, Path] = SHIPPED) -> None:
        self._home = home
        self._shipped = dict(shipped)

    @property
    def home(self) -> Home:
        """Folders of the user."""
        return self._home

    @property
    def shipped(self) -> dict[str, Path]:
        """Folders of the models that come with the package, where they are there."""
        return {name: path for name, path in self._shipped.items() if _is_model(path)}

    def list(self) -> tuple[ModelInfo, ...]:
        """Describe every model, the shipped ones first; a damaged one says so in ``problem``."""
        mine = [
            path
            for path in sorted(self._home.models.glob("*"))
            if _is_name(path.name) and path.is_dir() and path.name not in self._shipped
        ]
        return (
            *(_describe(name, path, shipped=True) for name, path in self.shipped.items()),
            *(_describe(path.name, path, shipped=False) for path in mine),
        )

    def show(self, name: str) -> ModelInfo:
        """Describe one model.

        Raises
        ------
        NoModelError
            There is none of that name.
        """
        return _describe(name, self.path(name), shipped=name in self.shipped)

    def path(self, name: str) -> Path:
        """Folder of a model.

        Raises
        ------
        NoModelError
            There is none of that name.
        """
        if name in self.shipped:
            return self.shipped[name]
        folder = self.folder(name)
        if not _is_model(folder):
            names = ", ".join(info.name for info in self.list()) or "none"
            wanted = name if name in PARTS else "saas (or c2)"
            raise NoModelError(
                f"There is no model {name!r}; there is: {names}.",
                f"Get one with: clamp3 models pull {wanted}, or clamp3 models import FILE.",
            )
        return folder

    def folder(self, name: str) -> Path:
        """Folder where a model of that name is or would be kept.

        Raises
        ------
        UsageError
            The name could not be a folder of the store.
        """
        if not _is_name(name):
            raise UsageError(
                f"{name!r} cannot be the name of a model.",
                "Use small letters, digits, '-', '_' and '.', beginning with a letter or digit.",
            )
        return self._home.models / name

    def free_folder(self, name: str) -> Path:
        """Folder for a model that is still to come.

        Raises
        ------
        UsageError
            The name is taken.
        """
        folder = self.folder(name)
        if name in self._shipped or folder.exists():
            raise UsageError(
                f"There already is a model {name!r}.",
                f"Choose another name, or first: clamp3 models remove {name}.",
            )
        return folder

    def use(self, name: str) -> None:
        """Make a model the user's choice: set ``model`` in ``config.toml``, keep every other line.

        Raises
        ------
        NoModelError
            There is none of that name.
        UsageError
            It is a part of other models, or ``config.toml`` cannot be read.
        """
        self.path(name)
        if name in PARTS:
            raise UsageError(f"{name!r} is a part that other models need, and no model by itself.")
        Config.load(self._home)
        path = self._home.config / "config.toml"
        text = path.read_text("utf-8") if path.exists() else ""
        changed = _with_model(text, name)
        if changed is None:
            raise UsageError(
                f"{path} is too intricate to change.", f'Write into it yourself: model = "{name}"'
            )
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(changed, "utf-8")
        temporary.replace(path)

    def verify(self, name: str) -> ModelInfo:
        """Read a model completely: sums of all files, sizes of all tensors, all numbers finite.

        Raises
        ------
        NoModelError
            It is absent or damaged; the text names the file.
        """
        from clamp3_models import weights  # noqa: PLC0415 - torch, which a list can do without

        folder = self.path(name)
        check_sums(folder)
        if name in PARTS:
            from clamp3_models.mert.files import read_mert  # noqa: PLC0415 - as above

            read_mert(folder)
        else:
            weights.check_folder(folder)
        return self.show(name)

    def remove(self, name: str) -> None:
        """Delete a model from the models folder.

        Raises
        ------
        NoModelError
            There is none of that name.
        UsageError
            It came with the package, or it is the one in use.
        """
        if name in self._shipped:
            raise UsageError(f"The model {name!r} comes with clamp3 and stays.")
        folder = self.folder(name)
        if not folder.exists():
            self.path(name)
        if Config.load(self._home).model == name:
            raise UsageError(
                f"The model {name!r} is the one in use.",
                "First: clamp3 models use NAME of another.",
            )
        if folder.is_symlink():
            folder.unlink()  # what it points to is not the store's
            return
        # renamed first, so that a removal cut short leaves no half a model under its name
        doomed = folder.with_name(name + _TEMPORARY)
        shutil.rmtree(doomed, ignore_errors=True)
        folder.rename(doomed)
        shutil.rmtree(doomed)

    @contextmanager
    def new_folder(self, name: str) -> Iterator[Path]:
        """Give a folder to put a model together in; once that is done it gets its sums and its name.

        Raises
        ------
        UsageError
            The name is taken or cannot be one.
        NoModelError
            The folder cannot be written.
        """
        final = self.free_folder(name)
        folder = final.with_name(name + _TEMPORARY)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(parents=True, mode=0o700)
            yield folder
            write_sums(folder)
            folder.replace(final)
        except OSError as error:
            raise NoModelError(
                f"The model {name!r} could not be written: {error.strerror}."
            ) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _with_model(text: str, name: str) -> str | None:
    """Set ``model`` in the text of a TOML file; None where that would change anything else."""
    line = f'model = "{name}"'
    changed, count = _MODEL_LINE.subn(line, text, count=1)
    if not count:
        changed = f"{line}\n{text}"
    try:
        same = tomllib.loads(changed) == {**tomllib.loads(text), "model": name}
    except tomllib.TOMLDecodeError:
        same = False
    return changed if same else None


def _is_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and not name.endswith(_TEMPORARY)


def _is_model(path: Path) -> bool:
    return (path / CONFIG_FILE).is_file() or (path / WEIGHTS_FILE).is_file()


def _describe(name: str, path: Path, *, shipped: bool) -> ModelInfo:
    card = read_card(path)
    about = ModelInfo(name, path, shipped, card.licence, card.summary, card.source)
    try:
        table = json.loads((path / CONFIG_FILE).read_text("utf-8"))
        return _with_sizes(about, table)
    except NoModelError as error:
        problem = str(error)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, SafetensorError) as error:
        problem = f"{path} is damaged: {error}"
    return replace(about, problem=problem)


def _with_sizes(about: ModelInfo, table: dict[str, Any]) -> ModelInfo:
    weights = about.path / WEIGHTS_FILE
    measured = replace(
        about,
        size_bytes=sum(file.stat().st_size for file in os.scandir(about.path) if file.is_file()),
        sha256=read_sums(about.path).get(WEIGHTS_FILE) or file_sha256(weights),
        parameters=_count_parameters(weights),
    )
    if about.name in PARTS:
        return replace(measured, kind="part", dim=int(table["hidden_size"]))
    audio = table["audio"] is not None
    front_end = str(table["audio_front_end"]) if audio else ""
    return replace(measured, dim=int(table["dim"]), audio=audio, audio_front_end=front_end)


def _count_parameters(path: Path) -> int:
    """Count the numbers in a weights file from its header; of four-bit matrices two lie in a byte."""
    with safe_open(path, "np") as file:
        keys = set(file.keys())
        sizes = {key: math.prod(file.get_slice(key).get_shape()) for key in keys}
    return sum(
        size * 2 if key + ".scale" in keys else size
        for key, size in sizes.items()
        if not key.endswith(".scale")
    )
