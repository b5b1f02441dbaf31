"""Import: official checkpoints in a process of their own, folders, and everything that is refused."""

import json
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from clamp3_models.card import Card
from clamp3_models.checkpoint import import_model
from clamp3_models.clamp3 import Clamp3, Clamp3Config
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.sizes import config_from_name, config_from_shapes
from clamp3_models.store import ModelStore
from clamp3_models.unpickling import convert
from clamp3_models.weights import load_model, read_config
from clamp3_plugin.config import Home
from clamp3_plugin.errors import MissingFileError, NoModelError, UsageError

OFFICIAL = (
    "weights_clamp3_{}_h_size_768_t_model_FacebookAI_xlm-roberta-base_t_length_128_a_size_768"
    "_a_layers_12_a_length_128_s_size_768_s_layers_12_p_size_64_p_length_512.pth"
)


def save(state: object, path: Path) -> Path:
    """Save as the reference does."""
    rest = {"optimizer": {}, "lr_sched": {}, "epoch": 1, "best_epoch": 1, "min_eval_loss": 0.5}
    torch.save({"model": state, **rest, "modality": "symbolic"}, path)
    return path


@pytest.fixture
def pth(state, tmp_path: Path) -> Path:
    """The tiny model as a checkpoint."""
    return save(state, tmp_path / "tiny.pth")


def test_a_checkpoint_becomes_a_model_that_embeds_the_same(
    tiny: Clamp3Encoder, store: ModelStore, pth: Path
):
    info = import_model(pth, store, "mine")

    assert (info.name, info.parameters, info.problem) == ("mine", 908_480, "")
    assert info.licence == "unknown"
    assert info.source.startswith("tiny.pth sha256:")
    assert sorted(path.name for path in info.path.iterdir()) == [
        "README.md", "SHA256SUMS", "config.json", "model.safetensors", "tokenizer.json",
    ]  # fmt: skip
    store.verify("mine")
    text = ["a slow jig"]
    expected = tiny.encode_text(text)
    # heads are inferred as 64 wide, and the tiny text tower has them 32 wide
    assert read_config(info.path).text.num_heads == 1
    score = ["K:C\n[V:1]CDEF|\n"]
    np.testing.assert_array_equal(
        load_model(info.path).encode_score(score), tiny.encode_score(score)
    )
    assert load_model(info.path).encode_text(text).shape == expected.shape


def test_the_card_tells_licence_and_source(store: ModelStore, golden: Path):
    card = Card("mit", "Official.", "hub@1 f sha256:0")

    known = import_model(golden / "model", store, "known", card=card)

    assert (known.licence, known.summary, known.source) == ("mit", "Official.", "hub@1 f sha256:0")
    assert "CC BY-NC" in (known.path / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["saas", "c2"])
def test_an_official_file_name_tells_the_official_sizes(name: str):
    assert config_from_name(OFFICIAL.format(name), name) == Clamp3Config.official(name)


def test_the_shapes_of_the_official_state_dict_tell_the_official_sizes():
    with torch.device("meta"):
        state = Clamp3(Clamp3Config.official("saas")).state_dict()
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}

    assert config_from_shapes(shapes, "saas", Path("x.pth")) == Clamp3Config.official("saas")


def test_a_file_that_calls_itself_official_must_have_the_official_shapes(state, tmp_path: Path):
    source = save(state, tmp_path / OFFICIAL.format("saas"))

    with pytest.raises(NoModelError, match=r"LayerNorm\.bias is \(64,\) and should be \(768,\)"):
        convert(source, tmp_path, "saas")


def test_a_checkpoint_without_audio_is_a_model_without_audio(state, tmp_path: Path):
    kept = {key: tensor for key, tensor in state.items() if not key.startswith("audio_")}

    convert(save(kept, tmp_path / "x.pth"), tmp_path, "mine")

    assert read_config(tmp_path).audio is None


