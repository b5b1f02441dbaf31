"""``clamp3 eval report``: every figure of a model on records, in one run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clamp3_plugin.config import Home

if TYPE_CHECKING:
    from clamp3_models.encoder import Clamp3Encoder
    from clamp3_models.evaluation.space import Stage

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("model")
@click.option(
    "--data", required=True, type=FOLDER, help="Folder with JSONL records and tables of MIDI files."
)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for report.md, report.json and the pictures.",
)
@click.option(
    "--translations", type=FILE, help="A table of concepts in languages from other hands, in JSON."
)
@click.option("--full", is_flag=True, help="Ask all queries where else a sample of 300 will do.")
@click.option("--no-pictures", is_flag=True, help="Write only tables.")
@click.pass_obj
def report(
    home: Home | None, model: str, data: Path, output: Path, translations: Path | None,
    full: bool, no_pictures: bool,
) -> None:  # fmt: skip
    """Measure a model in every way there is data for.

    MODEL is the name of a model or a folder. Records are JSON lines (.jsonl or .jsonl.zst) in the
    layout of M4-RAG; MIDI files made from their scores may lie beside them in Parquet tables of id and
    midi. What is missing is named in the report.
    """
    from clamp3_models.evaluation import development, pieces  # noqa: PLC0415 - brings torch along
    from clamp3_models.evaluation.report import markdown, write  # noqa: PLC0415 - as above
    from clamp3_models.evaluation.translations import TableOfConcepts  # noqa: PLC0415 - as above

    read = pieces.read_pieces(pieces.records_in(data))
    table = TableOfConcepts.read(translations) if translations else None
    plan = development.Plan(sample=None if full else development.SAMPLE, table=table)
    with stages() as stage:
        space, measured = development.evaluate(load(home, model), read, plan, stage)
        if not no_pictures:
            from clamp3_models.evaluation import pictures  # noqa: PLC0415 - brings matplotlib along

            measured = pictures.draw(measured, space, output)
    write(measured, output)
    click.echo(markdown(measured), nl=False)


def load(home: Home | None, model: str) -> "Clamp3Encoder":
    """Load a model by its name in a home, or by its folder."""
    from clamp3_models.loading import load_model  # noqa: PLC0415 - brings torch along
    from clamp3_models.store import ModelStore  # noqa: PLC0415 - as above

    if os.sep in model or Path(model).is_dir():
        return load_model(Path(model))
    return load_model(ModelStore(home or Home.locate()).path(model))


@contextmanager
def stages() -> Iterator["Stage"]:
    """Show on standard error what is being embedded."""
    from rich.console import Console  # noqa: PLC0415 - other commands start without it
    from rich.progress import Progress, TaskID  # noqa: PLC0415 - as above

    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def stage(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total, visible=done < total)

        yield stage
