"""Where a run starts: random weights, or towers out of checkpoints of several kinds.

A tower is found by the names its source gives it: those of CLaMP 3 and CLaMP 2 (``text_model.``,
``symbolic_model.``, …), of M3 (``encoder.``), or of XLM-RoBERTa as it is published (``roberta.`` or none).
What such a source has beside the encoder, a language model's head or M3's decoder, is not taken.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from clamp3_models.clamp3 import Clamp3
from clamp3_models.folder import WEIGHTS_FILE
from clamp3_models.quantization import unpack
from clamp3_models.training.paper.m3_decoder import PatchDecoder
from clamp3_models.training.paper.state import read_checkpoint
from clamp3_plugin.errors import MissingFileError, NoModelError

TOWERS = ("text", "symbolic", "audio")
_PREFIXES = {
    "text": ("text_model.", "roberta.", ""),
    "symbolic": ("symbolic_model.", "encoder."),
    "audio": ("audio_model.",),
}
M3_FILE = "m3.safetensors"
"""What a folder with our M3 holds."""
_FILES = (WEIGHTS_FILE, M3_FILE, "pytorch_model.bin")
_STD = 0.02
_SCALE = ".scale"


@torch.no_grad()
def initialize(model: nn.Module, seed: int) -> None:
    """Fill a model with random weights as BERT and GPT-2 begin: normal, of deviation 0.02."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
        elif parameter.dim() == 1:  # of a normalisation
            parameter.fill_(1.0)
        else:
            parameter.normal_(0.0, _STD, generator=generator)
    for module in model.modules():
        if isinstance(module, PatchDecoder):
            _shrink_residuals(module)


def _shrink_residuals(decoder: PatchDecoder) -> None:
    """Make what each layer adds smaller the more layers there are, as GPT-2 does."""
    blocks = decoder.base.transformer.h
    for name, parameter in blocks.named_parameters():
        if name.endswith("c_proj.weight"):
            parameter.mul_((2 * len(blocks)) ** -0.5)


def load_all(model: nn.Module, path: Path) -> None:
    """Start a model of any kind from all weights of a checkpoint of the same kind.

    Raises
    ------
    MissingFileError
        There is no such checkpoint.
    NoModelError
        It is damaged, or of other sizes or another kind.
    """
    _load(model, read_weights(path), path, "the model")


def load_tower(model: Clamp3, tower: str, path: Path) -> None:
    """Start one tower, and its projection if the checkpoint has one.

    Raises
    ------
    MissingFileError
        There is no such checkpoint.
    NoModelError
        It is damaged, has no such tower, or one of other sizes.
    """
    state = read_weights(path)
    wanted = getattr(model, f"{tower}_model").state_dict().keys()
    for prefix in _PREFIXES[tower]:
        found = {key: state[prefix + key] for key in wanted if prefix + key in state}
        if len(found) > len(wanted) // 2:
            module: nn.Module = getattr(model, f"{tower}_model")
            _load(module, _with_pooler(found, module), path, f"the {tower} tower")
            break
    else:
        raise NoModelError(
            f"{path} holds no {tower} tower.",
            f"Its names would begin with {' or '.join(map(repr, _PREFIXES[tower]))}.",
        )
    own = f"{tower}_proj."
    projection = {k.removeprefix(own): v for k, v in state.items() if k.startswith(own)}
    if projection:
        _load(getattr(model, f"{tower}_proj"), projection, path, f"the {tower} projection")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict out of a model folder, a ``.safetensors``, or a torch checkpoint.

    Raises
    ------
    MissingFileError
        It is not there.
    NoModelError
        It is damaged.
    """
    file = path
    if path.is_dir():
        file = next((path / name for name in _FILES if (path / name).is_file()), path / _FILES[0])
    if not file.is_file():
        raise MissingFileError(f"{file} is not there.", "Start from other weights, or from none.")
    if file.suffix == ".safetensors":
        return _read_safetensors(file)
    saved = read_checkpoint(file)
    state = saved.get("model", saved)
    return {key: value for key, value in state.items() if isinstance(value, Tensor)}


def _read_safetensors(file: Path) -> dict[str, Tensor]:
    try:
        with safe_open(file, "pt") as tensors:
            stored = {key: tensors.get_tensor(key) for key in sorted(tensors.keys())}
    except (OSError, SafetensorError) as error:
        raise NoModelError(f"{file} is damaged: {error}.") from error
    return {
        key: unpack(value, stored[key + _SCALE]) if key + _SCALE in stored else value.float()
        for key, value in stored.items()
        if not key.endswith(_SCALE)
    }


def _with_pooler(found: Mapping[str, Tensor], module: nn.Module) -> dict[str, Tensor]:
    """Complete a tower by what nothing uses and some sources leave out."""
    own = module.state_dict()
    idle = {key for key in own if key.startswith(("pooler.", "base.pooler."))}
    return {**{key: own[key] for key in idle}, **found}


def _load(module: nn.Module, state: Mapping[str, Tensor], path: Path, what: str) -> None:
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        # torch lists every key over many lines; the first that differs says enough
        detail = str(error).strip().splitlines()[-1].strip()[:200]
        raise NoModelError(f"{path} does not fit {what} of the recipe: {detail}") from error
