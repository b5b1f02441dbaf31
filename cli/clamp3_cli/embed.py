"""``clamp3 embed``: files to an array of NumPy."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from clamp3_cli import output
from clamp3_cli.access import reach
from clamp3_cli.questions import file_source
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import UsageError
from clamp3_plugin.query import Source
from clamp3_plugin.wire import Vectors


@click.command(no_args_is_help=True)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "-o", "--output", "target", required=True, metavar="OUT.npy",
    type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Where to write.",
)  # fmt: skip
@click.option("--local", is_flag=True, help="The frames before pooling (T, hidden) of one file.")
@click.option("--model", metavar="NAME", help="Another model than the one in use.")
@click.option("--no-daemon", is_flag=True, help="Do it in this process; slow to start.")
@click.pass_obj
def embed(
    home: Home,
    files: tuple[str, ...],
    target: Path,
    local: bool,
    model: str | None,
    no_daemon: bool,
) -> int:
    """Write the embeddings of files.

    Global embeddings before normalisation, float32 (n, dim), a row a file. Takes music files and, as
    they are, what the encoder reads: .txt, interleaved .abc, .mtf, and .npy with audio features
    (T, hidden). Recordings (.wav, .flac, .mp3 ...) need a model with an audio encoder and its front
    end: clamp3 models pull mert-v1-95m.
    """
    if local and len(files) > 1:
        raise UsageError(f"--local takes one file, not {len(files)}.", "Run it for each file.")
    sources = [file_source(file) for file in files]
    config = Config.load(home)
    named = replace(config, model=model or config.model)
    if no_daemon or named != config:
        vectors = _in_process(home, named, sources, local=local)
    else:
        with reach(home, in_process=False) as daemon:
            vectors = [daemon.embed(source, local=local) for source in sources]
    rows, columns = _write(target, vectors)
    output.say(f"{target}: float32 ({rows}, {columns}), {vectors[0].space}")
    return 0


def _in_process(
    home: Home, config: Config, sources: Sequence[Source], *, local: bool
) -> list[Vectors]:
    """Embed with a model loaded here; needs no library."""
    from clamp3_cli.loaded import embed_sources  # noqa: PLC0415 - torch: seconds

    return embed_sources(home, config, sources, local=local)


def _write(target: Path, vectors: Sequence[Vectors]) -> tuple[int, int]:
    import numpy as np  # noqa: PLC0415 - only once there is something to write

    parts = [np.frombuffer(v.data, "<f4").reshape(v.rows, v.columns) for v in vectors]
    array = np.concatenate(parts)
    with target.open("wb") as file:  # not np.save(path), which would add an ending
        np.save(file, array)
    rows, columns = array.shape
    return rows, columns
