"""MERT in the store: imported, pulled under its licence, refused, verified."""

import hashlib
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch

from clamp3_models.card import Card
from clamp3_models.mert.front_end import MertFrontEnd, load_front_end
from clamp3_models.mert.unpickling import convert
from clamp3_models.parts import MERT, import_mert, load_mert
from clamp3_models.pull import Pinned, pull_pinned, read_manifest
from clamp3_models.store import ModelStore
from clamp3_plugin.config import Home
from clamp3_plugin.errors import MissingFileError, NoModelError, UsageError
from tests.models.hub import Hub

WAVE = np.random.default_rng(5).standard_normal(24_000).astype(np.float32)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(Home.locate(str(tmp_path / "home")), shipped={})


def test_a_pickle_of_the_hub_becomes_a_front_end_that_computes_the_same(
    store: ModelStore, pickled: Path, front_end: MertFrontEnd
):
    info = import_mert(pickled, store, card=Card("cc-by-nc-4.0", "Ears.", "hub@1 sha256:0"))

    assert (info.name, info.kind, info.licence) == (MERT, "part", "cc-by-nc-4.0")
    assert (info.dim, info.audio, info.problem) == (32, False, "")
    assert (info.summary, info.source) == ("Ears.", "hub@1 sha256:0")
    assert sorted(path.name for path in info.path.iterdir()) == [
        "README.md", "SHA256SUMS", "config.json", "model.safetensors",
    ]  # fmt: skip
    text = (info.path / "README.md").read_text("utf-8")
    assert "CC BY-NC 4.0: with attribution, and for non-commercial use only" in text
    assert f"shown and agreed to on {datetime.now(UTC):%Y-}" in text
    assert store.verify(MERT).name == MERT
    np.testing.assert_array_equal(load_mert(store).features(WAVE), front_end.features(WAVE))


def test_the_new_names_of_weight_normalisation_are_the_old_ones(
    pickled: Path, mert_state, front_end: MertFrontEnd
):
    renamed = dict(mert_state)
    convolution = "encoder.pos_conv_embed.conv."
    for old, new in (("weight_g", "original0"), ("weight_v", "original1")):
        renamed[f"{convolution}parametrizations.weight.{new}"] = renamed.pop(convolution + old)
    torch.save(renamed, pickled / "pytorch_model.bin")

    convert(pickled / "pytorch_model.bin", pickled)

    np.testing.assert_array_equal(load_front_end(pickled).features(WAVE), front_end.features(WAVE))


KEY = "encoder.layers.1.attention.k_proj.bias"
WRONG = [
    pytest.param({KEY: None}, rf"{KEY} is missing and should be \(32,\)", id="missing"),
    pytest.param({"extra": torch.zeros(1)}, r"extra is \(1,\) and should be absent", id="extra"),
    pytest.param({KEY: torch.zeros(2)}, rf"{KEY} is \(2,\) and should be \(32,\)", id="shape"),
    pytest.param({KEY: torch.full((32,), torch.nan)}, f"{KEY} holds numbers that are", id="nan"),
    pytest.param({KEY: torch.zeros(32, dtype=torch.int64)}, f"{KEY} is no array of", id="integers"),
    pytest.param({"epoch": 3}, "no MERT checkpoint: epoch is no array", id="number"),
]


@pytest.mark.parametrize(("change", "told"), WRONG)
def test_a_state_dict_that_is_not_the_networks_is_named(pickled: Path, mert_state, change, told):
    changed = {k: v for k, v in {**mert_state, **change}.items() if v is not None}
    torch.save(changed, pickled / "pytorch_model.bin")

    with pytest.raises(NoModelError, match=told):
        convert(pickled / "pytorch_model.bin", pickled)

    assert not (pickled / "model.safetensors").exists()


def test_safetensors_are_taken_before_a_pickle(
    store: ModelStore, mert_store: ModelStore, pickled: Path, front_end: MertFrontEnd
):
    shutil.copyfile(mert_store.path(MERT) / "model.safetensors", pickled / "model.safetensors")
    (pickled / "pytorch_model.bin").write_bytes(b"never read")

    import_mert(pickled, store)

    np.testing.assert_array_equal(load_mert(store).features(WAVE), front_end.features(WAVE))


