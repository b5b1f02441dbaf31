"""Run recipes in the processes that ``torchrun`` started: ``two_processes.py CORPUS TOKENIZER FOLDER``.

Reads ``FOLDER/m3.toml`` and ``FOLDER/tiny.toml``, works in ``FOLDER/together``.
"""

import sys
from pathlib import Path

import torch

from clamp3_models.training.paper.contrastive import MusicSide
from clamp3_models.training.paper.ranks import joined
from clamp3_models.training.paper.recipe import Clamp3Recipe, M3Recipe, load_recipe
from clamp3_models.training.paper.run import Machine, Paths, train_clamp3, train_m3

if __name__ == "__main__":
    corpus, tokenizer, folder = map(Path, sys.argv[1:])
    torch.set_num_threads(1)
    m3, tiny = load_recipe(folder / "m3.toml"), load_recipe(folder / "tiny.toml")
    assert isinstance(m3, M3Recipe)
    assert isinstance(tiny, Clamp3Recipe)
    paths = Paths(corpus, folder / "together", folder / "together-made")
    with joined("cpu") as (ranks, device):
        machine = Machine(device, ranks, workers=0)
        train_m3(m3, paths, machine, lambda _stage, _told: None)
        train_clamp3(
            tiny, MusicSide.SYMBOLIC, tokenizer, paths, machine, lambda _stage, _told: None
        )
