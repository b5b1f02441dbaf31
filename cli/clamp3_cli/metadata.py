"""``clamp3 train metadata``: texts about pieces, written by a language model from what was retrieved."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clamp3_cli.output import Ticker, say, shown
from clamp3_plugin.errors import UsageError
from clamp3_plugin.wire import dumps

if TYPE_CHECKING:  # the command line starts without them
    from clamp3_models.metadata.conversation import Outcome
    from clamp3_models.metadata.material import Material, Unfit

_EVERY_S = 10.0
_BAD = frozenset({"unfit", "failed"})
_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_KEYS = ("CLAMP3_LLM_KEY", "OPENAI_API_KEY")


@click.command(no_args_is_help=True)
@click.argument(
    "source", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="INPUT.jsonl"
)
@click.option("-o", "--output", required=True, type=_FILE, help="JSONL file that grows.")
@click.option("--endpoint", "url", required=True, metavar="URL", help="Such as https://host/v1.")
@click.option("--llm", required=True, metavar="NAME", help="The language model there.")
@click.option("--texts", type=_FOLDER, help="Folder with retrieved text: ID.txt or ID.md.")
@click.option(
    "--translate-to",
    metavar="CODES",
    help="Languages, separated by commas, one of which each record gets; '' for none"
    " (default: 31 of them).",
)
@click.option("--concurrency", type=click.IntRange(1, 256), default=4, show_default=True)
@click.option(
    "--retries",
    type=click.IntRange(0, 100),
    default=5,
    show_default=True,
    help="How often a record is asked about again before it is given up.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=120.0,
    show_default=True,
    help="Seconds to wait for an answer.",
)
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, show_default=True)
@click.option("--json-mode", is_flag=True, help="Ask for response_format json_object.")
@click.option(
    "--limit", type=click.IntRange(1), help="Read only so many records, to see what they cost."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a record, then the summary.")
def metadata(
    source: Path,
    output: Path,
    url: str,
    llm: str,
    texts: Path | None,
    translate_to: str | None,
    concurrency: int,
    retries: int,
    timeout: float,
    temperature: float,
    json_mode: bool,
    limit: int | None,
    as_json: bool,
) -> int:
    """Write texts about pieces with a language model.

    Each record of INPUT.jsonl brings an id, a title, artists and retrieved text (field retrieved or
    sources, or a file in --texts). It gets region, language, genres, tags, background, analysis,
    description, scene and translations, through any OpenAI-compatible endpoint. The key is taken from
    the environment: CLAMP3_LLM_KEY, else OPENAI_API_KEY.

    A run that was stopped goes on where it was: what is in the output is skipped, what failed is
    asked about again.
    """
    from clamp3_models.metadata.conversation import LANGUAGES, Plan  # noqa: PLC0415 - see above
    from clamp3_models.metadata.endpoint import Endpoint  # noqa: PLC0415 - the same
    from clamp3_models.metadata.generation import generate, moved  # noqa: PLC0415 - the same
    from clamp3_models.metadata.journal import Journal  # noqa: PLC0415 - the same
    from clamp3_models.metadata.material import Material, read_material  # noqa: PLC0415 - the same

    if output.suffix == ".zst" or output.resolve() == source.resolve():
        raise UsageError(f"{output} cannot be written to.", "Name another, plain .jsonl file.")
    key = next((os.environ[name].strip() for name in _KEYS if os.environ.get(name)), "")
    endpoint = Endpoint(url, llm, key, timeout, temperature, json_mode)
    plan = Plan(retries, LANGUAGES if translate_to is None else _codes(translate_to))
    tally = _Tally()

    def materials() -> Iterator["Material | Unfit"]:
        for item in islice(read_material(source, texts), limit):
            if isinstance(item, Material):
                yield moved(item, source.parent, output.parent)
            else:
                yield item

    with Journal(output) as journal, _progress(source, limit) as show:
        for outcome in generate(materials(), journal, endpoint, plan, concurrency=concurrency):
            tally.take(outcome)
            show(outcome)
            if as_json and outcome.status != "skipped":
                click.echo(dumps(_line(outcome)))
    click.echo(dumps({"summary": tally.summary()}) if as_json else str(tally))
    return 1 if any(tally.statuses[status] for status in _BAD) else 0


class _Tally:
    """Counts what became of the records and what they cost."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter(written=0, skipped=0, unfit=0, failed=0)
        self.costs: Counter[str] = Counter(requests=0, prompt_tokens=0, completion_tokens=0)
        self._began = time.monotonic()

    def take(self, outcome: "Outcome") -> None:
        self.statuses[outcome.status] += 1
        for name in self.costs:
            self.costs[name] += getattr(outcome, name)

    def summary(self) -> dict[str, float]:
        seconds = round(time.monotonic() - self._began, 1)
        return {**self.statuses, **self.costs, "seconds": seconds}

    def __str__(self) -> str:
        told = ", ".join(f"{count} {status}" for status, count in self.statuses.items() if count)
        costs = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in self.costs.items())
        return f"{told or 'no records'}; {costs}, in {self.summary()['seconds']} s"


def _codes(text: str) -> tuple[str, ...]:
    return tuple(code.strip().lower() for code in text.split(",") if code.strip())


def _line(outcome: "Outcome") -> dict[str, object]:
    return {
        "id": outcome.id,
        "status": outcome.status,
        "reason": outcome.reason or None,
        "message": outcome.message or None,
        "requests": outcome.requests,
    }


def _complaint(outcome: "Outcome") -> str:
    return shown(f"{outcome.status}: {outcome.id}: {outcome.message}")


@contextmanager
def _progress(source: Path, limit: int | None) -> Iterator[Callable[["Outcome"], None]]:
    """Show how far a run has come, and name every record that failed."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich import progress as parts  # noqa: PLC0415 - only for a terminal
    from rich.console import Console  # noqa: PLC0415 - as above

    from clamp3_models.metadata.material import count_lines  # noqa: PLC0415 - as above

    columns = (
        parts.TextColumn("{task.description}"),
        parts.BarColumn(),
        parts.MofNCompleteColumn(),
        parts.TimeRemainingColumn(elapsed_when_finished=True),
    )
    total = min(count_lines(source), limit or sys.maxsize)
    console = Console(stderr=True)
    with parts.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("metadata", total=total)

        def take(outcome: "Outcome") -> None:
            if outcome.status in _BAD:
                line = f"clamp3: {_complaint(outcome)}"
                console.print(line, markup=False, highlight=False)
            bar.advance(task)

        yield take


class _Lines:
    """Lines for a log."""

    def __init__(self) -> None:
        self._ticker = Ticker(_EVERY_S)
        self._done = 0

    def __call__(self, outcome: "Outcome", /) -> None:
        self._done += 1
        if outcome.status in _BAD:
            say(_complaint(outcome))
        if self._ticker.is_due():
            say(f"{self._done} records")
