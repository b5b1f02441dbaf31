"""Give a small model ears: from a recipe and a model folder to a folder that reads recordings too.

The folder that is given may be any whose towers share a space, mini above all; nothing in it is changed.
The stages are renderings, targets, training, model folder; what a stage has made is kept in the work
folder and not made again. Renderings do not depend on the model.
"""

import json
import shutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from clamp3_models import audio
from clamp3_models.audio.frames import FrameExtractor
from clamp3_models.audio.front_end import Networks
from clamp3_models.audio.note_network import NoteNetwork, state_from_onnx
from clamp3_models.audio.onnx_weights import read_constants
from clamp3_models.folder import CONFIG_FILE, FRONT_END_FILE, SUMS_FILE, WEIGHTS_FILE, write_sums
from clamp3_models.front_ends import MINI_NOTES
from clamp3_models.training.audio_bank import Studio, make_shards, read_bank
from clamp3_models.training.audio_batches import AudioBatchSettings
from clamp3_models.training.audio_stage import (
    AudioProgress,
    AudioSettings,
    AudioStudent,
    AudioTrainer,
)
from clamp3_models.training.audio_targets import FrozenTowers, SymbolicTower, make_targets
from clamp3_models.training.records import Record, balanced, read_records
from clamp3_models.training.rendering import Renderer, RenderSettings
from clamp3_models.transformer import TransformerConfig
from clamp3_models.weights import load_model, read_config, read_state_dict, weights_sha256
from clamp3_plugin.errors import UsageError
from clamp3_plugin.tags import CALIBRATION_FILE

_SCHEME = "audio"
_SEE = "See models/recipes."
_NOTES_LICENCE = Path(audio.__file__).with_name("LICENSE-basic-pitch.txt")
Stage = Callable[[str, int, int], None]
"""Told a stage, what is done and of how many."""


@dataclass(frozen=True, slots=True)
class AudioRecipe:
    """What is trained, on what, and how."""

    tower: TransformerConfig
    audio_length: int
    """Rows that the tower reads at once."""
    records: tuple[str, ...]
    midi_tables: tuple[str, ...]
    most_per_source: int
    copies: int
    """Renderings of each piece."""
    rendering: RenderSettings
    batches: AudioBatchSettings
    train: AudioSettings

    @classmethod
    def load(cls, path: Path) -> "AudioRecipe":
        """Read a recipe.

        Raises
        ------
        UsageError
            It cannot be read, or is no recipe of this kind.
        """
        if not is_audio_recipe(path):
            raise UsageError(f'{path} is no recipe with scheme = "{_SCHEME}".', _SEE)
        try:
            table = tomllib.loads(path.read_text("utf-8"))
            data = table["data"]
            tower = TransformerConfig(
                vocab_size=1, type_vocab_size=2, layer_norm_eps=1e-12, **table["tower"]
            )
            return cls(
                tower=tower,
                audio_length=table["audio_length"],
                records=tuple(data["records"]),
                midi_tables=tuple(data["midi_tables"]),
                most_per_source=data["most_per_source"],
                copies=data["copies"],
                rendering=RenderSettings(**_tuples(table["rendering"])),
                batches=AudioBatchSettings(**_tuples(table["batches"])),
                train=AudioSettings(**table["train"]),
            )
        except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{path} is no recipe: {error!r}.", _SEE) from error


def is_audio_recipe(path: Path) -> bool:
    """Tell whether a file says that it is one."""
    try:
        return tomllib.loads(path.read_text("utf-8")).get("scheme") == _SCHEME
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False


@dataclass(frozen=True, slots=True)
class AudioPaths:
    """Where a run reads and writes."""

    data: Path
    """Folder that the recipe's files are relative to."""
    model: Path
    """Model folder whose space recordings are brought into."""
    note_weights: Path
    """``nmp.onnx`` of the package basic-pitch."""
    soundfonts: tuple[Path, ...]
    work: Path
    """Renderings, targets, checkpoint and log; outside the project."""
    output: Path
    """Model folder to write."""


def render(
    recipe: AudioRecipe, paths: AudioPaths, stage: Stage, part: tuple[int, int] = (0, 1)
) -> None:
    """Make the renderings of a recipe, or the part of one of several processes."""
    ear = FrameExtractor(_note_network(paths.note_weights))
    studio = Studio(Renderer(paths.soundfonts, recipe.rendering), ear)
    make_shards(
        _records(recipe, paths),
        paths.work / "bank",
        studio,
        copies=range(recipe.copies),
        part=part,
        progress=lambda done, total: stage("rendering", done, total),
    )


