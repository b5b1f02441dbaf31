"""Take a model into the store: an official checkpoint, a folder of the reference, or one of ours.

Whatever the source, what arrives is a model folder with checked sizes, finite numbers, a model card and
``SHA256SUMS``; it is put together beside its place and renamed, so that half a model never shows.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from clamp3_models.blank import blank
from clamp3_models.card import OFFICIAL_PROSE, Card, write_card
from clamp3_models.clamp3 import Clamp3, Clamp3Config
from clamp3_models.folder import (
    CARD_FILE,
    CONFIG_FILE,
    FRONT_END_FILE,
    LICENCE_FILES,
    SUMS_FILE,
    TOKENIZER_FILES,
    WEIGHTS_FILE,
    check_sums,
    file_sha256,
)
from clamp3_models.pickles import TIMEOUT_S, read_elsewhere
from clamp3_models.sizes import config_from_overrides
from clamp3_models.store import ModelInfo, ModelStore
from clamp3_models.tokenizer import load_tokenizer
from clamp3_models.weights import check_folder, check_state_dict, read_config, write_model
from clamp3_plugin.errors import MissingFileError, NoModelError
from clamp3_plugin.tags import CALIBRATION_FILE

_UNPICKLING = "clamp3_models.unpickling"
_OFFICIAL_VOCABULARY = 250_002
_HELLO = ("Hello world", [0, 35378, 8999, 2])  # XLM-RoBERTa's ids, from its published tests


def import_model(
    source: Path,
    store: ModelStore,
    name: str,
    *,
    tokenizer: Path | None = None,
    card: Card | None = None,
    timeout_s: float = TIMEOUT_S,
) -> ModelInfo:
    """Take a model into the store.

    Parameters
    ----------
    source : Path
        An official ``.pth``; a folder with ``config_overrides`` and ``text_config`` in its
        ``config.json`` and one ``.safetensors``; or a model folder as this store keeps them.
    store : ModelStore
        Where to.
    name : str
        What to call it there.
    tokenizer : Path, optional
        ``sentencepiece.bpe.model`` or ``tokenizer.json``; else the source's own, else that of a model
        that comes with the package.
    card : Card, optional
        What the model card shall say; else what the file name tells.
    timeout_s : float
        Seconds that reading a ``.pth`` may take.

    Returns
    -------
    ModelInfo
        The model as it now is in the store.

    Raises
    ------
    NoModelError
        The source is damaged, hostile or no CLaMP 3 model; the text names the file and what is wrong.
    MissingFileError
        There is no such file.
    UsageError
        The name is taken or cannot be one.
    """
    source = source.absolute()
    if not source.exists():
        raise MissingFileError(f"{source} does not exist.")
    with store.new_folder(name) as folder:
        if source.is_file():
            _add_tokenizer(folder, tokenizer, store.shipped.values())
            read_elsewhere(_UNPICKLING, source, str(folder), name, timeout_s=timeout_s)
            _add_card(folder, name, card or _card_of_checkpoint(source))
        else:
            _from_folder(source, folder, name, tokenizer)
            if card or not (folder / CARD_FILE).exists():
                _add_card(folder, name, card or Card(summary=f"Imported from {source.name}."))
        _check_tokenizer(folder)
    return store.show(name)


def _from_folder(source: Path, folder: Path, name: str, tokenizer: Path | None) -> None:
    try:
        table = json.loads((source / CONFIG_FILE).read_text("utf-8"))
        ours = table.get("model_type") == "clamp3"
        config = None if ours else config_from_overrides(table, name)
    except OSError as error:
        raise NoModelError(
            f"{source} is no model folder: {CONFIG_FILE} cannot be read ({error.strerror})."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NoModelError(
            f"{source / CONFIG_FILE} is no configuration of a CLaMP 3 model: {error!r}."
        ) from error
    if config is None:
        _copy_ours(source, folder, name)
    else:
        _convert_reference(source, folder, config)
    if tokenizer or not ours:
        _add_tokenizer(folder, tokenizer, [source])


def _copy_ours(source: Path, folder: Path, name: str) -> None:
    if (source / SUMS_FILE).is_file():
        check_sums(source)
    names = (CONFIG_FILE, WEIGHTS_FILE, FRONT_END_FILE, CARD_FILE, CALIBRATION_FILE)
    licences = (path.name for path in source.glob(LICENCE_FILES))
    for file in (*names, *TOKENIZER_FILES, *licences):
        if (source / file).is_file():
            shutil.copyfile(source / file, folder / file)
    check_folder(folder)
    config = replace(read_config(folder), name=name)
    (folder / CONFIG_FILE).write_text(json.dumps(config.to_json(), indent=2) + "\n", "utf-8")


def _convert_reference(source: Path, folder: Path, config: Clamp3Config) -> None:
    files = sorted(source.glob("*.safetensors"))
    if len(files) != 1:
        raise NoModelError(f"{source} holds {len(files)} .safetensors files; it should hold one.")
    state = _read_scaled(files[0])
    with blank():
        model = Clamp3(config)
    check_state_dict(state, model, files[0])
    write_model(folder, config, state)


def _read_scaled(path: Path) -> dict[str, Tensor]:
    """Read tensors of which the int8 ones stand for ``value / 2**exponent``, told in the header."""
    try:
        with safe_open(path, "pt") as file:
            exponents: dict[str, Any] = json.loads((file.metadata() or {}).get("exponents", "{}"))
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, ValueError) as error:
        raise NoModelError(f"{path} is damaged: {error}.") from error
    for key, tensor in state.items():
        if tensor.dtype == torch.int8 and key not in exponents:
            raise NoModelError(f"{path} is damaged: {key} is int8 without an exponent.")
    return {
        key: tensor.float() / 2.0 ** int(exponents[key]) if tensor.dtype == torch.int8 else tensor.float()
        for key, tensor in state.items()
    }  # fmt: skip


def _add_tokenizer(folder: Path, given: Path | None, others: Iterable[Path]) -> None:
    candidates = (
        [given] if given else [other / file for other in others for file in TOKENIZER_FILES]
    )
    for path in candidates:
        if path.is_file() and path.name in TOKENIZER_FILES:
            shutil.copyfile(path, folder / path.name)
            return
    raise NoModelError(
        "There is no tokenizer for this model.",
        f"Give one ({' or '.join(TOKENIZER_FILES)} of xlm-roberta-base).",
    )


def _check_tokenizer(folder: Path) -> None:
    """Refuse a vocabulary that is not the model's: its embeddings would be nonsense without a word."""
    ids = load_tokenizer(folder)(_HELLO[0])
    words = read_config(folder).text.vocab_size
    if max(ids) >= words or (words == _OFFICIAL_VOCABULARY and ids != _HELLO[1]):
        raise NoModelError("The tokenizer has another vocabulary than the model was trained with.")


def _card_of_checkpoint(source: Path) -> Card:
    official = source.name.startswith(("weights_clamp3_saas_", "weights_clamp3_c2_"))
    return Card(
        licence="mit" if official else "unknown",
        summary=f"CLaMP 3 checkpoint {source.stem.split('_h_size_')[0]}.",
        source=f"{source.name} sha256:{file_sha256(source)}",
    )


def _add_card(folder: Path, name: str, card: Card) -> None:
    prose = OFFICIAL_PROSE if card.licence == "mit" else ""
    write_card(folder, name, card, prose)