class _Payload:
    """Pickled, this makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_payload_does_not_run(store: ModelStore, pickled: Path, mert_state, tmp_path: Path):
    mark = tmp_path / "PWNED"
    torch.save({**mert_state, "extra": _Payload(mark)}, pickled / "pytorch_model.bin")

    with pytest.raises(NoModelError, match="was refused: it holds Python objects"):
        import_mert(pickled, store)

    assert not mark.exists()
    assert list(store.home.models.iterdir()) == []


def test_a_folder_with_another_network_is_refused(store: ModelStore, pickled: Path):
    table = json.loads((pickled / "config.json").read_text("utf-8"))
    (pickled / "config.json").write_text(json.dumps({**table, "deepnorm": True}), "utf-8")

    with pytest.raises(NoModelError, match="deepnorm is True, and only False is known"):
        import_mert(pickled, store)


def test_a_folder_without_weights_and_no_folder_at_all_are_said(store: ModelStore, pickled: Path):
    (pickled / "pytorch_model.bin").unlink()

    with pytest.raises(NoModelError, match=r"holds neither model\.safetensors nor"):
        import_mert(pickled, store)
    with pytest.raises(MissingFileError, match="does not exist"):
        import_mert(pickled / "nothing", store)


def test_without_it_the_answer_names_the_licence_and_the_command(store: ModelStore):
    with pytest.raises(
        NoModelError, match=r"CC BY-NC 4\.0, for non-commercial use only; .*models pull mert-v1-95m"
    ):
        load_mert(store)


def test_where_it_is_absent_the_store_says_how_to_get_it(store: ModelStore):
    with pytest.raises(NoModelError, match="models pull mert-v1-95m, or"):
        store.verify(MERT)


def test_it_is_no_model_to_be_used(mert_store: ModelStore):
    with pytest.raises(UsageError, match="is a part that other models need"):
        mert_store.use(MERT)


def test_one_flipped_bit_is_found(mert_store: ModelStore, store: ModelStore):
    folder = shutil.copytree(mert_store.path(MERT), store.folder(MERT))
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)

    with pytest.raises(NoModelError, match=r"model\.safetensors is not what SHA256SUMS lists"):
        store.verify(MERT)


def test_the_published_file_is_pinned():
    pin = read_manifest()[MERT]

    assert (pin.repository, pin.revision[:7]) == ("m-a-p/MERT-v1-95M", "55fa29e")
    assert pin.size == 377_552_987
    assert (pin.sha256 or "")[:8] == "a2b8b747"
    # 211 tensors as float32, and 313 bytes of archive and pickle for each
    assert 0 < (pin.size or 0) - 4 * 94_371_712 < 100_000


def test_it_is_pulled_only_under_its_licence_which_is_recorded(store: ModelStore, pickled: Path):
    shown: list[str] = []

    def confirm(text: str) -> bool:
        shown.append(text)
        return len(shown) > 1

    # a tiny one: that it has not the published sizes is found only after it came
    content = (pickled / "pytorch_model.bin").read_bytes()
    pin = _pin(content)
    with Hub(content) as hub:
        with pytest.raises(UsageError, match="not agreed to"):
            pull_pinned(pin, store, confirm=confirm, progress=lambda *_: None, endpoint=hub.address)
        assert hub.requests == []

        with pytest.raises(NoModelError, match=r"is \(32,\) and should be \(768,\)"):
            pull_pinned(pin, store, confirm=confirm, progress=lambda *_: None, endpoint=hub.address)

    assert "CC-BY-NC-4.0" in shown[0]
    assert "non-commercial use only" in shown[0]
    assert hub.requests[0][0].endswith("/pytorch_model.bin")


def test_a_card_of_what_the_user_brought_claims_no_consent(mert_store: ModelStore):
    text = (mert_store.path(MERT) / "README.md").read_text("utf-8")

    assert "license: cc-by-nc-4.0" in text
    assert "agreed to" not in text


def _pin(content: bytes) -> Pinned:
    digest = hashlib.sha256(content).hexdigest()
    return replace(read_manifest()[MERT], size=len(content), sha256=digest)
