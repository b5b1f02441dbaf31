"""An encoder of the store hears by the front end that its configuration names."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.loading import load_encoder
from clamp3_models.mert.files import write_weights
from clamp3_models.mert.network import Mert, MertConfig
from clamp3_models.parts import MERT, import_mert
from clamp3_models.store import ModelStore
from clamp3_models.weights import load_model
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import NoModelError

WAVE = np.random.default_rng(7).standard_normal(150_000, np.float32)
SMALL = MertConfig(64, 1, 2, 16, (8,) * 7, position_kernel=8, position_groups=2)


@pytest.fixture
def store(tmp_path: Path, tiny_folder: Path) -> ModelStore:
    """A store with the tiny model of the user's own."""
    store = ModelStore(Home.locate(str(tmp_path / "home")))
    shutil.copytree(tiny_folder, store.folder("ours"))
    return store


def add_mert(store: ModelStore, tmp_path: Path, config: MertConfig) -> None:
    folder = tmp_path / "random"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config.to_json()))
    torch.manual_seed(1)
    write_weights(folder, Mert(config).state_dict(), folder)
    import_mert(folder, store)


def load(store: ModelStore) -> Clamp3Encoder:
    return load_encoder(store.home, Config(model="ours", device="cpu"))


def test_a_recording_becomes_an_embedding(store: ModelStore, tmp_path: Path):
    add_mert(store, tmp_path, SMALL)
    encoder = load(store)

    features = encoder.audio_features(WAVE)

    assert features.shape == (2, 64)
    assert encoder.encode_audio([features]).shape == (1, encoder.dim)
    assert encoder.encode_audio([features], pooled=False)[0].shape == (4, 64)


def test_texts_and_scores_need_no_front_end_and_recordings_say_which(store: ModelStore):
    encoder = load(store)

    assert encoder.encode_text(["a jig"]).shape == (1, encoder.dim)
    with pytest.raises(NoModelError, match=r"needs MERT-v1-95M, which is not here.*CC BY-NC"):
        encoder.audio_features(WAVE)


def test_it_can_be_got_while_the_model_is_loaded(store: ModelStore, tmp_path: Path):
    encoder = load(store)
    with pytest.raises(NoModelError):
        encoder.audio_features(WAVE)
    add_mert(store, tmp_path, SMALL)

    assert encoder.audio_features(WAVE).shape == (2, 64)


def test_features_of_another_width_are_refused(store: ModelStore, tmp_path: Path):
    add_mert(store, tmp_path, dataclasses.replace(SMALL, hidden_size=32))

    with pytest.raises(NoModelError, match="gives features of 32, and the model 'tiny' reads 64"):
        load(store).audio_features(WAVE)


def change_config(store: ModelStore, **change: object) -> None:
    path = store.folder("ours") / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))


def test_a_front_end_of_another_name_is_said(store: ModelStore):
    change_config(store, audio_front_end="ears-2")

    with pytest.raises(NoModelError, match="go through 'ears-2', which this clamp3 does not know"):
        load(store).audio_features(WAVE)


def test_an_encoder_of_a_bare_folder_has_no_front_end(tiny_folder: Path):
    with pytest.raises(NoModelError, match="without a way to get at its front end"):
        load_model(tiny_folder).audio_features(WAVE)


def test_the_part_is_kept_where_models_look_for_it(store: ModelStore, tmp_path: Path):
    add_mert(store, tmp_path, SMALL)

    assert store.show("ours").audio_front_end == MERT == store.show(MERT).name
