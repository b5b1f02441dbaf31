"""The command ``clamp3``: its global options, its commands by name, and how it ends.

A command gives its exit code as an ``int``. What goes wrong becomes one line on stderr and one of
the exit codes 1 (something failed), 2 (usage), 3 (no daemon, model or library), 4 (the input was
refused) and 130 (interrupted).
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple, NoReturn

import click

from clamp3_cli.output import say, shown
from clamp3_plugin import __version__
from clamp3_plugin.config import Home
from clamp3_plugin.errors import Clamp3Error

INTERRUPTED = 130


class Entry(NamedTuple):
    """Where a command is, and its line in ``clamp3 --help``: so that help imports no command."""

    module: str
    attribute: str
    help: str


COMMANDS = {
    "find": Entry("find", "find", "Find pieces and passages like a text or some music."),
    "tag": Entry("tag", "tag", "Tag music or a text, in many languages."),
    "index": Entry("index", "index", "Put folders and files into the library."),
    "library": Entry("library", "library", "Look after the library."),
    "embed": Entry("embed", "embed", "Write the embeddings of files."),
    "convert": Entry("convert", "convert", "Write what the encoder reads of a file."),
    "models": Entry("models", "models", "Get, choose and check models."),
    "daemon": Entry("daemon", "daemon", "Start, stop and watch the daemon."),
    "serve": Entry("daemon", "serve", "Run the daemon in the foreground."),
    "web": Entry("web", "web", "Open the local page in a browser."),
    "bridge": Entry("bridge", "bridge", "Use the daemon from inside other programs."),
    "train": Entry("train", "train", "Make models: a recipe says how, records say from what."),
    "eval": Entry(
        "evaluate",
        "evaluate",
        "Measure a model, or embeddings that are saved as .npy files (see clamp3 embed).",
    ),
    "doctor": Entry("doctor", "doctor", "Check that everything is well."),
    "report": Entry("report", "report", "Describe this installation for a bug report."),
    "licenses": Entry("licenses", "licenses", "Say who owns what."),
    "demo": Entry("demo", "demo", "Take a tour on real music."),
}


class Program(click.Group):
    """A group that imports only the command it runs, and turns errors into a line and a code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands, in the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        entry = COMMANDS[cmd_name]
        command = getattr(import_module(f"clamp3_cli.{entry.module}"), entry.attribute)
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a reader that went away (``clamp3 … | head``) is no error of ours."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return _stop_printing()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002 - click's signature; this one always exits
        **extra: object,
    ) -> NoReturn:
        """Run and end the process with the exit code."""
        _let_streams_print_anything()
        code: object = 0
        try:
            # not standalone, so that errors come here and not onto the terminal
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
        except (KeyboardInterrupt, click.Abort):
            say("interrupted")
            sys.exit(INTERRUPTED)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except Exception as error:  # the outermost handler: users see no traceback
            if os.environ.get("CLAMP3_DEBUG"):
                raise
            sys.exit(_end(error))
        sys.exit(code if isinstance(code, int) else 0)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    metavar="DIR",
    help="Keep settings, library, models and logs under DIR (default: CLAMP3_HOME, else where"
    " the system keeps such things).",
)
@click.version_option(__version__, prog_name="clamp3", message="%(prog)s %(version)s")
@click.pass_context
def clamp3(ctx: click.Context, home: str | None) -> None:
    """Find music by describing it, or by more music.

    \b
    clamp3 index ~/Music/scores
    clamp3 find lively Irish jig
    clamp3 find ./minuet.mxl --bars 9-16

    Exit codes: 0 done, 1 nothing found or some files failed, 2 usage, 3 no daemon, model or
    library, 4 the input was refused, 130 interrupted.
    """  # noqa: D301 - click's mark for lines that stay as they are
    ctx.obj = Home.locate(home)


def program() -> None:
    """Run ``clamp3`` as a process of its own.

    A command that asked the daemon has nothing to tidy up, and taking the interpreter down would be a
    twelfth of its time; where numpy came in there may be threads and files, and Python ends as usual.
    """
    try:
        clamp3(prog_name="clamp3")
    except SystemExit as ended:
        if "numpy" in sys.modules or not isinstance(ended.code, int):
            raise
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code)


def _end(error: Exception) -> int:
    """Say what went wrong in a line; gives the exit code."""
    if isinstance(error, Clamp3Error):
        say(str(error))
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        return _stop_printing()
    if isinstance(error, OSError) and error.strerror:
        where = f"{shown(os.fsdecode(error.filename))}: " if error.filename else ""
        say(f"{where}{error.strerror}.")
        return 4
    say(
        f"this is a mistake of ours: {type(error).__name__}: {error}."
        " Please report it with what CLAMP3_DEBUG=1 adds."
    )
    return 1


def _stop_printing() -> int:
    """Let what is still in the buffer go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _let_streams_print_anything() -> None:
    """Escape what a stream's encoding lacks, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
