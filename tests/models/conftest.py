"""The tiny model of the golden files, imported once, and empty stores."""

import lzma
from pathlib import Path

import pytest
import torch

from clamp3_models.checkpoint import import_model
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.store import ModelStore
from clamp3_models.weights import load_model, read_state_dict
from clamp3_plugin.config import Home


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the caller's models, hub cache, token or proxy."""
    monkeypatch.setenv("CLAMP3_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    for name in ("HF_ENDPOINT", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def tiny_folder(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model folder of the tiny golden model; not to be written to."""
    store = ModelStore(Home.locate(str(tmp_path_factory.mktemp("tiny"))), shipped={})
    return import_model(golden / "model", store, "tiny").path


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Clamp3Encoder:
    """Encoder of the tiny golden model."""
    return load_model(tiny_folder)


@pytest.fixture
def store(tmp_path: Path, tiny_folder: Path) -> ModelStore:
    """A store without models of its own, in which the tiny model takes the place of the shipped one."""
    return ModelStore(Home.locate(str(tmp_path / "home")), shipped={"mini": tiny_folder})


@pytest.fixture
def state(tiny_folder: Path) -> dict[str, torch.Tensor]:
    """State dict of the tiny model."""
    return read_state_dict(tiny_folder / "model.safetensors")


@pytest.fixture(scope="session")
def vocabulary(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the 250,002 pieces of XLM-RoBERTa: those that ship, else those beside the project."""
    shipped = Path(__file__).parents[2] / "models" / "clamp3_models" / "mini"
    if (shipped / "sentencepiece.bpe.model").is_file():
        return shipped
    folder = tmp_path_factory.mktemp("vocabulary")
    packed = shared / "tokenizer" / "sentencepiece.bpe.model.xz"
    (folder / "sentencepiece.bpe.model").write_bytes(lzma.decompress(packed.read_bytes()))
    return folder
