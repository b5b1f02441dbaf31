"""From a recipe to weights: the run of M3, and the stages of a CLaMP 3 one after the other.

Conventions: the work folder has a folder for each stage, ``1-symbolic``, ``2-audio`` and so on, with its
checkpoint, log and curves. A stage starts from the best weights of the one before; what is done is not
done again.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file

from clamp3_models.clamp3 import Clamp3
from clamp3_models.folder import TOKENIZER_FILES, write_sums
from clamp3_models.tokenizer import Tokenizer, load_tokenizer
from clamp3_models.training.paper.contrastive import ContrastiveTask, MusicSide, PairExamples
from clamp3_models.training.paper.corpus import read_corpus
from clamp3_models.training.paper.engine import Data, Place, Told, Trainer
from clamp3_models.training.paper.examples import has_text
from clamp3_models.training.paper.m3 import M3
from clamp3_models.training.paper.m3_task import M3Examples, M3Task
from clamp3_models.training.paper.music import Form, audio_forms, symbolic_forms
from clamp3_models.training.paper.ranks import Ranks
from clamp3_models.training.paper.recipe import Clamp3Recipe, M3Recipe, StageRecipe
from clamp3_models.training.paper.start import M3_FILE, TOWERS, initialize, load_all, load_tower
from clamp3_models.training.paper.state import best_weights, epochs_done
from clamp3_models.training.records import Record
from clamp3_models.weights import write_model
from clamp3_plugin.errors import UsageError

Report = Callable[[str, Told], None]
"""Told the name of a stage and how far it has come."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a run reads and writes."""

    data: Path
    """Folder that the recipe's files are relative to."""
    work: Path
    """Checkpoints and logs."""
    output: Path
    """What is made: a model folder, or a folder with M3's weights."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a run runs on."""

    device: torch.device
    ranks: Ranks
    workers: int
    """Processes that read examples ahead."""


def train_m3(recipe: M3Recipe, paths: Paths, machine: Machine, report: Report) -> None:
    """Pre-train M3 and write its weights, under the official keys, to ``m3.safetensors``."""
    settings, length = recipe.training, recipe.encoder.max_positions
    corpus = read_corpus(
        recipe.data, paths.data, lambda record: bool(symbolic_forms(record)), settings.seed
    )
    training, evaluation = (
        [form for record in records for form in symbolic_forms(record)]
        for records in (corpus.training, corpus.evaluation)
    )
    model = M3(recipe.encoder, recipe.decoder)
    initialize(model, settings.seed)
    if recipe.start.weights:
        load_all(model, paths.data / recipe.start.weights)
    model.to(machine.device)
    task = M3Task(model, machine.ranks, machine.device, settings.chunk_size, settings.bf16)
    folder = paths.work / "m3"
    Trainer(
        task,
        Data(M3Examples(training, length), M3Examples(evaluation, length)),
        modality="m3",
        begun_from=recipe.start.weights,
        settings=settings,
        place=_place(folder, machine, report),
    ).run()
    if machine.ranks.leads:
        paths.output.mkdir(parents=True, exist_ok=True)
        # two names of one matrix cannot stand in one file
        state = {key: tensor.clone() for key, tensor in best_weights(folder).items()}
        save_file(state, paths.output / M3_FILE, metadata={"format": "pt"})


def train_clamp3(
    recipe: Clamp3Recipe,
    side: MusicSide,
    tokenizer_folder: Path,
    paths: Paths,
    machine: Machine,
    report: Report,
) -> StageRecipe | None:
    """Run the stages of one kind that are next, and write the model as it is then.

    Returns
    -------
    StageRecipe or None
        The stage that is next, of the other kind; None once all are done.

    Raises
    ------
    UsageError
        The next stage is of the other kind, or the tokenizer is that of another model.
    """
    done = _stages_done(recipe, paths.work)
    begun = done
    tokenizer = load_tokenizer(tokenizer_folder)
    if max(tokenizer("Hello world")) >= recipe.model.text.vocab_size:
        raise UsageError(
            f"The tokenizer in {tokenizer_folder} has more words than the"
            f" {recipe.model.text.vocab_size} of the recipe."
        )
    _check_next(recipe, side, done)
    while done < len(recipe.stages) and recipe.stages[done].modality is side:
        _run_stage(recipe, done, tokenizer, paths, machine, report)
        done += 1
    if machine.ranks.leads and (done > begun or not paths.output.exists()):
        _write(recipe, _folder(recipe, done - 1, paths.work), tokenizer_folder, paths.output)
    return recipe.stages[done] if done < len(recipe.stages) else None