def train_on_renderings(recipe: AudioRecipe, paths: AudioPaths, stage: Stage) -> None:
    """Train on the renderings that there are, and write the model folder."""
    bank = list(read_bank(paths.work / "bank"))
    if not bank:
        raise UsageError(f"There are no renderings in {paths.work}.")
    state, config = read_state_dict(paths.model / WEIGHTS_FILE), read_config(paths.model)
    name = f"targets-{weights_sha256(paths.model)[:12]}-{len(bank)}"
    targets = make_targets(
        _records(recipe, paths),
        bank,
        FrozenTowers(SymbolicTower(config, state), load_model(paths.model)),
        paths.work / name,
        progress=stage,
    )
    trainer = AudioTrainer(
        bank, targets, recipe.tower, settings=recipe.train, batches=recipe.batches
    )
    with (paths.work / "audio_log.jsonl").open("a", encoding="utf-8") as log:

        def report(progress: AudioProgress) -> None:
            line = {name: getattr(progress, name) for name in AudioProgress.__slots__}
            log.write(json.dumps(line) + "\n")
            log.flush()
            stage("training", progress.step + 1, recipe.train.steps)

        trainer.train(paths.work / f"{name}.pt", report)
    write_with_audio(recipe, paths, trainer.student)


def run_audio(recipe: AudioRecipe, paths: AudioPaths, stage: Stage) -> None:
    """Follow a recipe; what is done already is not done again."""
    render(recipe, paths, stage)
    train_on_renderings(recipe, paths, stage)


def write_with_audio(recipe: AudioRecipe, paths: AudioPaths, student: AudioStudent) -> None:
    """Write the model folder anew, with an audio tower and a front end.

    What was there stays as it was stored, bit for bit. A calibration of tags goes on being valid, since
    it is of texts and notation, and is told the new weights.
    """
    paths.output.mkdir(parents=True, exist_ok=True)
    for file in paths.model.iterdir():
        if file.is_file() and file.name not in {SUMS_FILE, WEIGHTS_FILE}:
            shutil.copyfile(file, paths.output / file.name)
    with safe_open(paths.model / WEIGHTS_FILE, "pt") as file:
        stored = {key: file.get_tensor(key) for key in sorted(file.keys())}
    kept = {key: tensor for key, tensor in stored.items() if not key.startswith("audio_")}
    heard = {k: v for k, v in student.state_dict().items() if k.startswith("audio_")}
    save_file({**kept, **_halved(heard)}, paths.output / WEIGHTS_FILE, metadata={"format": "pt"})
    networks = Networks(recipe.tower.hidden_size)
    networks.notes = _note_network(paths.note_weights)
    networks.rows.load_state_dict(student.rows.state_dict())
    stored_networks = {
        key: tensor.half() if key.startswith("rows.") else tensor
        for key, tensor in networks.state_dict().items()
    }
    save_file(stored_networks, paths.output / FRONT_END_FILE, metadata={"format": "pt"})
    shutil.copyfile(_NOTES_LICENCE, paths.output / _NOTES_LICENCE.name)
    config = replace(
        read_config(paths.model),
        audio=recipe.tower,
        audio_length=recipe.audio_length,
        audio_front_end=MINI_NOTES,
    )
    text = json.dumps(config.to_json(), indent=2) + "\n"
    (paths.output / CONFIG_FILE).write_text(text, "utf-8")
    _recalibrate(paths)
    write_sums(paths.output)


def _recalibrate(paths: AudioPaths) -> None:
    calibration = paths.output / CALIBRATION_FILE
    if calibration.is_file():
        before, after = (weights_sha256(folder) for folder in (paths.model, paths.output))
        calibration.write_text(calibration.read_text("utf-8").replace(before, after), "utf-8")


def _halved(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key: tensor.to(torch.float16).contiguous() for key, tensor in state.items()}


def _note_network(path: Path) -> NoteNetwork:
    network = NoteNetwork()
    network.load_state_dict(state_from_onnx(read_constants(path.read_bytes())))
    return network


def _records(recipe: AudioRecipe, paths: AudioPaths) -> Sequence[Record]:
    records = read_records(
        [paths.data / name for name in recipe.records],
        [paths.data / name for name in recipe.midi_tables],
    )
    return balanced(
        (record for record in records if record.midi or record.fields.get("midi_b64")),
        recipe.most_per_source,
    )


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
