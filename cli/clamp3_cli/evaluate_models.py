"""``clamp3 eval`` beyond plain retrieval: languages, modalities, probes, tags, published benchmarks.

Folders of .npy files are in the reference's layout; records are JSON lines. Answers are Markdown
tables on standard output, or JSON with ``--json``.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clamp3_cli.evaluate_report import FILE, FOLDER, load, stages
from clamp3_plugin.config import Home
from clamp3_plugin.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clamp3_models.evaluation.report import Table
    from clamp3_models.evaluation.space import Space, Stage

_QUERIES = ("metadata", "background", "analysis", "description", "scene")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a table.")
_model = click.option("--model", default="mini", show_default=True, help="Name or folder.")
_data = click.option("--data", type=FOLDER, help="Folder with records, in place of .npy folders.")
_query = click.option(
    "--query", type=click.Choice(_QUERIES), default=_QUERIES[0], show_default=True,
    help="Text to search with: all true metadata without the title, or a field of the records.",
)  # fmt: skip


@click.command("cross-modal")
@click.argument("folders", nargs=-1, type=FOLDER)
@_data
@_model
@_query
@_json
@click.pass_obj
def cross_modal(
    home: Home | None, folders: tuple[Path, ...], data: Path | None, model: str, query: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Search from every modality in every other.

    FOLDERS hold .npy files, one folder a modality, the same names in each. With --data the texts,
    scores and performances of records are embedded by a model.
    """
    from clamp3_models.evaluation import crossing  # noqa: PLC0415 - brings torch along

    if data is None:
        if len(folders) < 2:
            raise UsageError("Two folders or more are needed, or --data with records.")
        _print([crossing.cross_folders(folders)], as_json=as_json)
        return
    with stages() as stage:
        space = _space(home, model, data, stage)
        found = crossing.cross_records(space, crossing.texts_of(space.pieces, query))
    _print([found], as_json=as_json)


@click.command()
@click.argument("folders", nargs=-1, type=FOLDER, metavar="[QUERY_DIR REF_DIR]")
@_data
@_model
@_query
@click.option("--translations", type=FILE, help="A table of concepts in languages, in JSON.")
@click.option("--lang", metavar="CODES", help="Languages, such as ru,fi (default: ten).")
@click.option("--baseline", default="en", show_default=True, help="Language to compare with.")
@_json
@click.pass_obj
def multilingual(
    home: Home | None, folders: tuple[Path, ...], data: Path | None, model: str, query: str,
    translations: Path | None, lang: str | None, baseline: str, as_json: bool,
) -> None:  # fmt: skip
    """Search with texts in many languages.

    QUERY_DIR has a folder of .npy files for every language, REF_DIR the music. With --data the
    metadata of records are said in languages by the vocabulary, and by --translations; with --query
    the translations are asked that the records carry.
    """
    from clamp3_models.evaluation import crossing, languages  # noqa: PLC0415 - brings torch along
    from clamp3_models.evaluation.development import groups_of  # noqa: PLC0415 - as above
    from clamp3_models.evaluation.translations import TableOfConcepts  # noqa: PLC0415 - as above

    if data is None:
        if len(folders) != 2:
            raise UsageError("QUERY_DIR and REF_DIR are needed, or --data with records.")
        _print([crossing.multilingual_folders(*folders, baseline)], as_json=as_json)
        return
    table = TableOfConcepts.read(translations) if translations else None
    codes = tuple(lang.replace(" ", "").split(",")) if lang else languages.LANGUAGES
    with stages() as stage:
        space = _space(home, model, data, stage)
        if query == crossing.METADATA:
            main = groups_of(space.pieces).main
            tables = list(languages.language_tables(space, main, main, codes, table))
        else:
            texts = crossing.translations_of(space.pieces, query)
            tables = [crossing.multilingual_records(space, texts, baseline)]
    _print(tables, as_json=as_json)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--labels", type=FILE, help="JSON: name of a file (without .npy) to its label(s).")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the training part.")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True))
