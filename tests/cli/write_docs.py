"""docs/cli.md holds what ``--help`` says: ``python tests/cli/write_docs.py`` writes it anew.

With ``--print`` it only prints the page. A process of its own, for click remembers in a command by
which names it was asked for help.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from clamp3_cli.main import clamp3

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
MARK = "<!-- What follows is written by tests/cli/write_docs.py -->\n"
WIDTH = 88


def reference() -> str:
    """Give the help of every command, one after the other."""
    parts = [f"## `{' '.join(words)}`\n\n```text\n{_help(words)}```\n" for words in _commands()]
    return MARK + "\n" + "\n".join(parts)


def _commands() -> Iterator[list[str]]:
    yield ["clamp3"]
    context = click.Context(clamp3)
    for name in clamp3.list_commands(context):
        yield ["clamp3", name]
        command = clamp3.get_command(context, name)
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                yield ["clamp3", name, child]


def _help(words: list[str]) -> str:
    done = CliRunner().invoke(clamp3, [*words[1:], "--help"], "", terminal_width=WIDTH)
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


if __name__ == "__main__":
    page = PAGE.read_text("utf-8").partition(MARK)[0] + reference()
    if "--print" in sys.argv:
        sys.stdout.buffer.write(page.encode())
    else:
        PAGE.write_text(page, "utf-8")
