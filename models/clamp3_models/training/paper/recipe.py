"""Recipes of the paper's models: one TOML file each, told from other recipes by ``scheme = "paper"``.

A recipe of M3 has ``[encoder]`` and ``[decoder]``; one of CLaMP 3 has ``[model]``, what to start from, and a
list of ``[[stages]]``. Sizes that are not given are the published ones.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clamp3_models.clamp3 import Clamp3Config
from clamp3_models.training.paper.contrastive import MusicSide
from clamp3_models.training.paper.engine import TrainSettings
from clamp3_models.training.paper.m3_decoder import DecoderConfig
from clamp3_models.training.paper.tables import refuse_unknown, updated
from clamp3_models.transformer import TransformerConfig
from clamp3_plugin.errors import UsageError

SCHEME = "paper"
_HINT = "See docs/training.md and models/recipes."
_OFFICIAL = Clamp3Config.official("")


@dataclass(frozen=True, slots=True)
class DataFiles:
    """Records in JSON lines, by paths below the data folder."""

    train: tuple[str, ...] = ()
    evaluate: tuple[str, ...] = ()
    """None: a share of ``train`` is kept for it."""
    evaluate_share: float = 0.01
    midi_tables: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a share that leaves nothing on one side."""
        if not 0 < self.evaluate_share < 1:
            raise ValueError(f"evaluate_share = {self.evaluate_share}, but it is between 0 and 1")


@dataclass(frozen=True, slots=True)
class Start:
    """Weights to start from, by paths below the data folder; empty: random ones."""

    weights: str = ""
    """Of all towers; those named beside it replace its own."""
    text: str = ""
    symbolic: str = ""
    audio: str = ""


@dataclass(frozen=True, slots=True)
class StageRecipe:
    """One contrastive stage."""

    modality: MusicSide
    train_text: bool
    """False: the text tower and its projection stay as they are."""
    training: TrainSettings


@dataclass(frozen=True, slots=True)
class Clamp3Recipe:
    """A CLaMP 3: sizes, start, and stages that follow one another."""

    name: str
    model: Clamp3Config
    start: Start
    data: DataFiles
    stages: tuple[StageRecipe, ...]


@dataclass(frozen=True, slots=True)
class M3Recipe:
    """An M3."""

    name: str
    encoder: TransformerConfig
    decoder: DecoderConfig
    start: Start
    """Only its ``weights``."""
    data: DataFiles
    training: TrainSettings


PaperRecipe = M3Recipe | Clamp3Recipe


def is_paper_recipe(path: Path) -> bool:
    """Tell the recipes of this module from others, by their content."""
    return _read(path).get("scheme") == SCHEME


def load_recipe(path: Path) -> PaperRecipe:
    """Read a recipe.

    Raises
    ------
    UsageError
        It cannot be read, or something in it is unknown, missing or makes no sense.
    """
    table = _read(path)
    if table.get("scheme") != SCHEME:
        wrong = f"{path}: scheme = {table.get('scheme')!r}, but it must be {SCHEME!r}."
        raise UsageError(wrong, _HINT)
    try:
        return _clamp3(table) if "stages" in table else _m3(table)
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.hint or _HINT) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", _HINT) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no recipe: {error}.", _HINT) from error


def _m3(table: Mapping[str, Any]) -> M3Recipe:
    known = ("scheme", "name", "encoder", "decoder", "start", "data", "training")
    refuse_unknown(table, dict.fromkeys(known), "A recipe of M3")
    encoder = updated(_OFFICIAL.symbolic, table.get("encoder", {}), "[encoder]")
    decoder = DecoderConfig(encoder.hidden_size, num_heads=encoder.num_heads)
    settings = TrainSettings(batch_size=16, learning_rate=1e-4)
    recipe = M3Recipe(
        _name(table),
        encoder,
        updated(decoder, table.get("decoder", {}), "[decoder]"),
        updated(Start(), table.get("start", {}), "[start]"),
        _data(table),
        updated(settings, table.get("training", {}), "[training]"),
    )
    if recipe.decoder.hidden_size != encoder.hidden_size:
        raise UsageError(
            f"[decoder] hidden_size = {recipe.decoder.hidden_size}, but the encoder's is"
            f" {encoder.hidden_size}; they must be the same."
        )
    return recipe


def _clamp3(table: Mapping[str, Any]) -> Clamp3Recipe:
    known = ("scheme", "name", "model", "start", "data", "training", "stages")
    refuse_unknown(table, dict.fromkeys(known), "A recipe of CLaMP 3")
    name = _name(table)
    settings = updated(TrainSettings(), table.get("training", {}), "[training]")
    stages = table["stages"]
    if not isinstance(stages, list) or not stages:
        raise UsageError("stages must be a list: write [[stages]] before each.")
    return Clamp3Recipe(
        name,
        _model(name, table.get("model", {})),
        updated(Start(), table.get("start", {}), "[start]"),
        _data(table),
        tuple(_stage(stage, settings, f"Stage {i}") for i, stage in enumerate(stages, 1)),
    )


def _model(name: str, table: Mapping[str, Any]) -> Clamp3Config:
    """Read the sizes; a tower's length is what its positions allow, unless it is said."""
    rest = {key: value for key, value in table.items() if key not in {"text", "symbolic", "audio"}}
    if not isinstance(_OFFICIAL.audio, TransformerConfig):
        raise TypeError("the official model has an audio tower")
    text = updated(_OFFICIAL.text, table.get("text", {}), "[model.text]")
    symbolic = updated(_OFFICIAL.symbolic, table.get("symbolic", {}), "[model.symbolic]")
    audio = updated(_OFFICIAL.audio, table.get("audio", {}), "[model.audio]")
    config = updated(replace(_OFFICIAL, name=name), rest, "[model]")
    config = replace(config, text=text, symbolic=symbolic, audio=audio)
    for what, length, room in (
        ("text_length", config.text_length, text.max_positions - 2),
        ("patch_length", config.patch_length, symbolic.max_positions),
        ("audio_length", config.audio_length, audio.max_positions),
    ):
        if not 0 < length <= room:
            raise UsageError(f"[model] {what} = {length}, but there are {room} positions.")
    return config


def _stage(table: object, training: TrainSettings, where: str) -> StageRecipe:
    if not isinstance(table, Mapping) or "modality" not in table:
        raise UsageError(f"{where} has no modality.", "Give symbolic or audio.")
    own = {"modality": table["modality"], "train_text": table.get("train_text", True)}
    rest = {key: value for key, value in table.items() if key not in own}
    stage = updated(StageRecipe(MusicSide.SYMBOLIC, train_text=True, training=training), own, where)
    return replace(stage, training=updated(training, rest, where))


def _data(table: Mapping[str, Any]) -> DataFiles:
    data = updated(DataFiles(), table.get("data", {}), "[data]")
    if not data.train:
        raise UsageError("[data] train names no file.", "Give JSON lines of records.")
    return data


def _name(table: Mapping[str, Any]) -> str:
    name = table.get("name")
    if not isinstance(name, str) or not name:
        raise UsageError(f"name = {name!r}, but it must be a text in quotes.")
    return name
