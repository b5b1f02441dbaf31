"""From the user's settings to an encoder that is ready: store, device and weights together."""

from pathlib import Path

import torch

from clamp3_models import weights
from clamp3_models.audio.front_end import load_front_end
from clamp3_models.device import choose_device, choose_dtype, set_threads
from clamp3_models.encoder import Clamp3Encoder, FrontEnd
from clamp3_models.front_ends import MINI_NOTES
from clamp3_models.parts import MERT, load_mert
from clamp3_models.store import ModelStore
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import NoModelError


def load_encoder(home: Home, config: Config) -> Clamp3Encoder:
    """Load the model that the user chose, where and how the settings say.

    Raises
    ------
    NoModelError
        There is no such model, or it is damaged.
    UsageError
        A device or precision that this machine has not.
    """
    set_threads(config.threads)
    device = choose_device(config.device)
    dtype = choose_dtype(config.precision, device)
    store = ModelStore(home)
    return _load(store.path(config.model), store, device, dtype)


def load_model(
    name_or_folder: str | Path = "mini", device: str = "auto", precision: str = "auto"
) -> Clamp3Encoder:
    """Load a CLaMP 3 model.

    Parameters
    ----------
    name_or_folder : str or Path
        Name of a model (``clamp3 models list``), or a model folder; a string is a folder where it
        has a separator, as in ``./mine``.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
    precision : str
        ``auto`` (float32), ``fp32``, ``bf16``, ``fp16`` or ``int8``.

    Returns
    -------
    Clamp3Encoder
        Its ``encode_text``, ``encode_score``, ``encode_performance`` and ``encode_audio`` take lists and
        give float32 ``(n, dim)``; ``audio_features`` makes of a recording what ``encode_audio`` takes.

    Raises
    ------
    NoModelError
        There is no such model, or it is damaged.
    UsageError
        A device or precision that this machine has not.

    References
    ----------
    Wu et al., "CLaMP 3: Universal Music Information Retrieval Across Unaligned Modalities and Unseen
    Languages", arXiv 2502.10362.
    """
    device = choose_device(device)
    dtype = choose_dtype(precision, device)
    store = ModelStore(Home.locate())
    if isinstance(name_or_folder, Path) or Path(name_or_folder).name != name_or_folder:
        folder = Path(name_or_folder)
    else:
        folder = store.path(name_or_folder)
    return _load(folder, store, device, dtype)


def _load(folder: Path, store: ModelStore, device: str, dtype: torch.dtype) -> Clamp3Encoder:
    def front_ends(name: str) -> FrontEnd:
        if name == MINI_NOTES:
            return load_front_end(folder)
        if name != MERT:
            raise NoModelError(
                f"Recordings of this model go through {name!r}, which this clamp3 does not know.",
                "Install a newer one.",
            )
        # convolutions in eight bits break the features: float32 beside towers in int8
        exact = torch.float32 if dtype is torch.int8 else dtype
        return load_mert(store, device=device, dtype=exact)

    encoder = weights.load_model(folder, device=device, dtype=dtype)
    encoder.hear_through(front_ends)
    return encoder
