"""``clamp3 eval`` on records and folders, as a user runs it."""

import json
from pathlib import Path

import numpy as np
import pytest

from clamp3_plugin.config import Home
from tests.models.evaluation.conftest import midi, record

pytest.importorskip("sklearn", reason="needs the extra eval")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of records, and beside them what a benchmark would publish."""
    folder = tmp_path_factory.mktemp("data")
    made = [record(i, licence_class="open", description=f"Tune {i}.") for i in range(12)]
    rows = [json.dumps({"id": each.id, "src": each.source, **each.fields}) for each in made]
    (folder / "dev.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    return folder


def test_a_report_is_written_with_its_pictures(run, tiny: Home, data: Path, tmp_path: Path):
    done = run(tiny, "eval", "report", "tiny", "--data", str(data), "-o", str(tmp_path / "out"))

    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["data"]["scores"] == 12
    assert "Text to performance: no piece has what it needs" in report["missing"]
    assert all((tmp_path / "out" / name).is_file() for name in report["pictures"])
    assert done.stdout == (tmp_path / "out" / "report.md").read_text("utf-8")


def test_modalities_languages_and_tags_of_records(run, tiny: Home, data: Path):
    model = ("--data", str(data), "--model", "tiny", "--json")

    crossed = json.loads(run(tiny, "eval", "cross-modal", *model, "--query", "description").stdout)
    spoken = json.loads(run(tiny, "eval", "multilingual", *model, "--lang", "fi").stdout)
    tagged = run(tiny, "eval", "tags", *model).stdout.splitlines()

    assert [row["label"] for row in crossed["rows"]] == ["text to score", "score to text"]
    assert [row["label"] for row in spoken["rows"]] == ["en", "fi", "mean of 1"]
    assert json.loads(tagged[0])["rows"][0]["label"] == "genre"


def test_a_probe_reads_labels_from_file_names(run, home: Home, tmp_path: Path):
    draws = np.random.default_rng(0)
    for i in range(40):
        row = draws.normal(size=(1, 4)).astype(np.float32)
        row[0, 0] = 2 * (i % 2) - 1
        np.save(tmp_path / f"{'ab'[i % 2]}_{i}.npy", row)

    done = run(home, "eval", "probe", str(tmp_path), "--learning-rate", "0.05", "--json")

    found = json.loads(done.stdout)
    assert (found["task"], found["labels"], found["evaluated_on"]) == ("classes", ["a", "b"], 8)
    assert found["figures"]["accuracy"] == 1


def test_labels_may_stand_in_a_file_and_all_must_be_there(run, home: Home, tmp_path: Path):
    for i in range(20):
        np.save(tmp_path / f"x{i}.npy", np.array([[i, 1]], np.float32))
    labels = {f"x{i}": float(i) for i in range(20)}
    (tmp_path / "labels.json").write_text(json.dumps(labels), "utf-8")
    command = ("eval", "probe", str(tmp_path), "--labels", str(tmp_path / "labels.json"))

    done = run(home, *command, "--learning-rate", "0.05")
    (tmp_path / "labels.json").write_text("{}", "utf-8")
    refused = run(home, *command)

    assert "numbers: trained on 16, held out 4" in done.stdout
    assert refused.exit_code == 2
    assert "no label for 'x0'" in refused.stderr


def test_a_benchmark_is_imported_and_then_measured(run, tiny: Home, tmp_path: Path):
    rows = [{"location": f"{i}.mid", "caption": f"Tune {i}"} for i in range(3)]
    (tmp_path / "train.json").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    for i in range(3):
        (tmp_path / f"{i}.mid").write_bytes(midi(i))
    records = tmp_path / "records" / "midicaps.jsonl"

    done = run(
        tiny, "eval", "import", "midicaps", str(tmp_path / "train.json"), "-o", str(records)
    )  # fmt: skip
    crossed = run(
        tiny, "eval", "cross-modal", "--model", "tiny", "--data", str(records.parent),
        "--query", "description",
    )  # fmt: skip

    assert done.stdout.startswith("3 records with music: ")
    assert "| text to recording | 3 | 3 |" in crossed.stdout


def test_what_is_missing_in_the_question_is_said(run, home: Home):
    for command in ("cross-modal", "multilingual"):
        done = run(home, "eval", command)
        assert done.exit_code == 2
        assert "or --data with records" in done.stderr
