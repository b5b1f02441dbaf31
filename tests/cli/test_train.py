"""``clamp3 train`` and then ``clamp3 eval`` on twelve records; killed in the middle; wrongly asked."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from clamp3_cli.main import clamp3
from clamp3_models.training.paper.state import read_checkpoint
from clamp3_models.weights import load_model
from tests.models.training.paper.tiny_corpus import (
    UNDISTURBED,
    write_corpus,
    write_m3_recipe,
    write_recipe,
)

TRAINING = (
    "epochs = {}\nbatch_size = 4\nlearning_rate = 1e-3\nwarmup_steps = 5\ncheckpoint_every = 20"
)
SYMBOLIC = '[[stages]]\nmodality = "symbolic"\n'
AUDIO = '[[stages]]\nmodality = "audio"\n'


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """A model this small loses more by waiting for a second thread than it gains."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("records") / "corpus")


def words(kind: str, recipe: Path, corpus: Path, golden: Path, work: Path) -> list[str]:
    """Say the command that trains into ``work``."""
    tokenizer = [] if kind == "m3" else ["--tokenizer", str(golden / "model")]
    places = ["--data", str(corpus), "--work", str(work), "--output", str(work / "made")]
    return ["train", kind, str(recipe), *places, *tokenizer, "--device", "cpu"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(clamp3, arguments, prog_name="clamp3")


def losses(folder: Path):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def evaluated(folder: Path):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [line["eval_loss"] for line in lines if "eval_loss" in line]


def mrr(queries: Path, references: Path):
    done = run("eval", "retrieval", str(queries), str(references), "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.splitlines()[-1])["summary"]["mrr"]


def test_a_model_that_is_trained_finds_what_it_was_trained_on(
    corpus: Path, golden: Path, tmp_path: Path
):
    # a wide space, since without normalisation the logits of a narrow one begin too near to zero
    model = UNDISTURBED.replace("dim = 32", "dim = 512")
    training = "epochs = 80\nbatch_size = 12\nlearning_rate = 3e-3\nwarmup_steps = 5"
    recipe = write_recipe(tmp_path / "r.toml", stages=SYMBOLIC, training=training, model=model)
    # no record is kept from training
    text = recipe.read_text().replace("evaluate_share = 0.33", 'evaluate = ["records.jsonl"]')
    recipe.write_text(text)

    done = run(*words("symbolic", recipe, corpus, golden, tmp_path / "work"))

    assert done.exit_code == 0, done.output
    assert done.stdout == f"{tmp_path / 'work' / 'made'}\n"
    falling = evaluated(tmp_path / "work" / "1-symbolic")
    assert min(falling) < 0.8 * falling[0]  # measured: 0.6
    encoder = load_model(tmp_path / "work" / "made")
    for side in ("texts", "scores"):
        (tmp_path / side).mkdir()
    for line in (corpus / "records.jsonl").read_text().splitlines():
        record = json.loads(line)
        score = (corpus / record["filepaths"][0]).read_text()
        np.save(tmp_path / "texts" / record["id"], encoder.encode_text([record["analysis"]]))
        np.save(tmp_path / "scores" / record["id"], encoder.encode_score([score]))
    found = mrr(tmp_path / "texts", tmp_path / "scores")
    assert found > 0.4  # by chance: 0.26


def test_a_run_that_is_killed_ends_with_the_same_bits(corpus: Path, golden: Path, tmp_path: Path):
    recipe = write_m3_recipe(
        tmp_path / "m3.toml", TRAINING.format(20).replace("every = 20", "every = 3")
    )
    whole, killed = (tmp_path / name for name in ("whole", "killed"))
    assert run(*words("m3", recipe, corpus, golden, whole)).exit_code == 0
    command = [sys.executable, "-m", "clamp3_cli", *words("m3", recipe, corpus, golden, killed)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        log = killed / "m3" / "log.jsonl"
        while process.poll() is None and not (log.exists() and len(losses_so_far(log)) > 10):
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    stopped_at = read_checkpoint(killed / "m3" / "checkpoint.pt")["step"]
    done = run(*words("m3", recipe, corpus, golden, killed))

    assert process.returncode == -signal.SIGKILL
    assert done.exit_code == 0, done.output
    first, second = (read_checkpoint(work / "m3" / "checkpoint.pt") for work in (whole, killed))
    assert stopped_at < first["step"] == second["step"]
    assert all(torch.equal(first["model"][key], second["model"][key]) for key in first["model"])
    assert losses(whole / "m3") == losses(killed / "m3")
    made = [(work / "made" / "m3.safetensors").read_bytes() for work in (whole, killed)]
    assert made[0] == made[1]


def losses_so_far(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if '"loss"' in line]


def test_what_is_next_is_said(corpus: Path, golden: Path, tmp_path: Path):
    recipe = write_recipe(tmp_path / "r.toml", stages=SYMBOLIC + AUDIO, training=TRAINING.format(1))

    first = run(*words("symbolic", recipe, corpus, golden, tmp_path / "work"))
    again = run(*words("symbolic", recipe, corpus, golden, tmp_path / "work"))
    second = run(*words("audio", recipe, corpus, golden, tmp_path / "work"))

    assert first.stderr.splitlines()[-1] == "next: clamp3 train audio"
    assert again.exit_code == 2
    assert "The next stage of tiny is audio (2 of 2)" in again.stderr
    assert second.exit_code == 0, second.output
    assert "next:" not in second.stderr


def test_a_recipe_of_another_model_is_refused(corpus: Path, golden: Path, tmp_path: Path):
    m3 = write_m3_recipe(tmp_path / "m3.toml", TRAINING.format(1))
    clamp = write_recipe(tmp_path / "r.toml", stages=SYMBOLIC, training=TRAINING.format(1))

    audio = run(*words("audio", m3, corpus, golden, tmp_path / "work"))
    other = run(*words("m3", clamp, corpus, golden, tmp_path / "work"))

    assert (audio.exit_code, other.exit_code) == (2, 2)
    assert "is a recipe of M3. Run: clamp3 train m3" in audio.stderr
    assert "is no recipe of M3" in other.stderr


def test_a_recipe_of_mini_asks_for_its_text_tower(corpus: Path, golden: Path, tmp_path: Path):
    recipe = tmp_path / "mini.toml"
    recipe.write_text('[model]\nname = "mini"\n[bank]\n')

    done = run(*words("symbolic", recipe, corpus, golden, tmp_path / "work"))

    assert done.exit_code == 2
    assert "Missing option '--text-tower'" in done.stderr


def test_a_recipe_of_mini_is_read_as_one(corpus: Path, golden: Path, tmp_path: Path):
    recipe = tmp_path / "mini.toml"
    recipe.write_text('[model]\nname = "mini"\n')
    tower = ["--text-tower", str(golden / "model" / "config.json")]

    done = run(*words("symbolic", recipe, corpus, golden, tmp_path / "work"), *tower)

    assert done.exit_code == 2
    assert "is no recipe: KeyError('data')" in done.stderr
