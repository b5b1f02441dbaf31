"""``clamp3 bridge install``, ``uninstall``, ``status`` and ``list``: files put into host programs."""

import json
from pathlib import Path

import click

from clamp3_bridges.hosts import HOSTS
from clamp3_bridges.installing import (
    Host,
    Place,
    Standing,
    State,
    ThisSystem,
    chosen,
    standing,
)
from clamp3_bridges.installing import install as put
from clamp3_bridges.installing import uninstall as take_away
from clamp3_cli import output
from clamp3_plugin import __version__
from clamp3_plugin.config import Home

_host = click.argument("name", metavar="HOST", type=click.Choice(sorted(HOSTS)))
_into = click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder where the program looks; without it, it is found.",
)


@click.command()
@_host
@_into
@click.pass_obj
def install(home: Home, name: str, into: Path | None) -> int:
    """Put the bridge into a program; see clamp3 bridge list.

    Finds where the program keeps its plugins or scripts, writes ours there, and says what to do in
    the program. Done again it renews them. Only files of this bridge are ever replaced.
    """
    host = HOSTS[name]
    for place in chosen(host, ThisSystem(), into):
        for path in put(host, place, home.create()):
            click.echo(output.shown(str(path)))
        output.say(f"{place.program} has the bridge {__version__}.")
        for step in host.next_steps(place):
            output.say(f"- {step}")
    return 0


@click.command()
@_host
@_into
@click.pass_obj
def uninstall(home: Home, name: str, into: Path | None) -> int:
    """Take the bridge out of a program; what else is in its folders stays.

    Exit code 1 if there was nothing to take out.
    """
    host = HOSTS[name]
    removed = [path for place in _all_places(host, into) for path in take_away(host, place, home)]
    for path in removed:
        click.echo(output.shown(str(path)))
    if not removed:
        output.say(f"The bridge is not in {host.title}.")
    return 0 if removed else 1


@click.command()
@click.argument("name", metavar="[HOST]", type=click.Choice(sorted(HOSTS)), required=False)
@_into
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def status(home: Home, name: str | None, into: Path | None, as_json: bool) -> int:
    """Tell into which programs the bridge was put, and whether it is of this version.

    Exit code 1 if one must be installed anew.
    """
    stale = False
    for host in [HOSTS[name]] if name else HOSTS.values():
        for place in _all_places(host, into):
            found = standing(host, place, home)
            stale = stale or found.state not in {State.ABSENT, State.CURRENT}
            _show(host, found, as_json=as_json)
    return 1 if stale else 0


@click.command("list")
def list_hosts() -> None:
    """Name the programs that a bridge can be put into."""
    for name, host in sorted(HOSTS.items()):
        click.echo(f"{name:12}{host.title}")


def _all_places(host: Host, into: Path | None) -> list[Place]:
    system = ThisSystem()
    return chosen(host, system, into) if into else list(host.places(system))


def _show(host: Host, found: Standing, *, as_json: bool) -> None:
    folder = str(found.place.folder)
    if as_json:
        about = {
            "host": host.name,
            "program": found.place.program,
            "present": found.place.is_present,
            "state": str(found.state),
            "version": found.version,
            "folder": folder,
        }
        click.echo(json.dumps(about))
        return
    told = {
        State.ABSENT: "not installed" if found.place.is_present else "program not found",
        State.CURRENT: f"installed, {found.version}",
        State.OUTDATED: f"version {found.version}, this is {__version__}",
        State.ALTERED: "altered, or made for another --home",
        State.FOREIGN: "a file of that name is in the way",
    }[found.state]
    advice = ""
    if found.state in {State.OUTDATED, State.ALTERED}:
        advice = f"  (renew it: clamp3 bridge install {host.name})"
    click.echo(f"{found.place.program:14}{told:36}{output.shown(folder)}{advice}")
