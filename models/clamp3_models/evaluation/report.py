"""What was measured, as tables of figures: written as JSON and as Markdown."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from clamp3_models.evaluation import intervals
from clamp3_models.evaluation.intervals import Estimate
from clamp3_models.evaluation.space import Found

HITS = (1, 10, 100)
Figure = Estimate | float | int | str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    label: str
    figures: Mapping[str, Figure]

    def estimate(self, name: str) -> Estimate:
        """Give a figure that has an interval; KeyError where there is none of that name."""
        figure = self.figures[name]
        if not isinstance(figure, Estimate):
            raise KeyError(f"{name} has no interval")
        return figure


@dataclass(frozen=True, slots=True)
class Table:
    """Figures that belong together."""

    name: str
    """For programs: lower case, without spaces."""
    title: str
    about: str
    """How it was measured."""
    rows: tuple[Row, ...]

    def row(self, label: str) -> Row:
        """Find a line; KeyError where there is none."""
        for row in self.rows:
            if row.label == label:
                return row
        raise KeyError(label)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured of one model."""

    model: str
    """Identity of its embedding space."""
    data: Mapping[str, int]
    """How many pieces there were, of what kind."""
    tables: tuple[Table, ...]
    missing: tuple[str, ...] = ()
    """Data that was not there or could not be read, and what was not measured for it."""
    pictures: tuple[str, ...] = field(default=())
    """Names of PNG files beside the report."""

    def table(self, name: str) -> Table:
        """Find a table; KeyError where it was not measured."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)


def retrieval_row(label: str, found: Found) -> Row | None:
    """Sum up a search: MRR and Hit@k with their intervals; None where there was no query."""
    if not len(found.ranks):
        return None
    figures: dict[str, Figure] = {"queries": len(found.ranks), "references": found.references}
    figures["MRR"] = intervals.mean(1 / found.ranks)
    figures |= {f"Hit@{k}": intervals.mean(found.ranks <= k) for k in HITS}
    return Row(label, figures)


def rows(*found: Row | None) -> tuple[Row, ...]:
    """Keep the lines that could be measured."""
    return tuple(row for row in found if row is not None)


def write(report: Report, folder: Path) -> None:
    """Write a report for programs, ``report.json``, and for people, ``report.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    table = json.dumps(asdict(report), ensure_ascii=False, indent=1)
    (folder / "report.json").write_text(table + "\n", "utf-8")
    (folder / "report.md").write_text(markdown(report), "utf-8")


def markdown(report: Report) -> str:
    """Give a report as Markdown."""
    parts = [f"# Evaluation of {report.model}", _DATA]
    parts.append("\n".join(f"- {name}: {count:,}" for name, count in report.data.items()))
    parts += [markdown_of(table) for table in report.tables]
    if report.pictures:
        parts += ["## Pictures", *(f"![{name}]({name})" for name in report.pictures)]
    parts += ["## Missing", "\n".join(f"- {line}" for line in report.missing) or "Nothing."]
    return "\n\n".join(parts) + "\n"


def markdown_of(table: Table) -> str:
    """Give one table as Markdown, with its title and how it was measured."""
    return f"## {table.title}\n\n{table.about}\n\n{_markdown_table(table)}"


_DATA = (
    "Figures in brackets are 95 % confidence intervals (bootstrap over the queries). In a search a"
    " tie goes to the piece asked for."
)


def _markdown_table(table: Table) -> str:
    names = list(dict.fromkeys(name for row in table.rows for name in row.figures))
    head = [" ", *names]
    lines = [head, ["---", *("---:" for _ in names)]]
    lines += [
        [row.label, *(_shown(row.figures.get(name, "")) for name in names)] for row in table.rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(figure: Figure) -> str:
    if isinstance(figure, bool | str | Estimate):
        return str(figure)
    if isinstance(figure, int | np.integer):
        return f"{figure:,}"
    return f"{figure:.3f}"