class _Payload:
    """Pickled, this writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_payload_in_a_checkpoint_does_not_run(store: ModelStore, state, tmp_path: Path):
    mark = tmp_path / "PWNED"
    source = save({**state, "extra": _Payload(mark)}, tmp_path / "evil.pth")

    with pytest.raises(
        NoModelError, match=r"evil\.pth was refused: it holds Python objects"
    ) as caught:
        import_model(source, store, "evil")

    assert not mark.exists()
    assert "weights_only" not in str(caught.value)
    with zipfile.ZipFile(
        source
    ) as archive:  # the payload is live: the plain unpickler would run it
        (name,) = [n for n in archive.namelist() if n.endswith("data.pkl")]
        assert b"PWNED" in archive.read(name)


def test_a_bare_pickle_is_refused_before_torch_sees_it(store: ModelStore, tmp_path: Path):
    mark = tmp_path / "PWNED"
    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"model": _Payload(mark)}))

    with pytest.raises(NoModelError, match="not a whole zip archive"):
        import_model(tmp_path / "evil.pth", store, "evil")

    assert not mark.exists()


@pytest.mark.parametrize("kept", [0.3, 0.999], ids=["a third", "all but the end"])
def test_a_truncated_checkpoint_is_refused(store: ModelStore, pth: Path, kept: float):
    whole = pth.read_bytes()
    pth.write_bytes(whole[: int(len(whole) * kept)])

    with pytest.raises(NoModelError, match=r"tiny\.pth .*truncated"):
        import_model(pth, store, "mine")


def test_a_damaged_pickle_is_refused_without_torchs_words(store: ModelStore, pth: Path):
    whole = pth.read_bytes()
    at = whole.index(b"data.pkl") + 64
    pth.write_bytes(whole[:at] + b"\xff" * 64 + whole[at + 64 :])

    with pytest.raises(NoModelError, match=r"tiny\.pth") as caught:
        import_model(pth, store, "mine")

    assert "weights_only" not in str(caught.value)


def test_a_compressed_archive_is_refused(store: ModelStore, pth: Path, tmp_path: Path):
    with zipfile.ZipFile(pth) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)

    with pytest.raises(NoModelError, match="its parts are compressed"):
        import_model(tmp_path / "bomb.pth", store, "mine")


def test_an_archive_that_is_no_checkpoint_is_refused(store: ModelStore, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "score.mxl", "w") as archive:
        archive.writestr("score.xml", "<score/>")

    with pytest.raises(NoModelError, match=r"score\.mxl is no torch checkpoint"):
        import_model(tmp_path / "score.mxl", store, "mine")


HUGE = torch.zeros(1).expand(1 << 40)
SPOILED: dict[str, tuple[dict[str, object], str]] = {
    "a number that is none": ({"text_proj.bias": torch.full((64,), float("nan"))}, "not finite"),
    "a wrong shape": ({"text_proj.bias": torch.zeros(65)}, r"text_proj\.bias is \(65,\)"),
    "an extra tensor": ({"extra": torch.zeros(2)}, r"extra is \(2,\) and should be absent"),
    "a tensor on no device": (
        {"text_proj.bias": torch.zeros(64, device="meta")},
        "no array of floats",
    ),
    "a sparse tensor": ({"text_proj.bias": torch.zeros(64).to_sparse()}, "no array of floats"),
    "integers": ({"text_proj.bias": torch.zeros(64, dtype=torch.int64)}, "no array of floats"),
    "a number for a tensor": ({"text_proj.bias": 3}, "no array of floats"),
    "a bomb of four terabytes": ({"text_proj.bias": HUGE}, r"is \(1099511627776,\)"),
    "a size that makes no sense": (
        {"text_model.embeddings.word_embeddings.weight": torch.zeros(1).expand(1 << 40, 64)},
        "has the shape",
    ),
}


@pytest.mark.parametrize("what", SPOILED)
@pytest.mark.filterwarnings("ignore:.*[Ss]parse:UserWarning")
def test_tensors_that_are_not_the_models_are_refused(state, tmp_path: Path, what: str):
    change, message = SPOILED[what]
    source = save({**state, **change}, tmp_path / "spoiled.pth")

    with pytest.raises(NoModelError, match=rf"spoiled\.pth .*{message}"):
        convert(source, tmp_path, "mine")


def test_what_the_process_refuses_is_said_and_leaves_nothing(
    store: ModelStore, state, tmp_path: Path
):
    source = save({**state, "extra": torch.zeros(2)}, tmp_path / "spoiled.pth")

    with pytest.raises(NoModelError, match=r"spoiled\.pth .*extra is \(2,\) and should be absent"):
        import_model(source, store, "mine")

    assert store.list() == (store.show("mini"),)
    assert list(store.home.models.iterdir()) == []


@pytest.mark.parametrize("content", [[1], {"state_dict": {}}, {"model": {}}, {"model": [1]}])
def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path, content):
    torch.save(content, tmp_path / "other.pth")

    with pytest.raises(NoModelError, match=r"other\.pth is no CLaMP 3 checkpoint"):
        convert(tmp_path / "other.pth", tmp_path, "mine")


def test_a_process_that_takes_too_long_is_given_up(store: ModelStore, pth: Path):
    with pytest.raises(NoModelError, match=r"tiny\.pth was given up: reading it took over 0\.01 s"):
        import_model(pth, store, "mine", timeout_s=0.01)


def test_a_name_that_is_taken_is_refused(store: ModelStore, tiny_folder: Path):
    import_model(tiny_folder, store, "mine")

    with pytest.raises(UsageError, match="There already is a model 'mine'"):
        import_model(tiny_folder, store, "mine")
    with pytest.raises(UsageError, match="There already is a model 'mini'"):
        import_model(tiny_folder, store, "mini")


def test_a_file_that_is_not_there_is_named(store: ModelStore, tmp_path: Path):
    with pytest.raises(MissingFileError, match=r"absent\.pth does not exist"):
        import_model(tmp_path / "absent.pth", store, "mine")


def test_a_model_without_any_tokenizer_is_refused(tmp_path: Path, pth: Path):
    store = ModelStore(Home.locate(str(tmp_path / "home")), shipped={})

    with pytest.raises(NoModelError, match="There is no tokenizer"):
        import_model(pth, store, "mine")


def test_a_tokenizer_of_another_vocabulary_is_refused(
    store: ModelStore, golden: Path, vocabulary: Path
):
    with pytest.raises(NoModelError, match="another vocabulary"):
        import_model(
            golden / "model", store, "mine", tokenizer=vocabulary / "sentencepiece.bpe.model"
        )


@pytest.fixture
def reference(golden: Path, tmp_path: Path) -> Path:
    """Copy of the golden model folder that a test may spoil."""
    return Path(shutil.copytree(golden / "model", tmp_path / "reference"))


def test_a_folder_of_the_reference_must_be_one(store: ModelStore, reference: Path):
    table = json.loads((reference / "config.json").read_text("utf-8"))

    def refused(message: str) -> None:
        with pytest.raises(NoModelError, match=message):
            import_model(reference, store, "mine")

    (reference / "config.json").write_text(json.dumps({**table, "PATCH_SIZE": 32}), "utf-8")
    refused("PATCH_SIZE is 32")
    table["config_overrides"]["PATCH_NUM_LAYERS"] = 3
    (reference / "config.json").write_text(json.dumps(table), "utf-8")
    refused(r"symbolic_model\.base\.encoder\.layer\.2\S+ is missing")
    (reference / "config.json").write_text("[]", "utf-8")
    refused("no configuration")
    (reference / "config.json").unlink()
    refused(r"config\.json cannot be read")


def test_a_folder_of_the_reference_holds_one_whole_file_of_weights(
    store: ModelStore, reference: Path
):
    weights = reference / "tiny_state_dict.safetensors"
    whole = weights.read_bytes()

    weights.write_bytes(whole[:1000])
    with pytest.raises(NoModelError, match=r"tiny_state_dict\.safetensors is damaged"):
        import_model(reference, store, "mine")
    weights.unlink()
    with pytest.raises(NoModelError, match=r"holds 0 \.safetensors files"):
        import_model(reference, store, "mine")


def test_a_changed_file_in_a_model_folder_is_refused(
    store: ModelStore, tiny_folder: Path, tmp_path: Path
):
    source = Path(shutil.copytree(tiny_folder, tmp_path / "changed"))
    with (source / "tokenizer.json").open("a", encoding="utf-8") as file:
        file.write(" ")

    with pytest.raises(NoModelError, match=r"tokenizer\.json is not what SHA256SUMS lists"):
        import_model(source, store, "mine")
