"""What a run reports: ``log.jsonl``, a line a step and a line an epoch, and the curves drawn from it."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

Line = dict[str, float]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class History:
    """The log of one run; lines of an epoch have ``eval_loss``, those of a step have not."""

    folder: Path

    @property
    def path(self) -> Path:
        """Where the lines are."""
        return self.folder / "log.jsonl"

    def add(self, line: Line) -> None:
        """Add a line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def lines(self) -> list[Line]:
        """Read all lines; one that was cut off by a kill is left out."""
        if not self.path.exists():
            return []
        found = []
        for line in self.path.read_text("utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def rewind(self, step: int) -> None:
        """Drop what was logged after a step that a run goes on from."""
        kept = [line for line in self.lines() if line["step"] <= step]
        self.folder.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line) + "\n" for line in kept)
        self.path.write_text(text, "utf-8")

    def mean_loss(self, after: int) -> float:
        """Average the losses of the steps after one."""
        losses = [line["loss"] for line in self.lines() if "loss" in line and line["step"] > after]
        return sum(losses) / len(losses) if losses else float("nan")

    def draw(self) -> None:
        """Draw the curves to ``curves.png``."""
        try:
            from matplotlib.figure import Figure  # noqa: PLC0415 - in the extra `train`
        except ImportError:
            _log.warning(
                "no curves are drawn: matplotlib is not installed (pip install matplotlib)"
            )
            return
        lines = self.lines()
        steps = [line for line in lines if "loss" in line]
        epochs = [line for line in lines if "eval_loss" in line]
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot(xlabel="step", ylabel="loss")
        axes.plot(
            [line["step"] for line in steps], [line["loss"] for line in steps],
            linewidth=0.8, alpha=0.6, label="training",
        )  # fmt: skip
        axes.plot(
            [line["step"] for line in epochs], [line["eval_loss"] for line in epochs],
            marker="o", markersize=3, label="evaluation",
        )  # fmt: skip
        axes.legend()
        figure.savefig(self.folder / "curves.png", dpi=120)
