"""``clamp3 library``: what is in it, whether it is sound, and how it is kept."""

import os
import time
from dataclasses import replace
from pathlib import Path

import click

from clamp3_cli import output
from clamp3_cli.access import Access, reach
from clamp3_cli.progress import reason_of
from clamp3_plugin.client import Client
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import LibraryBusyError, NoDaemonError, NoLibraryError, NoModelError
from clamp3_plugin.music import Modality, Piece
from clamp3_plugin.query import Filter
from clamp3_plugin.wire import dumps, parse_where, passage_to_wire, piece_to_wire

_PAGE = 1000
_LOADING_S = 90.0

as_json = click.option("--json", "as_json", is_flag=True, help="As JSON, one object a line.")
no_daemon = click.option("--no-daemon", is_flag=True, help="Do it in this process.")


@click.group()
def library() -> None:
    """Look after the library.

    The library holds what was read of your files, never the files themselves: nothing here changes
    or removes a file of yours.
    """


@library.command()
@as_json
@no_daemon
@click.pass_obj
def stats(home: Home, as_json: bool, no_daemon: bool) -> int:
    """Count files, pieces and passages."""
    with reach(home, in_process=no_daemon) as access:
        if isinstance(access, Client):
            _await_model(access)
        counts = dict(access.stats())
    if as_json:
        click.echo(dumps(counts))
        return 0
    kinds = counts.pop("modalities", {})
    rows = [(name, _value(name, value)) for name, value in counts.items()]
    if isinstance(kinds, dict):
        rows += [(f"pieces: {name}", str(count)) for name, count in kinds.items()]
    output.table(("what", "value"), rows)
    return 0


@library.command("list")
@click.option("--where", metavar="NAME=VALUE,...", help="Only what fits, as for clamp3 find.")
@click.option(
    "--modality", "modalities", multiple=True, help="Only these (repeatable).",
    type=click.Choice([m.value for m in Modality if m is not Modality.TEXT]),
)  # fmt: skip
@click.option("-n", "count", type=click.IntRange(1), help="How many at most; all by default.")
@as_json
@no_daemon
@click.pass_obj
def list_(
    home: Home,
    where: str | None,
    modalities: tuple[str, ...],
    count: int | None,
    as_json: bool,
    no_daemon: bool,
) -> int:
    """List the pieces."""
    rules = parse_where(where) if where is not None else Filter()
    rules = replace(rules, modalities=tuple(map(Modality, modalities)))
    with reach(home, in_process=no_daemon) as access:
        pieces = _pages(access, rules, count)
    if not pieces:
        output.say("There is no such piece in the library.")
        return 1
    if as_json:
        click.echo(b"\n".join(dumps(piece_to_wire(piece)) for piece in pieces))
        return 0
    rows = [
        (p.id, p.metadata.title, p.metadata.composer, p.modality.value, _where(p)) for p in pieces
    ]
    output.table(("id", "title", "composer", "modality", "path"), rows)
    return 0


@library.command()
@click.argument("piece_id")
@as_json
@no_daemon
@click.pass_obj
def show(home: Home, piece_id: str, as_json: bool, no_daemon: bool) -> int:
    """Show what is known of a piece; the beginning of its id will do.

    Its passages are named by bars as counted and, where the page numbers them otherwise, as printed.
    """
    with reach(home, in_process=no_daemon) as access:
        piece = access.piece(piece_id)
        passages = access.passages(piece.id)
    about = piece_to_wire(piece)
    if as_json:
        click.echo(dumps({**about, "passages": [passage_to_wire(each) for each in passages]}))
        return 0
    for name in ("key", "tempo"):
        if about.pop(f"{name}_is_estimated"):
            about[name] = f"{about[name]} (estimated)"
    rows = [
        (name, ", ".join(value) if isinstance(value, list) else str(value))
        for name, value in about.items()
        if value not in ("", None, [])
    ]
    output.table(("what", "value"), rows)
    if passages:
        click.echo()
        stretches = [(output.place(each), output.seconds(each)) for each in passages]
        output.table(("passage", "time"), stretches)
    return 0


@library.command()
@click.option(
    "--deep", is_flag=True, help="Look also whether every file is still there, and check the model."
)
@no_daemon
@click.pass_obj
def check(home: Home, deep: bool, no_daemon: bool) -> int:
    """Check every row and every file of the library; exit code 1 if something is wrong."""
    with reach(home, in_process=no_daemon) as access:
        problems = [*access.check(deep=deep)]
    if deep:
        problems += _problems_of_model(home)
    for problem in problems:
        click.echo(output.shown(problem))
    if not problems:
        click.echo("The library is sound.")
    return 1 if problems else 0


