"""``clamp3 models``: which models there are, whose they are, and which one is used."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clamp3_cli import output
from clamp3_plugin.client import Client
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import NoDaemonError, UsageError
from clamp3_plugin.wire import dumps

if TYPE_CHECKING:  # reading a weights file's header takes numpy along
    from clamp3_models.store import ModelInfo, ModelStore

as_json = click.option("--json", "as_json", is_flag=True, help="As JSON, one object a line.")


@click.group()
def models() -> None:
    """Get, choose and check models."""


@models.command("list")
@as_json
@click.pass_obj
def list_(home: Home, as_json: bool) -> int:
    """List the models that are here; * marks the one in use, part what others need."""
    used = Config.load(home).model
    found = _store(home).list()
    if as_json:
        for info in found:
            click.echo(dumps({**_about(info), "used": info.name == used}))
        return 0
    rows = [
        (
            "*" if info.name == used else "part" if info.kind == "part" else "",
            info.name,
            info.licence,
            output.size(info.size_bytes),
            str(info.dim or ""),
            "yes" if info.audio else "no",
            info.problem or info.summary,
        )
        for info in found
    ]
    output.table(("use", "name", "licence", "size", "dim", "audio", "what"), rows, "size dim")
    if used not in {info.name for info in found}:
        output.say(f"the model in use, {used!r}, is not here")
    return 0


@models.command()
@click.argument("name")
@as_json
@click.pass_obj
def show(home: Home, name: str, as_json: bool) -> int:
    """Show what is known of a model: folder, licence, source, size, sha256."""
    about = _about(_store(home).show(name))
    if as_json:
        click.echo(dumps(about))
    else:
        rows = [(key, str(value)) for key, value in about.items() if value != ""]
        output.table(("what", "value"), rows)
    return 1 if about["problem"] else 0


@models.command()
@click.argument("name")
@click.option(
    "--accept-license", "--yes", "accepted", is_flag=True, help="Agree to the licence beforehand."
)
@click.pass_obj
def pull(home: Home, name: str, accepted: bool) -> int:
    """Download a published model: saas or c2, or mert-v1-95m.

    mert-v1-95m is the part that saas and c2 need to read recordings; its licence is CC BY-NC 4.0, for
    non-commercial use only. Shows the licence before the first byte, resumes, and checks size and
    sha256. Heeds HF_ENDPOINT, HF_HOME, HF_HUB_OFFLINE and the proxies of the system.
    """
    from clamp3_models.pull import pull as fetch  # noqa: PLC0415 - torch: seconds

    def confirm(licence: str) -> bool:
        output.say(licence)
        if not accepted and not sys.stdin.isatty():
            raise UsageError(
                "Nobody is here to agree to the licence.", "If you do: --accept-license (or --yes)."
            )
        return accepted or click.confirm("Download it under this licence?", err=True)

    with _downloading() as show_progress:
        info = fetch(name, _store(home), confirm=confirm, progress=show_progress)
    return _tell(info)


@models.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--name", help="What to call it; by default as the file or folder.")
@click.option(
    "--tokenizer", type=click.Path(path_type=Path), metavar="FILE",
    help="sentencepiece.bpe.model or tokenizer.json, where the source has none.",
)  # fmt: skip
@click.pass_obj
def import_(home: Home, source: Path, name: str | None, tokenizer: Path | None) -> int:
    """Take in an official .pth checkpoint or a model folder.

    With --name mert-v1-95m the source is MERT's pytorch_model.bin, or a folder of the hub with it.
    """
    from clamp3_models.checkpoint import import_model  # noqa: PLC0415 - torch: seconds
    from clamp3_models.parts import MERT, import_mert  # noqa: PLC0415 - as above

    called = name or source.absolute().stem.lower()
    if called == MERT:
        return _tell(import_mert(source, _store(home)))
    return _tell(import_model(source, _store(home), called, tokenizer=tokenizer))


def _tell(info: "ModelInfo") -> int:
    """Say that a model is here, and what comes next."""
    click.echo(f"{info.name} is in {output.shown(str(info.path))}.")
    if info.kind == "part":
        output.say("recordings are read by way of it, under its licence: non-commercial use only")
    else:
        output.say(f"to use it: clamp3 models use {info.name}")
    return 0


@models.command()
@click.argument("name")
@click.pass_obj
def use(home: Home, name: str) -> int:
    """Use a model from now on; each model has a library of its own."""
    _store(home).use(name)
    click.echo(f"{name} is used from now on.")
    try:
        with Client.connect(home, any_version=True) as client:
            running = client.status().get("model")
    except NoDaemonError:
        return 0
    if running != name:
        output.say(f"the daemon still runs with {running}; to change it: clamp3 daemon stop")
    return 0


@models.command()
@click.argument("name", required=False)
@click.pass_obj
def verify(home: Home, name: str | None) -> int:
    """Read a model completely and compare every checksum; by default the one in use."""
    info = _store(home).verify(name or Config.load(home).model)
    click.echo(f"{info.name} is sound (sha256 {info.sha256}).")
    return 0


@models.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(home: Home, name: str, yes: bool) -> int:
    """Delete a model that was pulled or imported."""
    store = _store(home)
    info = store.show(name)
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("Nobody is here to be asked.", "If you mean it: --yes")
        question = f"Delete {name} ({output.size(info.size_bytes)}) from {info.path}?"
        if not click.confirm(output.shown(question), err=True):
            return 1
    store.remove(name)
    click.echo(f"{name} is removed.")
    return 0


def _store(home: Home) -> "ModelStore":
    from clamp3_models.store import ModelStore  # noqa: PLC0415 - takes numpy along

    return ModelStore(home)


def _about(info: "ModelInfo") -> dict[str, object]:
    return {**asdict(info), "path": str(info.path)}


@contextmanager
def _downloading() -> Iterator[Callable[[int, int], None]]:
    """Show received and total bytes: a bar on a terminal, else now and then a line."""
    if not sys.stderr.isatty():
        ticker = output.Ticker(10.0)

        def line(received: int, total: int) -> None:
            if ticker.is_due():
                output.say(f"{output.size(received)} of {output.size(total)}")

        yield line
        return
    from rich import progress as parts  # noqa: PLC0415 - only for a terminal
    from rich.console import Console  # noqa: PLC0415 - as above

    columns = (
        parts.BarColumn(),
        parts.DownloadColumn(),
        parts.TransferSpeedColumn(),
        parts.TimeRemainingColumn(),
    )
    with parts.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, start=False)

        def move(received: int, total: int) -> None:
            bar.start_task(task)
            bar.update(task, completed=received, total=total or None)

        yield move
