"""``clamp3 find``: what a keystroke waits for, so nothing heavy is imported before it is needed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import click

from clamp3_cli import output
from clamp3_cli.access import reach
from clamp3_cli.questions import Typed, asking, word_source
from clamp3_plugin import wire
from clamp3_plugin.config import Home
from clamp3_plugin.errors import NoLibraryError, UsageError
from clamp3_plugin.music import Modality
from clamp3_plugin.query import MAX_HITS, Answer, Filter, Hit, Query, Source

_REASONS = {
    "filtered_out": "Nothing was found: --where and --modality let nothing through.",
    None: "Nothing was found.",
}
_GROUPS = {
    Modality.SCORE: "Scores",
    Modality.PERFORMANCE: "Performances",
    Modality.AUDIO: "Recordings",
}


@dataclass(frozen=True, slots=True)
class Form:
    """How hits are written."""

    json: bool = False
    print0: bool = False

    def __post_init__(self) -> None:
        """Refuse two forms at once."""
        if self.json and self.print0:
            raise UsageError("--json and --print0 exclude each other.")


@click.command(no_args_is_help=True)
@asking
@click.option("--like", metavar="PIECE_ID", help="Ask with a piece of the library.")
@click.option("--plus", multiple=True, metavar="Q", help="Add a text or a file to the question.")
@click.option("--minus", multiple=True, metavar="Q", help="Take a text or a file off it.")
@click.option(
    "-n", "count", type=click.IntRange(1, MAX_HITS), default=10, show_default=True,
    help="How many hits.",
)  # fmt: skip
@click.option(
    "--modality", "modalities", multiple=True,
    type=click.Choice([m.value for m in Modality if m is not Modality.TEXT]),
    help="Find only these (repeatable).",
)  # fmt: skip
@click.option(
    "--where", metavar="NAME=VALUE,...",
    help="Find only what fits: key=G,meter=6/8,tempo=80-120,bars=-32,duration=60-,folder=DIR,"
    "composer=bach.",
)  # fmt: skip
@click.option("--bpm", type=click.FloatRange(1, 1000), help="Tempo of a MIDI file that names none.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--print0", is_flag=True, help="Only the paths, each ended by a NUL.")
@click.option("--no-daemon", is_flag=True, help="Do it in this process; slow to start.")
@click.pass_obj
def find(
    home: Home,
    words: tuple[str, ...],
    text: str | None,
    file: str | None,
    bars: str | None,
    time: str | None,
    staves: str | None,
    like: str | None,
    plus: tuple[str, ...],
    minus: tuple[str, ...],
    count: int,
    modalities: tuple[str, ...],
    where: str | None,
    bpm: float | None,
    as_json: bool,
    print0: bool,
    no_daemon: bool,
) -> int:
    """Find pieces and passages like a text or some music.

    QUERY is a file if it exists (or begins with ./ or /), else a text in any language.

    \b
    clamp3 find lively Irish jig
    clamp3 find ./minuet.mxl --bars 9-16 --modality score
    clamp3 find 느린 왈츠 --where meter=3/4 --plus ./mine.mid
    """  # noqa: D301 - click's mark for lines that stay as they are
    form = Form(as_json, print0)
    first = Typed(words, text, file, like, bars, time, staves).source()
    if bpm is not None:
        first = _with_tempo(first, bpm)
    wanted = (*([first] if first else []), *map(word_source, plus))
    query = Query(wanted, tuple(map(word_source, minus)), count, _filter(where, modalities))
    with reach(home, in_process=no_daemon) as library:
        answer = library.find(query)
    return show(answer, form)


def show(answer: Answer, form: Form) -> int:
    """Write an answer; gives the exit code.

    Raises
    ------
    NoLibraryError
        There is nothing in the library yet.
    """
    if answer.reason == "library_empty":
        raise NoLibraryError("The library is empty.", "Put music into it: clamp3 index FOLDER")
    if not answer.hits:
        output.say(_REASONS.get(answer.reason, f"Nothing was found ({answer.reason})."))
        return 1
    if form.print0:
        paths = dict.fromkeys(hit.piece.path for hit in answer.hits)
        click.echo(b"".join(os.fsencode(path) + b"\0" for path in paths), nl=False)
    elif form.json:
        lines = [wire.dumps(wire.hit_to_wire(hit, rank)) for rank, hit in enumerate(answer.hits, 1)]
        click.echo(b"\n".join(lines))
    else:
        show_table(answer.hits)
    return 0


def show_table(hits: Sequence[Hit], below: str = "") -> None:
    """Write hits for people, paths relative to a folder if there is one.

    Where there are several modalities each has a table of its own: their scores do not compare.
    """
    rows = [(hit.piece.modality, _row(hit, rank, below)) for rank, hit in enumerate(hits, 1)]
    modalities = list(dict.fromkeys(modality for modality, _ in rows))
    for modality in modalities:
        if len(modalities) > 1:
            click.echo(f"{'' if modality is modalities[0] else chr(10)}{_GROUPS[modality]}")
        group = [row for each, row in rows if each is modality]
        header = ("rank", "score", "title", "composer", "where", "path")
        output.table(header, group, "rank score")


def _row(hit: Hit, rank: int, below: str) -> tuple[str, ...]:
    about = hit.piece.metadata
    title = about.title or os.path.basename(hit.piece.path)  # noqa: PTH119 - bytes of any kind
    tune = f" (tune {hit.piece.tune})" if hit.piece.tune > 1 else ""
    path = output.short_path(hit.piece.path, below) + tune
    return str(rank), f"{hit.score:.3f}", title, about.composer, output.place(hit.passage), path


def _with_tempo(source: Source | None, bpm: float) -> Source:
    """Read a MIDI file as DAWs export them: they keep the tempo, and count in first."""
    from clamp3_bridges.daw_midi import is_midi, tidy  # noqa: PLC0415 - few ask so

    if source is None or source.data is None or not is_midi(source.name):
        raise UsageError("--bpm is the tempo of a MIDI file.", "Give a file that ends in .mid.")
    is_part = source.passage is not None
    return replace(source, data=tidy(source.data, bpm, keep_silence=is_part))


def _filter(where: str | None, modalities: Sequence[str]) -> Filter:
    rules = wire.parse_where(where) if where is not None else Filter()
    return replace(rules, modalities=tuple(Modality(name) for name in modalities))