@library.command()
@as_json
@no_daemon
@click.pass_obj
def errors(home: Home, as_json: bool, no_daemon: bool) -> int:
    """List the files that could not be put in, with the reasons."""
    with reach(home, in_process=no_daemon) as access:
        refused = access.errors()
    if as_json:
        for event in refused:
            click.echo(
                dumps({k: event.to_wire()[k] for k in ("path", "status", "reason", "message")})
            )
    elif refused:
        rows = [
            (event.reason, output.short_path(event.path), reason_of(event)) for event in refused
        ]
        output.table(("reason", "path", "message"), rows)
    else:
        click.echo("Every file could be read.")
    return 0


@library.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@no_daemon
@click.pass_obj
def forget(home: Home, paths: tuple[str, ...], no_daemon: bool) -> int:
    """Take files and folders out of the library, never off the disk."""
    absolute = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - bytes of any kind
    with reach(home, in_process=no_daemon, writing=True) as access:
        forgotten = access.forget(absolute)
    click.echo(f"{forgotten} pieces forgotten.")
    return 0 if forgotten else 1


@library.command()
@no_daemon
@click.pass_obj
def compact(home: Home, no_daemon: bool) -> int:
    """Give back disk space."""
    with reach(home, in_process=no_daemon, writing=True) as access:
        sizes = access.compact()
    before, after = (sizes.get(name) for name in ("bytes_before", "bytes_after"))
    if isinstance(before, int) and isinstance(after, int):
        click.echo(f"{output.size(before)} before, {output.size(after)} now.")
    return 0


@library.command()
@click.argument("archive", type=click.Path(path_type=Path))
@click.pass_obj
def backup(home: Home, archive: Path) -> int:
    """Write the library into one new file, a tar with checksums."""
    from clamp3_plugin.library.backup import back_up  # noqa: PLC0415 - seldom needed
    from clamp3_plugin.library.lock import LOCK_NAME, WriterLock  # noqa: PLC0415 - as above

    if not home.library.is_dir():
        raise NoLibraryError("There is no library yet.", "Put music into it: clamp3 index FOLDER")
    _stop_daemon(home)
    lock = WriterLock(home.library / LOCK_NAME)
    try:
        count = back_up(home.library, archive.absolute())
    finally:
        lock.release()
    click.echo(f"{count} files in {output.shown(str(archive))}.")
    return 0


@library.command()
@click.argument("archive", type=click.Path(path_type=Path))
@click.option(
    "--even-damaged", is_flag=True, help="Also where the library in it was damaged before."
)
@click.pass_obj
def restore(home: Home, archive: Path, even_damaged: bool) -> int:
    """Put the library of a backup in the place of the present one, which is kept beside it.

    Every checksum of the backup and every row of the library in it are looked at first.
    """
    from clamp3_plugin.library.backup import restore as unpack  # noqa: PLC0415 - seldom needed
    from clamp3_plugin.library.examination import problems_of  # noqa: PLC0415 - as above

    _stop_daemon(home)
    before = unpack(archive.absolute(), home.library, None if even_damaged else problems_of)
    click.echo("The library is restored.")
    if before is not None:
        output.say(f"what was there before is kept in {before}")
    return 0


def _problems_of_model(home: Home) -> list[str]:
    from clamp3_models.store import ModelStore  # noqa: PLC0415 - takes numpy along

    try:
        ModelStore(home).verify(Config.load(home).model)
    except NoModelError as error:
        return [str(error)]
    return []


def _stop_daemon(home: Home) -> None:
    """End an idle daemon, which holds the library; it is started again when it is needed."""
    try:
        client = Client.connect(home, any_version=True)
    except NoDaemonError:
        return
    with client:
        if client.status().get("jobs"):
            raise LibraryBusyError("An index run is under way.", "Wait for its end.")
        output.say("stopping the daemon for this; it starts again when it is needed")
        client.stop()


def _await_model(client: Client) -> None:
    """Wait until the daemon has loaded its model, for the library is that of the model."""
    deadline = time.monotonic() + _LOADING_S
    while client.status().get("state") == "loading" and time.monotonic() < deadline:
        time.sleep(0.1)


def _pages(access: Access, rules: Filter, count: int | None) -> list[Piece]:
    pieces: list[Piece] = []
    while count is None or len(pieces) < count:
        limit = _PAGE if count is None else min(_PAGE, count - len(pieces))
        page = access.pieces(rules, len(pieces), limit)
        pieces += page
        if len(page) < limit:
            break
    return pieces


def _where(piece: Piece) -> str:
    tune = f" (tune {piece.tune})" if piece.tune > 1 else ""
    return output.short_path(piece.path) + tune


def _value(name: str, value: object) -> str:
    return output.size(value) if isinstance(value, int) and "bytes" in name else str(value)
