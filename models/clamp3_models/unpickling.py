"""Read a torch checkpoint and write it as safetensors; run as a process of its own, by ``checkpoint``.

A checkpoint is a pickle, and a pickle is a program. ``weights_only=True`` lets torch refuse all of it
but tensors, yet that guard has been broken before (CVE-2025-32434, CVE-2026-24747), and a hostile file
may also eat all memory. So this happens once, here, where a failure takes nothing else along; what is
used afterwards holds numbers only.

The answer is one JSON object on standard output, empty or ``{"message": …, "hint": …}``.
"""

import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from clamp3_models.blank import blank
from clamp3_models.clamp3 import Clamp3
from clamp3_models.sizes import config_from_name, config_from_shapes
from clamp3_models.weights import check_state_dict, write_model
from clamp3_plugin.errors import NoModelError


def convert(source: Path, target: Path, name: str) -> None:
    """Write configuration and weights of a ``.pth`` into a folder.

    Raises
    ------
    NoModelError
        The file holds anything but a CLaMP 3 state dict; the text names what.
    """
    checkpoint = read_checkpoint(source)
    state = checkpoint.get("model") if isinstance(checkpoint, dict) else None
    if not isinstance(state, dict) or not state:
        raise NoModelError(f"{source} is no CLaMP 3 checkpoint: it has no entry 'model'.")
    state = checked_tensors(state, source, "CLaMP 3")
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}
    config = config_from_name(source.name, name) or config_from_shapes(shapes, name, source)
    with blank():
        model = Clamp3(config)
    check_state_dict(state, model, source)
    write_model(target, config, state)


def read_checkpoint(source: Path) -> object:
    """Read what a checkpoint holds: tensors, numbers, texts and lists and dicts of them.

    Raises
    ------
    NoModelError
        It holds Python objects besides, or is damaged.
    """
    try:
        # mmap: the optimizer's state, a third of the official file, is never read
        checkpoint: object = torch.load(source, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        # torch's own text explains how to turn the guard off; nobody should
        raise NoModelError(
            f"{source} was refused: it holds Python objects besides tensors, which could run code.",
            "Take the checkpoint from its authors' page.",
        ) from error
    except (RuntimeError, EOFError) as error:
        raise NoModelError(
            f"{source} cannot be read as a torch checkpoint: it is truncated or damaged.",
            "Download it again.",
        ) from error
    return checkpoint


def checked_tensors(state: object, source: Path, kind: str) -> dict[str, Tensor]:
    """Take a state dict for what it is, if it holds plain arrays of floats and nothing else.

    Raises
    ------
    NoModelError
        It is another thing; ``kind`` says in the text of what it is no checkpoint.
    """
    if not isinstance(state, dict) or not state:
        raise NoModelError(f"{source} is no {kind} checkpoint: it holds no state dict.")
    for key, tensor in state.items():
        if not (isinstance(key, str) and isinstance(tensor, Tensor) and _is_plain(tensor)):
            raise NoModelError(f"{source} is no {kind} checkpoint: {key} is no array of floats.")
    return state


def _is_plain(tensor: Tensor) -> bool:
    is_here = tensor.layout is torch.strided and tensor.device.type == "cpu"
    return is_here and tensor.is_floating_point()


def answer(work: Callable[[], None]) -> None:
    """Do the work of such a process, and say on standard output what was wrong with the file."""
    told: dict[str, str] = {}
    try:
        work()
    except NoModelError as error:
        told = {"message": error.message, "hint": error.hint}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    _source, _target, _name = sys.argv[1:]
    answer(lambda: convert(Path(_source), Path(_target), _name))
