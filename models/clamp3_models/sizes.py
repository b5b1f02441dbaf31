"""The sizes of a model that states none: from a checkpoint's file name, its tensors, or overrides.

What none of them says is the reference's rule (github.com/sanderwood/clamp3, ``code/config.py`` and
``code/utils.py``): heads of 64, inner layers four times as wide, normalisation as in BERT and
XLM-RoBERTa.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from clamp3_models.clamp3 import Clamp3Config
from clamp3_models.patches import PATCH_SIZE
from clamp3_models.transformer import TransformerConfig
from clamp3_plugin.errors import NoModelError

Shape = tuple[int, ...]

_HEAD = 64  # width of an attention head
_LARGEST = 1 << 20  # no size in a file may ask for more
_OFFICIAL_TEXT = "FacebookAI_xlm-roberta-base"
_FIELD = {
    "dim": r"_h_size_(\d+)", "text_length": r"_t_length_(\d+)",
    "audio_size": r"_a_size_(\d+)", "audio_layers": r"_a_layers_(\d+)",
    "audio_length": r"_a_length_(\d+)", "size": r"_s_size_(\d+)", "layers": r"_s_layers_(\d+)",
    "patch_length": r"_p_length_(\d+)",
}  # fmt: skip


def config_from_name(file: str, name: str) -> Clamp3Config | None:
    """Read the sizes that the reference writes into the names of its checkpoints.

    Examples
    --------
    >>> config_from_name("clamp3.pth", "mine") is None
    True
    """
    found = {field: re.search(pattern, file) for field, pattern in _FIELD.items()}
    sizes = {field: int(match[1]) for field, match in found.items() if match}
    if len(sizes) < len(_FIELD) or f"_t_model_{_OFFICIAL_TEXT}_" not in file:
        return None
    return replace(
        Clamp3Config.official(name),
        dim=sizes["dim"],
        symbolic=_bert(sizes["size"], sizes["layers"], sizes["patch_length"]),
        audio=_bert(sizes["audio_size"], sizes["audio_layers"], sizes["audio_length"]),
        text_length=sizes["text_length"],
        patch_length=sizes["patch_length"],
        audio_length=sizes["audio_length"],
    )


def config_from_shapes(shapes: Mapping[str, Shape], name: str, path: Path) -> Clamp3Config:
    """Infer the sizes from the shapes of a state dict; whether all of them agree is not checked here.

    Raises
    ------
    NoModelError
        A tensor that tells a size is missing or has another number of axes, or the size makes no sense.
    """
    text = _tower(shapes, "text_model.", path)
    symbolic = _tower(shapes, "symbolic_model.base.", path)
    has_audio = any(key.startswith("audio_") for key in shapes)
    audio = _tower(shapes, "audio_model.", path) if has_audio else None
    return Clamp3Config(
        name,
        _matrix(shapes, "text_proj.weight", path)[0],
        replace(text, layer_norm_eps=1e-5),
        symbolic,
        audio,
        patch_length=symbolic.max_positions,
        audio_length=audio.max_positions if audio else 128,
    )


def config_from_overrides(table: Mapping[str, Any], name: str) -> Clamp3Config:
    """Read the sizes of a folder that overrides values of the reference's ``config.py``.

    Raises
    ------
    KeyError, TypeError, ValueError
        The table holds something else.
    """
    over = table["config_overrides"]
    text = table["text_config"]
    patch_length = int(table.get("PATCH_LENGTH", 512))
    audio_length = int(table.get("MAX_AUDIO_LENGTH", 128))
    if int(table.get("PATCH_SIZE", PATCH_SIZE)) != PATCH_SIZE:
        raise ValueError(f"PATCH_SIZE is {table['PATCH_SIZE']}, not {PATCH_SIZE}")
    return Clamp3Config(
        name,
        int(over.get("CLAMP3_HIDDEN_SIZE", 768)),
        TransformerConfig(
            int(text["hidden_size"]),
            int(text["num_hidden_layers"]),
            int(text["num_attention_heads"]),
            int(text["intermediate_size"]),
            int(text["vocab_size"]),
            int(text["max_position_embeddings"]),
            int(text["type_vocab_size"]),
            float(text["layer_norm_eps"]),
        ),
        _bert(over.get("M3_HIDDEN_SIZE", 768), over.get("PATCH_NUM_LAYERS", 12), patch_length),
        _bert(over.get("AUDIO_HIDDEN_SIZE", 768), over.get("AUDIO_NUM_LAYERS", 12), audio_length),
        text_length=int(table.get("MAX_TEXT_LENGTH", 128)),
        patch_length=patch_length,
        audio_length=audio_length,
    )


def _bert(size: int, layers: int, length: int) -> TransformerConfig:
    return TransformerConfig(size, layers, max(size // _HEAD, 1), 4 * size, 1, length, 2, 1e-12)


def _tower(shapes: Mapping[str, Shape], prefix: str, path: Path) -> TransformerConfig:
    words, hidden = _matrix(shapes, prefix + "embeddings.word_embeddings.weight", path)
    positions, _ = _matrix(shapes, prefix + "embeddings.position_embeddings.weight", path)
    types, _ = _matrix(shapes, prefix + "embeddings.token_type_embeddings.weight", path)
    inner, _ = _matrix(shapes, prefix + "encoder.layer.0.intermediate.dense.weight", path)
    layer = re.compile(re.escape(prefix) + r"encoder\.layer\.(\d{1,3})\.")
    layers = 1 + max(int(match[1]) for match in map(layer.match, shapes) if match)
    if hidden % _HEAD:
        raise NoModelError(f"{path} is no CLaMP 3 checkpoint: {prefix[:-1]} is {hidden} wide.")
    return TransformerConfig(hidden, layers, hidden // _HEAD, inner, words, positions, types, 1e-12)


def _matrix(shapes: Mapping[str, Shape], key: str, path: Path) -> tuple[int, int]:
    shape = shapes.get(key)
    if shape is None:
        raise NoModelError(f"{path} is no CLaMP 3 checkpoint: {key} is missing.")
    if len(shape) != 2 or not all(0 < size <= _LARGEST for size in shape):
        raise NoModelError(f"{path} is no CLaMP 3 checkpoint: {key} has the shape {shape}.")
    rows, columns = shape
    return rows, columns
