"""Recipes: those that ship, and what is said of one that is wrong."""

from pathlib import Path

import pytest

from clamp3_models.clamp3 import Clamp3Config
from clamp3_models.training.paper.contrastive import MusicSide
from clamp3_models.training.paper.recipe import (
    Clamp3Recipe,
    M3Recipe,
    is_paper_recipe,
    load_recipe,
)
from clamp3_plugin.errors import UsageError
from tests.conftest import PROJECT
from tests.models.training.paper.tiny_corpus import MODEL, write_recipe

RECIPES = PROJECT / "models" / "recipes"
STAGES = '[[stages]]\nmodality = "symbolic"\n'


def test_saas_is_the_published_model_in_four_stages():
    recipe = load_recipe(RECIPES / "saas.toml")

    assert isinstance(recipe, Clamp3Recipe)
    assert recipe.model == Clamp3Config.official("saas")
    assert [stage.modality.value[0] for stage in recipe.stages] == list("saas")
    assert [stage.train_text for stage in recipe.stages] == [True, False, True, False]
    training = recipe.stages[0].training
    assert (training.batch_size, training.learning_rate, training.warmup_steps) == (256, 1e-5, 1000)


def test_c2_starts_from_given_towers():
    recipe = load_recipe(RECIPES / "c2.toml")

    assert isinstance(recipe, Clamp3Recipe)
    assert recipe.start.text == recipe.start.symbolic == "clamp2.pth"
    assert [stage.modality for stage in recipe.stages] == [MusicSide.SYMBOLIC, MusicSide.AUDIO]


def test_m3_is_the_published_one():
    recipe = load_recipe(RECIPES / "m3.toml")

    assert isinstance(recipe, M3Recipe)
    assert recipe.encoder == Clamp3Config.official("").symbolic
    assert (recipe.decoder.num_layers, recipe.decoder.num_heads) == (3, 12)
    assert (recipe.training.batch_size, recipe.training.learning_rate) == (16, 1e-4)


def test_recipes_are_told_apart_by_their_content():
    ours = {path.stem for path in RECIPES.glob("*.toml") if is_paper_recipe(path)}

    assert ours == {"m3", "saas", "c2"}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ('[training]\nbatch_size = "8"', r"\[training\] batch_size = '8', but it must be a whole"),
        ("[training]\nbatch_size = true", "batch_size = True, but it must be a whole number"),
        ("[training]\nbatch_size = 0", "batch_size = 0, but it must be above 0"),
        ("[training]\nlearing_rate = 1.0", r"\[training\] has no 'learing_rate'.* Known: epochs"),
        ("training = 3", r"\[training\] = 3, but it must be a table"),
        ("[model.text]\nnum_heads = 7", "7 heads do not divide 768"),
        ("[model]\npatch_length = 513", "patch_length = 513, but there are 512 positions"),
        ("[start]\ntext = 1", r"\[start\] text = 1, but it must be a text in quotes"),
        ("[optimizer]\nname = 'adam'", "has no 'optimizer'"),
        ('[[stages]]\nmodality = "video"', "modality = 'video'.* Known: 'symbolic', 'audio'"),
        ("[[stages]]\ntrain_text = false", "Stage 1 has no modality"),
        ('[[stages]]\nmodality = "audio"\nsteps = 3', "Stage 1 has no 'steps'"),
        ("stages = []", "stages must be a list"),
    ],
)
def test_what_is_wrong_with_a_recipe_is_said(tmp_path: Path, part: str, message: str):
    path = tmp_path / "wrong.toml"
    stages = "" if "stages" in part else STAGES
    top, tables = (part, "") if "=" in part.split("\n", maxsplit=1)[0] else ("", part)
    head = 'scheme = "paper"\nname = "x"\n'
    path.write_text(f'{head}{top}\n[data]\ntrain = ["a.jsonl"]\n{tables}\n{stages}')

    with pytest.raises(UsageError, match=message) as caught:
        load_recipe(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scheme = ", "is no recipe"),
        ('scheme = "mini"', "scheme = 'mini', but it must be 'paper'"),
        ('scheme = "paper"\n[data]\ntrain = ["a"]', "name = None"),
        ('scheme = "paper"\nname = "x"', "names no file"),
        ('scheme = "paper"\nname = "x"\n[data]\ntrain = "a"', "must be a list of texts"),
        ('scheme = "paper"\nname = "x"\n[data]\ntrain = ["a"]\nevaluate_share = 2', "between 0"),
        (
            'scheme = "paper"\nname = "x"\n[data]\ntrain = ["a"]\n[decoder]\nhidden_size = 12',
            "hidden_size = 12, but the encoder's is 768",
        ),
    ],
)
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str, message: str):
    path = tmp_path / "wrong.toml"
    path.write_text(text)

    with pytest.raises(UsageError, match=message):
        load_recipe(path)


def test_a_recipe_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(UsageError, match="No such file"):
        is_paper_recipe(tmp_path / "nothing.toml")


def test_a_stage_may_have_settings_of_its_own(tmp_path: Path):
    stages = f"{STAGES}epochs = 7\n{STAGES}"
    path = write_recipe(tmp_path / "r.toml", stages=stages, training="epochs = 3\nseed = 5")

    recipe = load_recipe(path)

    assert isinstance(recipe, Clamp3Recipe)
    assert [stage.training.epochs for stage in recipe.stages] == [7, 3]
    assert [stage.training.seed for stage in recipe.stages] == [5, 5]
    assert recipe.model.text.hidden_size == 32
    assert "num_layers = 1" in MODEL
