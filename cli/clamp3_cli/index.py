"""``clamp3 index``: folders and files into the library, as much of them as is new."""

import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from functools import partial
from typing import Protocol

import click

from clamp3_cli import output
from clamp3_cli.progress import Unheard, is_failure, progress, summary
from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import NoDaemonError, UsageError
from clamp3_plugin.wire import IndexEvent, IndexSummary, dumps

OnEvent = Callable[[IndexEvent], None]


class Run(Protocol):
    """Brings a library up to date."""

    def __call__(
        self, home: Home, paths: Sequence[str], take: OnEvent, /, *, retry: bool
    ) -> IndexSummary:
        """Give the summary of a run, and take in what becomes of each file meanwhile."""


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, then the summary.")
@click.option(
    "--retry", is_flag=True, help="Read files again that were refused or failed, though unchanged."
)
@click.option("--no-daemon", is_flag=True, help="Do it in this process.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    help="Threads of the encoder, with --no-daemon, or of each worker of Ray; the daemon's are in"
    " config.toml.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    help="What does the work: this machine's encoder, or the workers of Ray (see docs/scale.md).",
)
@click.option(
    "--library",
    metavar="WHERE",
    help="With --engine ray: another library's folder, or s3://bucket/prefix.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --engine ray: how many, instead of one a core.",
)
@click.pass_obj
def index(
    home: Home,
    paths: tuple[str, ...],
    as_json: bool,
    retry: bool,
    no_daemon: bool,
    threads: int | None,
    engine: str,
    library: str | None,
    workers: int | None,
) -> int:
    """Put folders and files into the library.

    Takes scores, MIDI and recordings, and only what is new: unchanged files are not opened, moved ones
    not encoded again, those that are gone leave the library. A file that cannot be read is named
    with the reason and holds up nothing. What is done stays done if you stop it with Ctrl-C.
    """
    by_ray = engine == "ray"
    if not by_ray and (library or workers):
        raise UsageError("--library and --workers are for --engine ray.")
    if threads and not no_daemon and not by_ray:
        raise UsageError(
            "--threads is for --no-daemon: the daemon's encoder serves others too.",
            "Set threads in config.toml, then: clamp3 daemon stop",
        )
    absolute = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - bytes of any kind
    failures = 0
    unheard = Unheard()
    out = sys.stdout
    run: Run = partial(_in_process, threads=threads) if no_daemon else _by_daemon
    if by_ray:
        run = partial(_by_ray, library=library, workers=workers or 0, threads=threads or 1)
    with progress() as show:

        def take(event: IndexEvent) -> None:
            nonlocal failures
            failures += is_failure(event)
            unheard(event)
            show(event)
            if as_json:
                click.echo(dumps(line(event)), file=out)

        end = run(home, absolute, take, retry=retry)
    unheard.tell()
    if end.error is not None:
        raise end.error
    click.echo(dumps({"summary": dict(end.counts)}) if as_json else summary(end.counts))
    return 1 if failures else 0


def line(event: IndexEvent) -> dict[str, object]:
    """Give an event as one line of ``index --json``."""
    return {
        "path": event.path,
        "status": event.status,
        "reason": event.reason or None,
        "message": event.message or None,
        "passages": event.passages,
    }


def _by_daemon(home: Home, paths: Sequence[str], take: OnEvent, *, retry: bool) -> IndexSummary:
    with ensure_daemon(home, on_wait=output.starting()) as client:
        events = client.index(paths, retry=retry)
        try:
            for event in events:
                if isinstance(event, IndexSummary):
                    return event
                take(event)
        finally:
            if isinstance(events, Generator):
                events.close()  # ends the run, where it is still under way
    raise NoDaemonError("The daemon ended the run without a summary.", "Index again.")


def _in_process(
    home: Home, paths: Sequence[str], take: OnEvent, *, retry: bool, threads: int | None
) -> IndexSummary:
    from clamp3_cli.wiring import make_service  # noqa: PLC0415 - torch, lancedb: seconds

    config = Config.load(home)
    service = make_service(home.create(), replace(config, threads=threads or config.threads))
    try:
        service.load()
        return IndexSummary("done", service.index(paths, take, lambda: False, retry=retry))
    finally:
        service.close()


def _by_ray(
    home: Home,
    paths: Sequence[str],
    take: OnEvent,
    *,
    retry: bool,
    library: str | None,
    workers: int,
    threads: int,
) -> IndexSummary:
    from clamp3_cli.scaling import index_by_ray  # noqa: PLC0415 - torch, lancedb, Ray: seconds

    with redirect_stdout(sys.stderr):  # Ray prints there that a worker has died
        counts = index_by_ray(
            home.create(), library or str(home.library), paths, take,
            retry=retry, workers=workers, threads=threads,
        )  # fmt: skip
    return IndexSummary("done", counts)
