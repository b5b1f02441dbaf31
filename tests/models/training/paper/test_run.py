"""Runs from recipes: stopped and gone on with, by stages, and alone against two processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from clamp3_models.training.paper.contrastive import MusicSide
from clamp3_models.training.paper.ranks import Ranks
from clamp3_models.training.paper.recipe import M3Recipe, load_recipe
from clamp3_models.training.paper.run import Machine, Paths, train_clamp3, train_m3
from clamp3_models.training.paper.state import read_checkpoint
from clamp3_models.weights import load_model
from clamp3_plugin.errors import BrokenFileError, Clamp3Error, UsageError
from tests.conftest import PROJECT
from tests.models.training.paper.tiny_corpus import (
    MODEL,
    UNDISTURBED,
    write_m3_recipe,
    write_recipe,
)

ALONE = Machine(torch.device("cpu"), Ranks(), workers=0)
TRAINING = (
    "epochs = 3\nbatch_size = 4\nlearning_rate = 1e-3\nwarmup_steps = 2\ncheckpoint_every = 1"
)
SYMBOLIC = '[[stages]]\nmodality = "symbolic"\n'
AUDIO = '[[stages]]\nmodality = "audio"\n'
FROZEN_TEXT = "train_text = false\n"


class Stopped(Exception):  # noqa: N818 - it is no error
    pass


class Runs:
    """Runs recipes on the tiny corpus, below one folder."""

    def __init__(self, corpus: Path, tokenizer: Path, folder: Path) -> None:
        self.corpus = corpus
        self.tokenizer = tokenizer
        self.folder = folder

    def paths(self, work: str) -> Paths:
        return Paths(self.corpus, self.folder / work, self.folder / f"{work}-made")

    def __call__(self, recipe: Path, work: str, side="symbolic", *, stop_at=0, machine=ALONE):
        """Run a recipe, stopping after a step as a kill would; gives what is next."""

        def report(_stage, told):
            if told.step == stop_at:
                raise Stopped

        loaded, paths = load_recipe(recipe), self.paths(work)
        if isinstance(loaded, M3Recipe):
            return train_m3(loaded, paths, machine, report)
        return train_clamp3(loaded, MusicSide(side), self.tokenizer, paths, machine, report)

    def log(self, work: str, stage: str) -> list[dict]:
        lines = (self.folder / work / stage / "log.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def losses(self, work: str, stage: str) -> list[float]:
        return [line["loss"] for line in self.log(work, stage) if "loss" in line]

    def checkpoint(self, work: str, stage: str, name: str = "checkpoint.pt") -> dict:
        return read_checkpoint(self.folder / work / stage / name)

    def recipe(self, stages=SYMBOLIC, training=TRAINING, model=MODEL) -> Path:
        return write_recipe(
            self.folder / "tiny.toml", stages=stages, training=training, model=model
        )

    def m3_recipe(self, training=TRAINING) -> Path:
        return write_m3_recipe(self.folder / "m3.toml", training)


@pytest.fixture
def runs(corpus: Path, golden: Path, tmp_path: Path) -> Runs:
    return Runs(corpus, golden / "model", tmp_path)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(
    ("kind", "stop_at", "checkpoint_every"),
    [("symbolic", 1, 100), ("symbolic", 3, 1), ("symbolic", 5, 2), ("audio", 4, 1), ("m3", 7, 3)],
)
def test_a_run_that_was_stopped_ends_with_the_same_bits(runs, kind, stop_at, checkpoint_every):
    training = TRAINING.replace("checkpoint_every = 1", f"checkpoint_every = {checkpoint_every}")
    stages = AUDIO if kind == "audio" else SYMBOLIC
    recipe = runs.m3_recipe(training) if kind == "m3" else runs.recipe(stages, training)
    stage = "m3" if kind == "m3" else f"1-{kind}"
    runs(recipe, "whole", kind)
    with pytest.raises(Stopped):
        runs(recipe, "stopped", kind, stop_at=stop_at)

    torch.manual_seed(stop_at)  # whatever the state of the generator is when it goes on
    runs(recipe, "stopped", kind)

    whole, resumed = (runs.checkpoint(work, stage) for work in ("whole", "stopped"))
    assert same(whole["model"], resumed["model"])
    for name in ("step", "epoch", "best_epoch", "min_eval_loss"):
        assert whole[name] == resumed[name]
    moments = [saved["optimizer"]["state"] for saved in (whole, resumed)]
    assert all(same(moments[0][i], moments[1][i]) for i in moments[0])
    assert runs.losses("whole", stage) == runs.losses("stopped", stage)
    best = [runs.checkpoint(work, stage, "best.pt")["model"] for work in ("whole", "stopped")]
    assert same(*best)


def test_more_epochs_go_on_where_fewer_ended(runs):
    runs(runs.recipe(training=TRAINING), "long")
    runs(runs.recipe(training=TRAINING.replace("epochs = 3", "epochs = 1")), "short")

    runs(runs.recipe(training=TRAINING), "short")

    assert runs.losses("short", "1-symbolic") == runs.losses("long", "1-symbolic")


def test_a_checkpoint_of_other_settings_is_refused(runs):
    runs(runs.recipe(training=TRAINING.replace("epochs = 3", "epochs = 1")), "work")

    with pytest.raises(UsageError, match=r"learning_rate = 0\.001, not 0\.002"):
        runs(runs.recipe(training=TRAINING.replace("1e-3", "2e-3")), "work")


def test_a_checkpoint_that_is_no_checkpoint_is_refused(runs):
    runs(runs.recipe(training=TRAINING.replace("epochs = 3", "epochs = 1")), "work")
    (runs.folder / "work" / "1-symbolic" / "checkpoint.pt").write_bytes(b"PK\x03\x04 cut off")

    with pytest.raises(BrokenFileError, match="damaged"):
        runs(runs.recipe(), "work")


def test_a_loss_that_is_no_number_ends_the_run(runs):
    recipe = runs.recipe(training=TRAINING.replace("1e-3", "1e30").replace("warmup_steps = 2", ""))

    with pytest.raises(Clamp3Error, match=r"The loss is (nan|inf) at step"):
        runs(recipe, "work")


def test_the_rate_climbs_over_the_warm_up_and_stays(runs):
    runs(runs.recipe(), "work")

    rates = [line["learning_rate"] for line in runs.log("work", "1-symbolic") if "loss" in line]

    assert rates == pytest.approx([5e-4, *[1e-3] * (len(rates) - 1)])


def test_the_log_has_every_step_and_every_epoch_and_a_picture(runs):
    pytest.importorskip("matplotlib")
    runs(runs.recipe(), "work")

    lines = runs.log("work", "1-symbolic")
    epochs = [line for line in lines if "eval_loss" in line]

    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 7))
    assert [line["epoch"] for line in epochs] == [1, 2, 3]
    best = runs.checkpoint("work", "1-symbolic", "best.pt")
    assert best["min_eval_loss"] == min(line["eval_loss"] for line in epochs)
    assert (runs.folder / "work/1-symbolic/curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", ["audio", "m3"])  # symbolic: tests/cli/test_train.py
def test_training_brings_the_loss_down(runs, kind):
    training = TRAINING.replace("epochs = 3", "epochs = 30").replace("= 1\n", "= 1000\n")
    stages = AUDIO if kind == "audio" else SYMBOLIC
    recipe = runs.m3_recipe(training) if kind == "m3" else runs.recipe(stages, training)

    runs(recipe, "work", kind)

    losses = runs.losses("work", "m3" if kind == "m3" else f"1-{kind}")
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])


def test_stages_follow_one_another_from_the_best_weights(runs):
    recipe = runs.recipe(SYMBOLIC + AUDIO + FROZEN_TEXT + AUDIO + SYMBOLIC + FROZEN_TEXT)

    following = [runs(recipe, "work", side) for side in ("symbolic", "audio", "symbolic")]

    assert [stage and stage.modality.value for stage in following] == ["audio", "symbolic", None]
    names = ("1-symbolic", "2-audio", "3-audio", "4-symbolic")
    first, second, third, last = (runs.checkpoint("work", n, "best.pt") for n in names)
    assert [saved["modality"] for saved in (first, second, third, last)] == [
        "symbolic", "audio", "audio", "symbolic",
    ]  # fmt: skip
    assert towers_that_differ(first, second) == {"audio"}
    assert towers_that_differ(second, third) == {"audio", "text"}
    assert towers_that_differ(third, last) == {"symbolic"}
    encoder = load_model(runs.folder / "work-made")
    assert encoder.encode_text(["a tune"]).shape == (1, 32)
    assert runs(recipe, "work", "symbolic") is None  # nothing is left to do


def towers_that_differ(one: dict, other: dict) -> set[str]:
    models = one["model"], other["model"]
    return {
        key.split("_")[0] for key in models[0] if not torch.equal(models[0][key], models[1][key])
    }


def test_a_stage_of_the_other_kind_is_not_run(runs):
    with pytest.raises(UsageError, match=r"next stage of tiny is symbolic \(1 of 2\)"):
        runs(runs.recipe(SYMBOLIC + AUDIO), "work", "audio")


def test_a_tokenizer_of_another_model_is_refused(runs):
    small = MODEL.replace("vocab_size = 275", "vocab_size = 9")

    with pytest.raises(UsageError, match="has more words than the 9 of the recipe"):
        runs(runs.recipe(model=small), "work")


def test_a_model_may_start_from_the_text_tower_of_another_and_from_m3(runs):
    runs(runs.recipe(), "one")
    runs(runs.m3_recipe(), "m3")
    made = [runs.paths(name).output for name in ("one", "m3")]
    start = f'[start]\ntext = "{made[0]}"\nsymbolic = "{made[1]}"\n'
    idle = TRAINING.replace("epochs = 3", "epochs = 1").replace("1e-3", "1e-30")

    runs(runs.recipe(model=MODEL + start, training=idle), "two")

    two = runs.checkpoint("two", "1-symbolic")["model"]
    one = runs.checkpoint("one", "1-symbolic", "best.pt")["model"]
    m3 = runs.checkpoint("m3", "m3", "best.pt")["model"]
    for key in ("text_model.encoder.layer.0.output.dense.weight", "text_proj.weight"):
        assert torch.allclose(two[key], one[key])
    key = "patch_embedding.weight"
    assert torch.allclose(two[f"symbolic_model.{key}"], m3[f"encoder.{key}"])


def test_an_unreadable_file_is_replaced_by_the_next_and_named(runs, corpus, tmp_path, caplog):
    broken = tmp_path / "broken"
    broken.mkdir()
    lines = [json.loads(line) for line in (corpus / "records.jsonl").read_text().splitlines()]
    for i, line in enumerate(lines):
        line["filepaths"] = [str(corpus / name) for name in line["filepaths"]]
        if i == 3:
            line["filepaths"] = ["nowhere.abc"]
    (broken / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    runs.corpus = broken

    runs(runs.recipe(), "work")

    assert len(runs.losses("work", "1-symbolic")) == 6
    assert "nowhere.abc: there is no such file" in caplog.text


def test_readers_ahead_change_nothing(runs):
    runs(runs.recipe(), "here")

    runs(runs.recipe(), "ahead", machine=Machine(torch.device("cpu"), Ranks(), workers=1))

    assert runs.losses("ahead", "1-symbolic") == runs.losses("here", "1-symbolic")


def test_two_processes_learn_what_one_learns_from_the_doubled_batch(runs):
    def recipes(training):
        m3 = runs.m3_recipe(training)
        m3.write_text(m3.read_text().replace("num_layers", "dropout = 0.0\nnum_layers"))
        return m3, runs.recipe(SYMBOLIC, training, UNDISTURBED)

    for recipe in recipes(TRAINING):
        runs(recipe, "alone")
    recipes(TRAINING.replace("batch_size = 4", "batch_size = 2"))
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone",
        str(Path(__file__).with_name("two_processes.py")),
        str(runs.corpus), str(runs.tokenizer), str(runs.folder),
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stderr
    for stage in ("m3", "1-symbolic"):
        together, alone = (
            [line.get("loss", line.get("eval_loss")) for line in runs.log(work, stage)]
            for work in ("together", "alone")
        )
        assert together == pytest.approx(alone, rel=0, abs=1e-5)
