"""``clamp3 bridge``: the daemon inside other programs."""

import asyncio
import sys

import click

from clamp3_cli import output
from clamp3_cli.bridge_hosts import install, list_hosts, status, uninstall
from clamp3_cli.bridge_watch import watch
from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.config import Home
from clamp3_plugin.errors import UsageError

INBOX = "inbox"  # of the data folder: for files that are asked with and not indexed


@click.group()
def bridge() -> None:
    """Use the daemon from inside other programs."""


bridge.add_command(watch)


for _command in (install, uninstall, status, list_hosts):
    bridge.add_command(_command)


@bridge.command()
@click.option(
    "--port",
    type=click.IntRange(1024, 65535),
    default=9123,
    show_default=True,
    help="UDP port to listen on.",
)
@click.option("--new-token", is_flag=True, help="Make another token; the old one is worth nothing.")
@click.pass_obj
def osc(home: Home, port: int, new_token: bool) -> int:
    """Answer DAWs, Pure Data, Max and SuperCollider by OSC, until interrupted.

    Listens on 127.0.0.1 only. Every message begins with a token, which is in the file that is named
    at the start; others get no answer. The messages: docs/bridges/osc.md.

    \b
    clamp3 bridge osc &
    oscsend osc.udp://127.0.0.1:9123 /clamp3/ping ssi TOKEN 1 9124
    """  # noqa: D301 - click's mark for lines that stay as they are
    try:
        # python-osc is an extra; asyncio and the bridge are for this command alone
        from clamp3_bridges.osc import asking, listener, secret  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("pythonosc"):
            raise
        hint = 'Install it: pip install "clamp3-plugin[osc]"'
        raise UsageError("The OSC bridge needs python-osc.", hint) from error
    token = secret.take_token(home, renew=new_token)
    inbox = home.data / INBOX
    inbox.mkdir(mode=0o700, exist_ok=True)

    def connect(tell: asking.Tell) -> Client:
        return ensure_daemon(home, on_wait=lambda _: tell(0.1, "starting the daemon"))

    sock = listener.bind(port)
    click.echo(f"Listening on {listener.HOST}, UDP port {port}.")
    click.echo(f"The token is in {output.shown(str(secret.token_file(home)))}")
    click.echo(f"Files that are not indexed go into {output.shown(str(inbox))}")
    sys.stdout.flush()
    counts = listener.Counts()
    try:
        asyncio.run(listener.listen(sock, token, asking.make_ask(connect, inbox), counts))
    except KeyboardInterrupt:
        output.say(f"{counts.asked} messages, {counts.dropped} dropped, {counts.answers} answers")
    return 0
