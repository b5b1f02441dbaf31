"""``clamp3 train calibrate``: how often the tags of a model are right, learnt from records."""

from pathlib import Path

import click

from clamp3_cli.evaluate_report import stages
from clamp3_plugin.errors import MissingFileError

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(no_args_is_help=True)
@click.argument("model", type=_FOLDER, metavar="MODEL_FOLDER")
@click.option(
    "--data",
    required=True,
    type=_FOLDER,
    help="Folder with JSONL records, unseen in training, and tables of MIDI files.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here and leave the model as it is.",
)
@click.option(
    "--lang",
    metavar="CODES",
    help="Languages whose labels say where a concept lies, e.g. en,ko (default: all).",
)
@click.option(
    "--all-classes",
    is_flag=True,
    help="Learn from records of every licence class, not only open and permission.",
)
def calibrate(
    model: Path, data: Path, output: Path | None, lang: str | None, all_classes: bool
) -> int:
    """Learn how often the tags of a model are right.

    Writes tags.json into MODEL_FOLDER and lists it in SHA256SUMS: for every concept of the vocabulary
    its place in the embedding space, by its labels in all languages, and a curve from cosine to
    probability. clamp3 tag then says how often a tag is right, in any language and without encoding
    labels first. Run it again when weights or vocabulary change; until then the old file is ignored.
    """
    from clamp3_models.evaluation.pieces import (  # noqa: PLC0415 - brings numpy
        SHIPPED_CLASSES,
        records_in,
    )
    from clamp3_models.folder import SUMS_FILE, write_sums  # noqa: PLC0415 - the same
    from clamp3_models.loading import load_model  # noqa: PLC0415 - brings torch
    from clamp3_models.tag_calibration import calibrate as learn  # noqa: PLC0415 - the same
    from clamp3_models.weights import weights_sha256  # noqa: PLC0415 - the same
    from clamp3_plugin.tags import CALIBRATION_FILE, Vocabulary  # noqa: PLC0415 - brings numpy

    if output is not None and not output.parent.is_dir():
        raise MissingFileError(f"{output.parent} is no folder.")
    vocabulary = Vocabulary.load()
    languages = vocabulary.known(lang.replace(" ", "").split(",")) if lang else ()
    records = (
        record
        for record in records_in(data)
        if all_classes or record.fields.get("licence_class", "open") in SHIPPED_CLASSES
    )
    encoder, weights = load_model(model), weights_sha256(model)
    with stages() as stage:
        made = learn(encoder, records, vocabulary, weights, stage, languages=languages)
    path = output or model / CALIBRATION_FILE
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(made.to_json(vocabulary), "utf-8")
    temporary.replace(path)
    if output is None and (model / SUMS_FILE).is_file():
        write_sums(model)
    click.echo(str(path))
    for modality, curves in made.curves.items():
        claimed = sum(map(curves.claims, range(len(curves.curves))))
        click.echo(
            f"{modality}: {claimed} of {len(curves.curves)} tags say how often they are right"
        )
    click.echo(f"learnt from {made.origin}")
    return 0
