"""``clamp3 tag``: words for music, in the languages asked for."""

import os
from collections.abc import Mapping, Sequence

import click

from clamp3_cli import output
from clamp3_cli.access import reach
from clamp3_cli.questions import Typed, asking
from clamp3_plugin import wire
from clamp3_plugin.config import Home
from clamp3_plugin.errors import UsageError
from clamp3_plugin.query import TagHit


@click.command(no_args_is_help=True)
@asking
@click.option(
    "--lang", metavar="CODES", help="Languages of the tags, e.g. ko,en,zh (default: yours, en)."
)
@click.option(
    "-n", "count", type=click.IntRange(1, 200), default=10, show_default=True, help="How many tags."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--no-daemon", is_flag=True, help="Do it in this process; slow to start.")
@click.pass_obj
def tag(
    home: Home,
    words: tuple[str, ...],
    text: str | None,
    file: str | None,
    bars: str | None,
    time: str | None,
    staves: str | None,
    lang: str | None,
    count: int,
    as_json: bool,
    no_daemon: bool,
) -> int:
    """Tag music or a text, in many languages.

    Genres, dances, forms, moods, instruments, regions and periods that fit a file, a part of one, or
    a text. Where the model was calibrated, "right" says how often a tag is right at its score, for
    music that has something of its category at all; it is empty where nothing can be claimed.

    \b
    clamp3 tag ./jig.abc --lang ko,en
    clamp3 tag ./sonata.mid --time 0:30-1:00
    """  # noqa: D301 - click's mark for lines that stay as they are
    source = Typed(words, text, file, None, bars, time, staves).source()
    if source is None:
        raise UsageError("Nothing was asked.", "Give a file or a text.")
    languages = lang.replace(" ", "").split(",") if lang else languages_of(os.environ)
    # a text or file can be tagged before there is a library, which is then begun
    with reach(home, in_process=no_daemon, writing=not home.library.is_dir()) as library:
        tags = library.tag(source, languages, count)
    if as_json:
        lines = [wire.dumps(wire.tag_to_wire(each, rank)) for rank, each in enumerate(tags, 1)]
        click.echo(b"\n".join(lines))
    else:
        _show(tags)
    return 0 if tags else 1


def languages_of(environment: Mapping[str, str]) -> list[str]:
    """Give the user's language and English.

    Examples
    --------
    >>> languages_of({"LANG": "ko_KR.UTF-8"}), languages_of({"LC_ALL": "C", "LANG": "fi_FI"})
    (['ko', 'en'], ['en'])
    """
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((name for name in names if name), "C")
    code = locale.partition(".")[0].partition("_")[0].lower()
    return ["en"] if code in {"c", "posix", "en"} else [code, "en"]


def _show(tags: Sequence[TagHit]) -> None:
    """Print a table; the labels say which languages there are, for these were asked by any name."""
    columns = list(dict.fromkeys(code for each in tags for code in each.labels)) or ["en"]
    # a model without a calibration claims nothing of any tag
    claims = any(each.probability is not None for each in tags)
    rows = [
        (
            str(rank),
            f"{each.score:.3f}",
            *([_percent(each.probability)] if claims else []),
            *(each.labels.get(code, "") for code in columns),
            each.category,
        )
        for rank, each in enumerate(tags, 1)
    ]
    right = ["right"] if claims else []
    output.table(("rank", "score", *right, *columns, "category"), rows, "rank score right")


def _percent(probability: float | None) -> str:
    """Say a probability.

    Examples
    --------
    >>> _percent(0.874), _percent(0.003), _percent(None)
    ('87%', '<1%', '')
    """
    if probability is None:
        return ""
    return f"{probability:.0%}" if probability >= 0.01 else "<1%"
