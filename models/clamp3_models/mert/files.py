"""The folder that MERT lies in: ``config.json`` under the hub's names and ``model.safetensors``.

What the hub has is a pickle; it is read once, in a process of its own (see ``unpickling``), and kept as
safetensors. The state dict keeps the names of the checkpoint.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from clamp3_models.blank import blank
from clamp3_models.folder import CONFIG_FILE, WEIGHTS_FILE
from clamp3_models.mert.network import Mert, MertConfig
from clamp3_models.pickles import read_elsewhere
from clamp3_models.weights import check_state_dict, read_state_dict
from clamp3_plugin.errors import NoModelError

PICKLE_FILE = "pytorch_model.bin"

_CONVOLUTION = "encoder.pos_conv_embed.conv."
_OLD_NAMES = {
    f"{_CONVOLUTION}parametrizations.weight.original0": f"{_CONVOLUTION}weight_g",
    f"{_CONVOLUTION}parametrizations.weight.original1": f"{_CONVOLUTION}weight_v",
}
"""Newer programs save the normalised convolution under torch's new names; the numbers are the same."""


def read_mert(folder: Path) -> Mert:
    """Load the network of a folder.

    Raises
    ------
    NoModelError
        A file is missing or damaged, or the weights do not fit the configuration.
    """
    with blank():
        model = Mert(read_config(folder))
    path = folder / WEIGHTS_FILE
    state = with_old_names(read_state_dict(path))
    check_state_dict(state, model, path)
    model.load_state_dict(state, assign=True)
    return model


def read_config(folder: Path) -> MertConfig:
    """Read ``config.json`` of a folder: the hub's, or one that ``write_mert`` wrote."""
    path = folder / CONFIG_FILE
    try:
        return MertConfig.from_json(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise NoModelError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoModelError(f"{path} is no configuration of MERT that is known: {error}.") from error


def convert_mert(source: Path, folder: Path, *, timeout_s: float) -> None:
    """Write configuration and weights into a folder, from what the hub has.

    Parameters
    ----------
    source : Path
        ``pytorch_model.bin`` or a ``.safetensors`` of MERT-v1-95M; or a folder with one of them
        (``model.safetensors`` comes first) and ``config.json``.
    folder : Path
        Where to, which must exist.
    timeout_s : float
        Seconds that reading a pickle may take.

    Raises
    ------
    NoModelError
        The source is damaged, hostile or not MERT.
    """
    config = read_config(source) if source.is_dir() else MertConfig()
    weights = _weights_in(source) if source.is_dir() else source
    (folder / CONFIG_FILE).write_text(json.dumps(config.to_json(), indent=2) + "\n", "utf-8")
    if weights.suffix == ".safetensors":
        shutil.copyfile(weights, folder / WEIGHTS_FILE)
        read_mert(folder)
    else:
        read_elsewhere("clamp3_models.mert.unpickling", weights, str(folder), timeout_s=timeout_s)


def _weights_in(folder: Path) -> Path:
    for name in (WEIGHTS_FILE, PICKLE_FILE):
        if (folder / name).is_file():
            return folder / name
    raise NoModelError(f"{folder} holds neither {WEIGHTS_FILE} nor {PICKLE_FILE}.")


def write_weights(folder: Path, state: Mapping[str, Tensor], source: Path) -> None:
    """Write the state dict that ``source`` holds beside its ``config.json``, if it fits that."""
    state = with_old_names(state)
    with blank():
        model = Mert(read_config(folder))
    check_state_dict(state, model, source)
    kept = {key: tensor.to(torch.float32).contiguous() for key, tensor in state.items()}
    save_file(kept, folder / WEIGHTS_FILE, metadata={"format": "pt"})


def with_old_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give the weight-normalised convolution the names that the checkpoint of the hub has."""
    return {_OLD_NAMES.get(key, key): tensor for key, tensor in state.items()}