def _stages_done(recipe: Clamp3Recipe, work: Path) -> int:
    for i, stage in enumerate(recipe.stages):
        if epochs_done(_folder(recipe, i, work)) < stage.training.epochs:
            return i
    return len(recipe.stages)


def _check_next(recipe: Clamp3Recipe, side: MusicSide, done: int) -> None:
    if done < len(recipe.stages) and recipe.stages[done].modality is not side:
        wanted = recipe.stages[done].modality
        raise UsageError(
            f"The next stage of {recipe.name} is {wanted} ({done + 1} of {len(recipe.stages)}).",
            f"Run: clamp3 train {wanted}",
        )


def _run_stage(
    recipe: Clamp3Recipe, i: int, tokenizer: Tokenizer, paths: Paths, machine: Machine,
    report: Report,
) -> None:  # fmt: skip
    stage = recipe.stages[i]
    settings = stage.training
    forms_of = audio_forms if stage.modality is MusicSide.AUDIO else symbolic_forms
    corpus = read_corpus(
        recipe.data, paths.data, partial(_has_pair, forms_of=forms_of), settings.seed
    )
    model, begun_from = _begin(recipe, i, paths)
    task = ContrastiveTask(
        model.to(machine.device),
        stage.modality,
        train_text=stage.train_text,
        ranks=machine.ranks,
        chunk_size=settings.chunk_size,
        bf16=settings.bf16,
    )
    training, evaluation = (
        PairExamples([(r, forms_of(r)) for r in records], stage.modality, tokenizer, recipe.model)
        for records in (corpus.training, corpus.evaluation)
    )
    Trainer(
        task,
        Data(training, evaluation),
        modality=stage.modality.value,
        begun_from=begun_from,
        settings=settings,
        place=_place(_folder(recipe, i, paths.work), machine, report),
    ).run()


def _has_pair(record: Record, forms_of: Callable[[Record], list[Form]]) -> bool:
    return has_text(record.fields) and bool(forms_of(record))


def _begin(recipe: Clamp3Recipe, i: int, paths: Paths) -> tuple[Clamp3, str]:
    """Make the model that a stage starts from, and say where its weights are from."""
    model = Clamp3(recipe.model)
    if i:
        before = _folder(recipe, i - 1, paths.work)
        model.load_state_dict(best_weights(before))
        return model, f"{before.name} after {epochs_done(before)} epochs"
    initialize(model, recipe.stages[0].training.seed)
    start = recipe.start
    if start.weights:
        load_all(model, paths.data / start.weights)
    for tower in TOWERS:
        if source := getattr(start, tower):
            load_tower(model, tower, paths.data / source)
    named = {name: getattr(start, name) for name in ("weights", *TOWERS)}
    return model, ", ".join(f"{name} {source}" for name, source in named.items() if source)


def _folder(recipe: Clamp3Recipe, i: int, work: Path) -> Path:
    return work / f"{i + 1}-{recipe.stages[i].modality}"


def _place(folder: Path, machine: Machine, report: Report) -> Place:
    return Place(
        folder, machine.device, machine.ranks, machine.workers, partial(report, folder.name)
    )


def _write(recipe: Clamp3Recipe, stage: Path, tokenizer_folder: Path, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    write_model(output, recipe.model, best_weights(stage))
    for name in TOKENIZER_FILES:
        if (tokenizer_folder / name).is_file():
            shutil.copyfile(tokenizer_folder / name, output / name)
            break
    write_sums(output)
