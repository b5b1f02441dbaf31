"""``clamp3 bridge watch``: answers each bounce or exported MIDI file that appears in a folder."""

import sys
import time
from pathlib import Path

import click

from clamp3_bridges.watch.asking import Asker, Finding
from clamp3_bridges.watch.folder import Folder
from clamp3_bridges.watch.notify import notify, program
from clamp3_cli import output
from clamp3_plugin import wire
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from clamp3_plugin.query import Hit

POLL_S = 0.5


@click.command()
@click.argument(
    "folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path)
)
@click.option(
    "-n", "count", type=click.IntRange(1, 50), default=3, show_default=True,
    help="How many hits a file.",
)  # fmt: skip
@click.option("--bpm", type=click.FloatRange(1, 1000), help="Tempo of MIDI files that name none.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--no-notify", is_flag=True, help="Show no desktop notifications.")
@click.pass_obj
def watch(
    home: Home,
    folders: tuple[Path, ...],
    count: int,
    bpm: float | None,
    as_json: bool,
    no_notify: bool,
) -> int:
    """Answer each bounce or exported MIDI file that appears in a folder, until interrupted.

    A line on stdout says what is like it; so does a notification where the desktop shows them. Files
    that are there at the start are left alone, and so are those whose names begin with clamp3-.

    \b
    clamp3 bridge watch ~/Music/Bounces
    clamp3 bridge watch ~/Music/Bounces --json | jq .hits[0].path
    """  # noqa: D301 - click's mark for lines that stay as they are
    watched = [Folder(folder) for folder in folders]
    asker = Asker(lambda: ensure_daemon(home, on_wait=output.starting()), count, bpm)
    desktop = () if no_notify else program()
    output.say(f"Watching {', '.join(str(folder) for folder in folders)}; Ctrl-C ends it.")
    try:
        while True:
            for path in [path for folder in watched for path in folder.poll()]:
                finding = asker.ask(path)
                if finding is not None:
                    _tell(finding, as_json=as_json)
                    notify(desktop, path.name, _said(finding))
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        return 0


def _tell(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        click.echo(wire.dumps(finding.to_wire()))
    else:
        click.echo(output.shown(f"{output.short_path(str(finding.path))}: {_said(finding)}"))
    sys.stdout.flush()


def _said(finding: Finding) -> str:
    if finding.error is not None:
        return str(finding.error)
    return "; ".join(map(_hit, finding.hits)) or "Nothing was found."


def _hit(hit: Hit) -> str:
    where = output.place(hit.passage)
    title = hit.piece.metadata.title or Path(hit.piece.path).name
    return f"{title}{f', {where}' if where else ''} ({hit.score:.3f})"
