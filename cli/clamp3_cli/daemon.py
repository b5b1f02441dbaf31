"""``clamp3 daemon`` and ``clamp3 serve``: the daemon in the background and in the foreground."""

import json
import sys
from collections import deque
from dataclasses import replace

import click

from clamp3_cli import output
from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import MissingFileError, NoDaemonError
from clamp3_plugin.wire import JsonObject


@click.group()
def daemon() -> None:
    """Start, stop and watch the daemon.

    It is started when it is needed and leaves after some idle minutes (keep_alive_s in
    config.toml), so these commands are rarely needed.
    """


@daemon.command()
@click.pass_obj
def start(home: Home) -> int:
    """Start the daemon in the background, if none runs."""
    with ensure_daemon(home, on_wait=output.starting()) as client:
        click.echo(f"The daemon runs (pid {client.run.pid}, port {client.run.port}).")
    return 0


@daemon.command()
@click.pass_obj
def stop(home: Home) -> int:
    """Stop the daemon and wait until it is gone."""
    try:
        client = Client.connect(home, any_version=True)
    except NoDaemonError as error:
        output.say(error.message)
        return 0
    with client:
        client.stop()
    click.echo("The daemon has stopped.")
    return 0


@daemon.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.pass_obj
def status(home: Home, as_json: bool) -> int:
    """Tell what the daemon is doing: model, device, memory, library."""
    with Client.connect(home) as client:
        about = client.status()
    if as_json:
        click.echo(json.dumps(about))
    else:
        _show(about)
    return 0


@daemon.command()
@click.option(
    "-n", "count", type=click.IntRange(1), default=50, show_default=True, help="How many lines."
)
@click.pass_obj
def logs(home: Home, count: int) -> int:
    """Show the last lines of the daemon's log."""
    try:
        with home.log_file.open(encoding="utf-8", errors="backslashreplace") as file:
            lines = deque(file, maxlen=count)
    except FileNotFoundError as error:
        message = f"There is no log yet: {home.log_file}."
        raise MissingFileError(message, "The daemon writes it: clamp3 daemon start") from error
    for line in lines:
        click.echo(output.shown(line.rstrip("\n")))
    return 0


@click.command()
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    help="Threads of the encoder; else as config.toml says.",
)
@click.pass_obj
def serve(home: Home, threads: int | None) -> int:
    """Run the daemon in the foreground.

    Ctrl-C stops it. What starts it in the background is clamp3 daemon start, and any command that needs it.
    """
    from clamp3_cli.wiring import make_service  # noqa: PLC0415 - torch, lancedb: seconds
    from clamp3_plugin.daemon.lifecycle import serve as serve_daemon  # noqa: PLC0415 - as above

    config = Config.load(home)
    config = replace(config, threads=threads or config.threads)
    if sys.stderr.isatty():
        output.say("serving; Ctrl-C stops it")
    return serve_daemon(home, config, lambda: make_service(home, config))


def _show(about: JsonObject) -> None:
    library = about.pop("library", {})
    error = about.pop("error", None)
    rows = [(name, _value(name, value)) for name, value in about.items() if value != ""]
    if isinstance(error, dict):
        rows.append(("error", f"{error.get('message', '')} {error.get('hint', '')}"))
    if isinstance(library, dict):
        rows += [(f"library {name}", _value(name, value)) for name, value in library.items()]
    output.table(("what", "value"), rows)


def _value(name: str, value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count} {key}" for key, count in value.items())
    if isinstance(value, int) and "bytes" in name:
        return output.size(value)
    return str(value)