@click.option("--seed", type=int, default=42, show_default=True)
@click.option(
    "--reference", is_flag=True,
    help="As the reference trains: softmax twice (its bug), one file at a time, best epoch.",
)  # fmt: skip
@_json
def probe(
    folder: Path, labels: Path | None, epochs: int | None, learning_rate: float | None, seed: int,
    reference: bool, as_json: bool,
) -> None:  # fmt: skip
    """Train a linear probe on embeddings in .npy files.

    The label of a file is its name up to the first "_", unless --labels says otherwise: a word is a
    class, a list of words several labels, a number or list of numbers a target. A fifth is held out.
    """
    from dataclasses import replace  # noqa: PLC0415 - beside what it is used on

    from clamp3_models.evaluation import probe as probes  # noqa: PLC0415 - brings torch along
    from clamp3_models.evaluation.features import read_features  # noqa: PLC0415 - as above

    features = read_features(folder)
    if labels is None:
        known = [probes.label_of(path.name) for path in features.paths]
    else:
        table = json.loads(labels.read_text("utf-8"))
        strangers = [key for key in features.keys if key not in table]
        if strangers:
            raise UsageError(f"{labels} has no label for {strangers[0]!r}.")
        known = [table[key] for key in features.keys]
    protocol = probes.Protocol.reference() if reference else probes.Protocol()
    protocol = replace(
        protocol,
        seed=seed,
        epochs=epochs or protocol.epochs,
        learning_rate=learning_rate or protocol.learning_rate,
    )
    found = probes.probe(features.embeddings, probes.targets_of(known), protocol)
    if as_json:
        click.echo(json.dumps({**asdict(found), "task": found.task.value}))
        return
    click.echo(f"{found.task.value}: trained on {found.trained_on}, held out {found.evaluated_on}")
    for name, value in found.figures.items():
        click.echo(f"{name:20}  {value:.4f}")


@click.command()
@click.option("--data", required=True, type=FOLDER, help="Folder with records.")
@_model
@_json
@click.pass_obj
def tags(home: Home | None, data: Path, model: str, as_json: bool) -> None:
    """Say how often zero-shot tags are right, by category."""
    from clamp3_models.evaluation.space import Form  # noqa: PLC0415 - brings torch along
    from clamp3_models.evaluation.tags import tags_table  # noqa: PLC0415 - as above

    with stages() as stage:
        space = _space(home, model, data, stage)
        tables = [tags_table(space, form) for form in (Form.SCORE, Form.PERFORMANCE)]
    _print(tables, as_json=as_json)


@click.command("import")
@click.argument("dataset", type=click.Choice(["wikimt", "wikimt-x", "midicaps", "song-describer"]))
@click.argument("file", type=FILE)
@click.option("--music", type=FOLDER, help="Folder with the music of the dataset.")
@click.option(
    "--output", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path),
    help="JSONL to write.",
)  # fmt: skip
def import_dataset(dataset: str, file: Path, music: Path | None, output: Path) -> None:
    """Bring a published benchmark into records.

    FILE is the dataset's own table. Nothing is downloaded; docs/evaluation.md says how to get it.
    """
    from clamp3_models.evaluation.datasets import DATASETS, write_records  # noqa: PLC0415 - numpy

    output.parent.mkdir(parents=True, exist_ok=True)
    count = write_records(DATASETS[dataset](file, music, output.parent), output)
    click.echo(f"{count} records with music: {click.format_filename(output)}")


def _space(home: Home | None, model: str, data: Path, stage: "Stage") -> "Space":
    from clamp3_models.evaluation.pieces import read_pieces, records_in  # noqa: PLC0415 - torch
    from clamp3_models.evaluation.space import Space  # noqa: PLC0415 - as above

    read = read_pieces(records_in(data))
    for line in read.unread:
        click.echo(f"left out: {line}", err=True)
    return Space(load(home, model), read.members, stage)


def _print(tables: "Sequence[Table]", *, as_json: bool) -> None:
    from clamp3_models.evaluation.report import markdown_of  # noqa: PLC0415 - brings numpy along

    for table in tables:
        if as_json:
            click.echo(json.dumps(asdict(table), ensure_ascii=False))
        else:
            click.echo(markdown_of(table) if table.rows else f"{table.title}: no data.")
