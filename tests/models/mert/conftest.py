"""The tiny MERT of the golden files, as a folder of the hub, in the store and ready."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from clamp3_models.mert.front_end import MertFrontEnd
from clamp3_models.parts import import_mert, load_mert
from clamp3_models.store import ModelStore
from clamp3_plugin.config import Home


@pytest.fixture(scope="session")
def mert_state(golden: Path) -> dict[str, torch.Tensor]:
    """State dict of the tiny MERT, under the names that the real checkpoint has; not to be changed."""
    state = load_file(golden / "mert" / "mert_tiny_fp16.safetensors")
    return {key: tensor.float() for key, tensor in state.items()}


@pytest.fixture
def pickled(mert_state, golden: Path, tmp_path: Path) -> Path:
    """A folder as the hub has it: ``config.json`` and ``pytorch_model.bin``."""
    folder = tmp_path / "snapshot"
    folder.mkdir()
    shutil.copyfile(golden / "mert" / "mert_tiny_config.json", folder / "config.json")
    torch.save(mert_state, folder / "pytorch_model.bin")
    return folder


@pytest.fixture(scope="session")
def mert_store(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """A store that holds the tiny MERT only; not to be written to."""
    home = tmp_path_factory.mktemp("mert")
    source = home / "source"
    source.mkdir()
    shutil.copyfile(golden / "mert" / "mert_tiny_config.json", source / "config.json")
    shutil.copyfile(golden / "mert" / "mert_tiny_fp16.safetensors", source / "model.safetensors")
    store = ModelStore(Home.locate(str(home)), shipped={})
    import_mert(source, store)
    return store


@pytest.fixture(scope="session")
def front_end(mert_store: ModelStore) -> MertFrontEnd:
    return load_mert(mert_store)
