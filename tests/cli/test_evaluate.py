"""``clamp3 eval``: the reference's numbers on standard output, strangers on standard error."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from clamp3_cli.evaluate import evaluate
from clamp3_plugin.errors import BrokenFileError

GOLDEN = Path(__file__).parents[1] / "golden" / "retrieval"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text("utf-8"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reference's folder of features, seen from where the reference saw it."""
    with np.load(GOLDEN / "features.npz") as arrays:
        for name, array in arrays.items():
            path = tmp_path / "cache" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, array)
    (tmp_path / "inference").mkdir()
    monkeypatch.chdir(tmp_path / "inference")
    return tmp_path / "cache"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(evaluate, arguments, catch_exceptions=False)


def json_lines(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def as_set(lines: list[dict]) -> set[str]:
    return {json.dumps(line, sort_keys=True) for line in lines}


@pytest.mark.usefixtures("cache")
def test_retrieval_prints_the_reference_s_lines_and_a_summary():
    *lines, last = json_lines(run("retrieval", "../cache/txt-q", "../cache/mid-r", "--json"))

    assert as_set(lines) == as_set(EXPECTED["eval_jsonl"])
    assert [line["rank"] for line in lines] == [line["rank"] for line in EXPECTED["eval_jsonl"]]
    summary = last["summary"]
    assert (summary["queries"], summary["references"], summary["keys"]) == (16, 12, 12)
    assert round(summary["mrr"], 4) == 0.6413
    assert (summary["hit@1"], summary["hit@10"], summary["hit@100"]) == (0.5, 1.0, 1.0)


@pytest.mark.usefixtures("cache")
def test_retrieval_reads_well_without_json():
    result = run("retrieval", "../cache/txt-q", "../cache/mid-r")

    assert result.stdout.splitlines()[-4:] == [
        "mrr                   0.6413",
        "hit@1                 0.5000",
        "hit@10                1.0000",
        "hit@100               1.0000",
    ]
    assert result.stderr == ""


@pytest.mark.usefixtures("cache")
def test_similarity_prints_the_reference_s_lines_from_near_to_far():
    *lines, last = json_lines(run("similarity", "../cache/txt-q", "../cache/mid-r", "--json"))

    expected = EXPECTED["score_jsonl"]
    found = {line["query"]: (line["reference"], line["similarity"]) for line in lines}
    assert {query: reference for query, (reference, _) in found.items()} == {
        line["query"]: line["reference"] for line in expected
    }
    for line in expected:
        assert found[line["query"]][1] == pytest.approx(line["similarity"], rel=0, abs=1e-6)
    values = [line["similarity"] for line in lines]
    assert values == sorted(values, reverse=True)
    assert round(last["summary"]["pairwise_similarity"], 4) == 0.5713


@pytest.mark.usefixtures("cache")
def test_group_similarity_is_one_number():
    result = run("similarity", "../cache/txt-q", "../cache/mid-r", "--group")

    assert result.stdout.splitlines()[-1] == "group similarity  0.5932"


def test_strangers_are_named_and_the_rest_is_compared(cache: Path):
    (cache / "mid-r/en/song5.npy").rename(cache / "mid-r/en/other5.npy")
    arguments = ("similarity", "../cache/txt-q", "../cache/mid-r")

    shown, lines = run(*arguments), json_lines(run(*arguments, "--json"))

    assert shown.exit_code == 0
    assert shown.stderr.splitlines() == [
        "unmatched query: ../cache/txt-q/en/song5.1.npy",
        "unmatched reference: ../cache/mid-r/en/other5.npy",
    ]
    assert [line for line in lines if any(key.startswith("unmatched") for key in line)] == (
        EXPECTED["unmatched_jsonl"]
    )
    summary = lines[-1]["summary"]
    assert (summary["unmatched_queries"], summary["unmatched_references"]) == (1, 1)
    assert round(summary["pairwise_similarity"], 4) == 0.5569


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("case", ["search", "search_all"])
def test_search_lists_what_the_reference_lists(case: str):
    query, folder, _, top_k = EXPECTED[case]["args"][1:]

    *lines, last = json_lines(run("search", query, folder, "--top-k", top_k, "--json"))

    shown = [f"{line['key']} {round(line['similarity'], 4)}" for line in lines]
    assert shown == EXPECTED[case]["stdout"].splitlines()[1:]
    assert last == {"summary": {"references": 15}}


@pytest.mark.usefixtures("cache")
def test_search_goes_into_nested_folders():
    result = run("search", "../cache/query/txt-a.npy", "../cache/mid-r", "--top-k", "1")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].split()[2].startswith(("en/song", "zh/song"))


def test_a_damaged_file_ends_the_measurement_with_its_name(cache: Path):
    (cache / "mid-r/en/song1.npy").write_bytes(b"\x93NUMPY")

    with pytest.raises(BrokenFileError, match=r"song1\.npy"):
        run("retrieval", "../cache/txt-q", "../cache/mid-r")


def test_the_command_starts_without_numpy():
    program = "import sys, clamp3_cli.evaluate; sys.exit('numpy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
