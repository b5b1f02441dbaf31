"""``clamp3 convert``: what the encoder reads of a file, to look at or to keep."""

import os
from pathlib import Path

import click

from clamp3_cli.questions import STDIN, part_of, read_input
from clamp3_plugin.config import Home


@click.command(no_args_is_help=True)
@click.argument("file")
@click.option(
    "--to", "target", required=True, type=click.Choice(["abc", "interleaved-abc", "mtf"]),
    help="abc and interleaved-abc of a score (or of MIDI, guessed), mtf of a MIDI file.",
)  # fmt: skip
@click.option("--bars", metavar="A-B", help="Only these bars.")
@click.option("--time", metavar="S-E", help="Only this time: 12.5-30, 0:30-1:15.")
@click.option("--staves", metavar="A-B", help="Only these staves of a score, from 1 at the top.")
@click.option(
    "-o", "--output", "out", metavar="OUT",
    type=click.Path(dir_okay=False, path_type=Path), help="Where to write; stdout by default.",
)  # fmt: skip
@click.pass_obj
def convert(
    home: Home,  # noqa: ARG001 - pass_obj
    file: str,
    target: str,
    bars: str | None,
    time: str | None,
    staves: str | None,
    out: Path | None,
) -> int:
    """Write what the encoder reads of a file.

    The tunes of a tune book are separated by an empty line. A score of MIDI is a guess at bars,
    voices and note values; searching never uses it.
    """
    part = part_of(bars, time, staves)
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
    texts = [registry.convert(piece, to, part.passage, part.staves) for piece in pieces]
    data = os.fsencode("\n".join(text if text.endswith("\n") else f"{text}\n" for text in texts))
    if out is None:
        click.echo(data, nl=False)
    else:
        out.write_bytes(data)
    return 0
