"""A run on disk: weights, Adam's moments, and how far it has come, written whole or not at all.

Besides what is needed to go on, a checkpoint has the entries of the reference's (``model``,
``optimizer``, ``epoch``, ``best_epoch``, ``min_eval_loss``, ``modality``) under the same names. There is
no state of a random generator in it, since none is needed (see ``order``).
"""

import math
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from clamp3_plugin.errors import BrokenFileError, UsageError

CHECKPOINT, BEST = "checkpoint.pt", "best.pt"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run has come."""

    step: int = 0
    """Steps done."""
    epoch: int = 0
    """Epochs done."""
    best_epoch: int = 0
    min_eval_loss: float = math.inf


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one stage's run."""

    path: Path
    modality: str
    """``symbolic``, ``audio`` or ``m3``."""
    settings: Mapping[str, str | int | float | bool]
    """Whatever decides what the run ends with; a run of other settings is not gone on with."""

    def save(self, model: nn.Module, optimizer: torch.optim.Optimizer, standing: Standing) -> None:
        """Write what the run goes on from."""
        _write(
            self.path / CHECKPOINT,
            {**self._entries(model, standing), "optimizer": optimizer.state_dict()},
        )

    def save_best(self, model: nn.Module, standing: Standing) -> None:
        """Write the weights with the lowest loss of evaluation."""
        _write(self.path / BEST, self._entries(model, standing))

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> Standing:
        """Go on from the checkpoint, if there is one.

        Raises
        ------
        UsageError
            It belongs to a run with other settings.
        BrokenFileError
            It is damaged.
        """
        path = self.path / CHECKPOINT
        if not path.exists():
            return Standing()
        saved = read_checkpoint(path, mapped=False)
        self._check(path, saved)
        try:
            model.load_state_dict(saved["model"])
            optimizer.load_state_dict(saved["optimizer"])
            return Standing(*(saved[name] for name in Standing.__slots__))
        except (KeyError, RuntimeError, ValueError) as error:
            raise BrokenFileError(
                f"{path} does not fit this run: {error}.", "Use another work folder."
            ) from error

    def _entries(self, model: nn.Module, standing: Standing) -> dict[str, Any]:
        about = {name: getattr(standing, name) for name in Standing.__slots__}
        state = {"model": model.state_dict(), "modality": self.modality}
        return {**state, **about, "settings": dict(self.settings)}

    def _check(self, path: Path, saved: Mapping[str, Any]) -> None:
        made = {**saved.get("settings", {}), "modality": saved.get("modality")}
        wanted = {**self.settings, "modality": self.modality}
        for name in sorted(made.keys() | wanted.keys()):
            if made.get(name) != wanted.get(name):
                raise UsageError(
                    f"{path} belongs to a run with {name} = {made.get(name)!r}, not"
                    f" {wanted.get(name)!r}.",
                    "Use another work folder, or the recipe that it was begun with.",
                )


def best_weights(folder: Path) -> dict[str, Tensor]:
    """Read the weights of a stage with the lowest loss of evaluation."""
    model: dict[str, Tensor] = read_checkpoint(folder / BEST)["model"]
    return model


def epochs_done(folder: Path) -> int:
    """Tell how many epochs of a stage are done."""
    path = folder / CHECKPOINT
    return int(read_checkpoint(path)["epoch"]) if path.exists() else 0


def read_checkpoint(path: Path, *, mapped: bool = True) -> dict[str, Any]:
    """Read a torch checkpoint that holds tensors and plain values only.

    Raises
    ------
    BrokenFileError
        It is no such file, or it is damaged.
    """
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
        # torch's own text explains how to turn its guard against code off; nobody should
        raise BrokenFileError(
            f"{path} cannot be read as a checkpoint: it is damaged, or holds more than tensors.",
            "Delete it to begin anew.",
        ) from error
    if not isinstance(saved, dict):
        raise BrokenFileError(f"{path} is no checkpoint.")
    return saved


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Write beside the place and rename, so that a kill leaves the file of before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    with unfinished.open("wb") as file:
        torch.save(dict(content), file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
