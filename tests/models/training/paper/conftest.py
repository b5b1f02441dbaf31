from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.models.training.paper.tiny_corpus import write_corpus


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Models this small lose more by waiting for a second thread than they gain."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with twelve records; not to be written to."""
    return write_corpus(tmp_path_factory.mktemp("corpus"))
