"""``clamp3 convert``: what the encoder reads of a file, to look at or to keep."""

import os
from pathlib import Path

import click

from clamp3_cli.questions import STDIN, read_input
from clamp3_plugin.config import Home


@click.command(no_args_is_help=True)
@click.argument("file")
@click.option(
    "--to", "target", required=True, type=click.Choice(["abc", "interleaved-abc", "mtf"]),
    help="abc and interleaved-abc of a score (or of MIDI, guessed), mtf of a MIDI file.",
)  # fmt: skip
@click.option(
    "-o", "--output", "out", metavar="OUT",
    type=click.Path(dir_okay=False, path_type=Path), help="Where to write; stdout by default.",
)  # fmt: skip
@click.pass_obj
def convert(home: Home, file: str, target: str, out: Path | None) -> int:  # noqa: ARG001 - pass_obj
    """Write what the encoder reads of a file.

    The tunes of a tune book are separated by an empty line. A score of MIDI is a guess at bars,
    voices and note values; searching never uses it.
    """
    from clamp3_plugin.readers import registry  # noqa: PLC0415 - the readers, 0.1 s

    as_score = target != "mtf"
    if file == STDIN:
        name, data = read_input(file)
        pieces = registry.read_bytes(data, name, as_score=as_score)
    else:
        pieces = registry.read(Path(file), as_score=as_score)
    to: registry.Target = (
        "mtf" if target == "mtf" else "abc" if target == "abc" else "interleaved-abc"
    )
    texts = [registry.convert(piece, to) for piece in pieces]
    data = os.fsencode("\n".join(text if text.endswith("\n") else f"{text}\n" for text in texts))
    if out is None:
        click.echo(data, nl=False)
    else:
        out.write_bytes(data)
    return 0
