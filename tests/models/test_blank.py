"""Modules without numbers: the shapes of drawn ones, and no compiler imported to make them."""

import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from clamp3_models.blank import blank

_LOAD = """
import sys
from pathlib import Path
from clamp3_models import load_model

load_model(Path(sys.argv[1])).encode_text(["a jig"])
print([name for name in ("torch._dynamo", "sympy") if name in sys.modules])
"""


def test_blank_modules_have_the_shapes_of_drawn_ones():
    def layers() -> nn.Module:
        return nn.Sequential(
            nn.Embedding(5, 4), nn.Linear(4, 3), nn.LayerNorm(3), nn.Conv1d(1, 2, 3)
        )

    with blank():
        made = layers()

    assert {tensor.device.type for tensor in made.state_dict().values()} == {"meta"}
    drawn = {name: tensor.shape for name, tensor in layers().state_dict().items()}
    assert {name: tensor.shape for name, tensor in made.state_dict().items()} == drawn


def test_numbers_are_drawn_again_afterwards():
    with blank():
        nn.Linear(4, 3)

    assert torch.any(nn.Linear(4, 3).weight)


def test_loading_a_model_imports_no_compiler(tiny_folder: Path):
    command = [sys.executable, "-c", _LOAD, str(tiny_folder)]

    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)

    assert done.stdout.strip() == "[]"
