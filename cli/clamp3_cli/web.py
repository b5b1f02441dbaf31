"""``clamp3 web``: the local page, opened in the browser."""

import webbrowser

import click

from clamp3_cli import output
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home


@click.command()
@click.option("--print", "only_print", is_flag=True, help="Print the address, open nothing.")
@click.pass_obj
def web(home: Home, only_print: bool) -> int:
    """Open the local page in a browser.

    There the library is asked, seen, heard and looked after. The page comes from the daemon on this machine and asks nobody else. Its address holds a code that
    opens it once, within a minute; after that the tab stays open for as long as the daemon runs.
    """
    with ensure_daemon(home, on_wait=output.starting()) as client:
        address = f"http://127.0.0.1:{client.run.port}/#code={client.page_code()}"
    if only_print or not webbrowser.open(address):
        click.echo(address)
    return 0
