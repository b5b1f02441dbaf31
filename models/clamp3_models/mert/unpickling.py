"""Read MERT's pickle and write it as safetensors; run as a process of its own, by ``files``.

Why so, see ``clamp3_models.unpickling``.
"""

import sys
from pathlib import Path

from clamp3_models.mert.files import write_weights
from clamp3_models.unpickling import answer, checked_tensors, read_checkpoint


def convert(source: Path, folder: Path) -> None:
    """Write the weights of a ``pytorch_model.bin`` into a folder that has its ``config.json``.

    Raises
    ------
    NoModelError
        The file holds anything but the state dict of that network; the text names what.
    """
    write_weights(folder, checked_tensors(read_checkpoint(source), source, "MERT"), source)


if __name__ == "__main__":
    _source, _folder = map(Path, sys.argv[1:])
    answer(lambda: convert(_source, _folder))
