"""A model folder on disk: ``config.json``, ``model.safetensors``, tokenizer; written and loaded.

``model.safetensors`` holds the state dict under the official keys, in float32, float16 or bfloat16.
A matrix may be kept in four bits instead: its nibbles under its own key and the scales under
``<key>.scale`` (see ``quantization``); loading restores float32.
"""

import json
import mmap
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from clamp3_models.blank import blank
from clamp3_models.clamp3 import Clamp3, Clamp3Config
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.folder import CONFIG_FILE, WEIGHTS_FILE, file_sha256, read_sums
from clamp3_models.half_linear import can_halve, halve
from clamp3_models.quantization import BLOCK, PackedEmbedding, pack, unpack
from clamp3_models.tokenizer import load_tokenizer
from clamp3_plugin.errors import NoModelError

_SCALE = ".scale"
_WORDS = "text_model.embeddings.word_embeddings.weight"
"""By far the largest matrix; where it is stored in four bits it stays so in memory."""

_TEXT_LAYERS = "text_model.encoder."
_SMALL = {torch.float16, torch.uint8}
"""How a file keeps weights that lose nothing in float16: halves, and nibbles with their scales."""


def load_model(
    folder: Path | str, *, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Clamp3Encoder:
    """Load the encoder of a model folder.

    Raises
    ------
    NoModelError
        A file is missing or damaged, or the weights do not fit the configuration.
    """
    folder = Path(folder)
    model, was_small = _load_weights(folder)
    exact = dtype in {torch.float32, torch.int8}  # eight bits are not for texts
    if was_small and device == "cpu" and exact and can_halve():
        halve(model.text_model.encoder)
    return Clamp3Encoder(
        model,
        load_tokenizer(folder),
        weights_sha256=weights_sha256(folder),
        device=device,
        dtype=dtype,
        folder=folder,
    )


def check_folder(folder: Path) -> None:
    """Read a model folder completely and refuse it as ``load_model`` would."""
    _load_weights(folder)
    load_tokenizer(folder)


def _load_weights(folder: Path) -> tuple[Clamp3, bool]:
    """Load a model, and tell whether the layers of its text tower were stored in 16 bits or fewer."""
    config = read_config(folder)
    with blank():
        model = Clamp3(config)
    path = folder / WEIGHTS_FILE
    stored = _read_tensors(path)
    words, scales = stored.pop(_WORDS, None), stored.pop(_WORDS + _SCALE, None)
    if words is not None and scales is not None:
        packed = PackedEmbedding(words, scales.float())
        _check_packed(packed, model, path)
        _read_through(words)
        model.text_model.embeddings.use_packed_words(packed)
    elif words is not None:
        stored[_WORDS] = words
    was_small = all(
        tensor.dtype in _SMALL for key, tensor in stored.items() if key.startswith(_TEXT_LAYERS)
    )
    state = _restored(stored)
    check_state_dict(state, model, path)
    model.load_state_dict(state, assign=True)
    return model, was_small


def _check_packed(packed: PackedEmbedding, model: Clamp3, path: Path) -> None:
    rows, columns = model.config.text.vocab_size, model.config.text.hidden_size
    stored = tuple(packed.nibbles.shape), tuple(packed.scales.shape)
    if stored != ((rows, columns // 2), (rows, columns // BLOCK)):
        raise NoModelError(f"{path} does not fit the sizes of the model: {_WORDS} is {stored}.")
    if not torch.isfinite(packed.scales).all():
        raise NoModelError(f"{path} is damaged: {_WORDS} holds numbers that are not finite.")


def _read_through(tensor: Tensor) -> None:
    """Have the pages of a file all at once, in a few milliseconds, and not for days one by one as words come."""
    tensor.view(torch.uint8).flatten()[:: mmap.PAGESIZE].sum()


def read_config(folder: Path) -> Clamp3Config:
    """Read ``config.json`` of a model folder."""
    path = folder / CONFIG_FILE
    try:
        return Clamp3Config.from_json(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise NoModelError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NoModelError(f"{path} is no configuration of a CLaMP 3 model: {error}.") from error


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read a state dict, float32, four-bit matrices restored."""
    return _restored(_read_tensors(path))


def _read_tensors(path: Path) -> dict[str, Tensor]:
    """Read tensors as they are stored."""
    try:
        with safe_open(path, "pt") as file:
            return {key: file.get_tensor(key) for key in sorted(file.keys())}
    except OSError as error:
        raise NoModelError(f"{path} cannot be read: {error}.") from error
    except SafetensorError as error:
        raise NoModelError(
            f"{path} is damaged: {error}.", "Import or pull the model again."
        ) from error


def _restored(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Bring every matrix to float32."""
    return {
        key: unpack(tensor, stored[key + _SCALE]) if key + _SCALE in stored else tensor.float()
        for key, tensor in stored.items()
        if not key.endswith(_SCALE)
    }


def check_state_dict(state: Mapping[str, Tensor], model: nn.Module, path: Path) -> None:
    """Refuse a state dict whose keys, shapes or numbers are not the model's."""
    wanted = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    given = {key: tuple(tensor.shape) for key, tensor in state.items()}
    for key in sorted(wanted.keys() | given.keys()):
        if wanted.get(key) != given.get(key):
            raise NoModelError(
                f"{path} does not fit the sizes of the model: {key} is {given.get(key, 'missing')}"
                f" and should be {wanted.get(key, 'absent')}."
            )
    for key, tensor in state.items():
        if not torch.isfinite(tensor).all():
            raise NoModelError(f"{path} is damaged: {key} holds numbers that are not finite.")


def write_model(
    folder: Path,
    config: Clamp3Config,
    state: Mapping[str, Tensor],
    *,
    four_bit: Iterable[str] = (),
    half: bool = False,
) -> None:
    """Write configuration and weights into a folder, which must exist.

    Parameters
    ----------
    folder : Path
        Where to write; the tokenizer and the model card are the caller's business.
    config : Clamp3Config
        Sizes of the model.
    state : mapping of str to Tensor
        State dict under the official keys.
    four_bit : iterable of str
        Keys of matrices to keep in four bits.
    half : bool
        Keep all other tensors in float16.
    """
    packed: dict[str, Tensor] = {}
    quantized = set(four_bit)
    for key, tensor in state.items():
        if key in quantized:
            packed[key], packed[key + _SCALE] = pack(tensor)
        else:
            packed[key] = tensor.to(torch.float16 if half else torch.float32).contiguous()
    save_file(packed, folder / WEIGHTS_FILE, metadata={"format": "pt"})
    text = json.dumps(config.to_json(), indent=2) + "\n"
    (folder / CONFIG_FILE).write_text(text, "utf-8")


def weights_sha256(folder: Path) -> str:
    """SHA-256 of the weights file, from ``SHA256SUMS`` where that lists it, else computed."""
    return read_sums(folder).get(WEIGHTS_FILE) or file_sha256(folder / WEIGHTS_FILE)
