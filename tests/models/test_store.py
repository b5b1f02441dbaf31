"""The store of models: listed, shown, chosen, verified, removed, and never left.

Negative control, 2026-11-30: sums not compared, 8 failed.
"""

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from clamp3_models.checkpoint import import_model
from clamp3_models.loading import load_encoder
from clamp3_models.store import ModelStore
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import NoModelError, UsageError


@pytest.fixture
def mine(store: ModelStore, tiny_folder: Path) -> Path:
    """A model of the user's own beside the shipped one."""
    return import_model(tiny_folder, store, "mine").path


def test_shipped_models_come_first_and_are_described(store: ModelStore, mine: Path):
    mini, own = store.list()

    assert (mini.name, mini.shipped) == ("mini", True)
    assert (own.name, own.shipped, own.path) == ("mine", False, mine)
    assert (own.parameters, own.dim, own.audio, own.problem) == (908_480, 64, True, "")
    assert own.size_bytes > 4 * 900_000
    assert len(own.sha256) == 64


def test_a_damaged_model_is_listed_with_what_is_wrong(store: ModelStore, mine: Path):
    (mine / "config.json").write_text("{", "utf-8")

    assert "is damaged" in store.show("mine").problem
    assert store.show("mini").problem == ""


def test_an_unknown_model_names_those_there_are_and_how_to_get_more(store: ModelStore, mine: Path):
    with pytest.raises(
        NoModelError, match=r"no model 'saas'; there is: mini, mine\. .*models pull"
    ):
        store.path("saas")


def test_without_any_model_the_hint_still_says_how_to_get_one(tmp_path: Path):
    store = ModelStore(Home.locate(str(tmp_path)), shipped={"mini": tmp_path / "absent"})

    assert store.list() == ()
    with pytest.raises(NoModelError, match="there is: none"):
        store.path("mini")


BAD_NAMES = [
    "",
    ".",
    "..",
    "../mine",
    "a/b",
    "a\\b",
    "/etc",
    "A",
    "-x",
    "x.tmp",
    "x..y",
    "x\n",
    "x" * 300,
]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("verb", ["path", "show", "use", "verify", "remove", "free_folder"])
def test_a_name_cannot_lead_out_of_the_store(store: ModelStore, verb: str, name: str):
    with pytest.raises(UsageError, match="cannot be the name of a model"):
        getattr(store, verb)(name)


def test_a_model_in_use_is_written_into_the_settings(store: ModelStore, mine: Path):
    store.use("mine")

    assert Config.load(store.home).model == "mine"


def test_choosing_a_model_keeps_every_other_line(store: ModelStore, mine: Path):
    store.home.create()
    path = store.home.config / "config.toml"
    path.write_text('# mine\nthreads = 2\nmodel = "x" # old\ndevice = "cpu"\n', "utf-8")

    store.use("mine")

    assert path.read_text("utf-8") == '# mine\nthreads = 2\nmodel = "mine"\ndevice = "cpu"\n'
    assert [file.name for file in path.parent.iterdir()] == ["config.toml"]


def test_settings_that_cannot_be_read_are_left_alone(store: ModelStore, mine: Path):
    store.home.create()
    path = store.home.config / "config.toml"
    path.write_text("model = \n", "utf-8")

    with pytest.raises(UsageError, match="no valid TOML"):
        store.use("mine")

    assert path.read_text("utf-8") == "model = \n"


def test_a_line_within_another_setting_is_not_taken_for_the_model(store: ModelStore, mine: Path):
    store.home.create()
    path = store.home.config / "config.toml"
    text = 'device = """\nmodel = 1"""\n'
    path.write_text(text, "utf-8")

    with pytest.raises(UsageError, match="too intricate"):
        store.use("mine")

    assert tomllib.loads(path.read_text("utf-8")) == tomllib.loads(text)


def test_a_sound_model_verifies(store: ModelStore, mine: Path):
    assert store.verify("mine").name == "mine"


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "README.md"]
)
def test_one_flipped_bit_anywhere_is_found_and_the_file_named(
    store: ModelStore, mine: Path, name: str
):
    content = bytearray((mine / name).read_bytes())
    content[len(content) // 2] ^= 1
    (mine / name).write_bytes(content)

    with pytest.raises(NoModelError, match=f"{name} is not what SHA256SUMS lists"):
        store.verify("mine")


def test_missing_and_foreign_files_are_found(store: ModelStore, mine: Path):
    (mine / "extra.pkl").write_bytes(b"x")
    with pytest.raises(NoModelError, match=r"extra\.pkl is not listed"):
        store.verify("mine")

    (mine / "extra.pkl").unlink()
    (mine / "tokenizer.json").unlink()
    with pytest.raises(NoModelError, match=r"tokenizer\.json is missing"):
        store.verify("mine")


@pytest.mark.parametrize("line", ["", f"{'0' * 64}  ../model.safetensors\n", "0  x\n"])
def test_sums_that_are_none_do_not_verify(store: ModelStore, mine: Path, line: str):
    (mine / "SHA256SUMS").write_text(line, "utf-8")

    with pytest.raises(NoModelError, match="SHA256SUMS"):
        store.verify("mine")


def test_a_removed_model_is_gone(store: ModelStore, mine: Path):
    store.remove("mine")

    assert [info.name for info in store.list()] == ["mini"]
    assert list(store.home.models.iterdir()) == []
    with pytest.raises(NoModelError):
        store.remove("mine")


def test_the_shipped_model_and_the_one_in_use_stay(store: ModelStore, mine: Path):
    store.use("mine")

    with pytest.raises(UsageError, match="comes with clamp3"):
        store.remove("mini")
    with pytest.raises(UsageError, match="is the one in use"):
        store.remove("mine")

    assert len(store.list()) == 2


def test_removing_a_link_leaves_what_it_points_to(store: ModelStore, mine: Path, tmp_path: Path):
    outside = Path(shutil.copytree(mine, tmp_path / "outside"))
    (store.home.models / "linked").symlink_to(outside)

    store.remove("linked")

    assert (outside / "model.safetensors").exists()
    assert not (store.home.models / "linked").is_symlink()


def test_what_an_import_cut_short_left_is_no_model(store: ModelStore, mine: Path):
    mine.rename(mine.with_name("mine.tmp"))

    assert [info.name for info in store.list()] == ["mini"]


def test_the_encoder_of_the_settings_is_loaded(store: ModelStore, mine: Path):
    encoder = load_encoder(store.home, Config(model="mine", device="cpu"))

    assert (encoder.config.name, encoder.device, encoder.dim) == ("mine", "cpu", 64)
    assert json.loads((mine / "config.json").read_text("utf-8"))["name"] == "mine"
