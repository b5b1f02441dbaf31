"""A model folder: the names of its files, and ``SHA256SUMS`` over them. Standard library only."""

import hashlib
from pathlib import Path

from clamp3_plugin.errors import NoModelError

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
TOKENIZER_FILES = ("sentencepiece.bpe.model", "tokenizer.json")
CARD_FILE = "README.md"
FRONT_END_FILE = "audio_front_end.safetensors"
"""What mini hears with; a model that hears through a part of its own in the store has none."""
LICENCE_FILES = "LICENSE-*.txt"
"""Licences of what a model holds of others (``clamp3_models.card``)."""
SUMS_FILE = "SHA256SUMS"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sums(folder: Path) -> None:
    """Write ``SHA256SUMS`` over every other file of a folder, as ``sha256sum -c`` reads it."""
    names = sorted(path.name for path in folder.iterdir() if path.name != SUMS_FILE)
    lines = [f"{file_sha256(folder / name)}  {name}\n" for name in names]
    (folder / SUMS_FILE).write_text("".join(lines), "utf-8")


def read_sums(folder: Path) -> dict[str, str]:
    """Read ``SHA256SUMS``: file name to digest; empty where there is none.

    Raises
    ------
    NoModelError
        A line is none of ``digest, two spaces, name``, or names a file outside the folder.
    """
    path = folder / SUMS_FILE
    if not path.is_file():
        return {}
    sums = {}
    for line in path.read_text("utf-8", "replace").splitlines():
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not name or Path(name).name != name:
            raise NoModelError(f"{path} is damaged: it has the line {line[:100]!r}.")
        sums[name] = digest
    return sums


def check_sums(folder: Path) -> None:
    """Compare every file with ``SHA256SUMS``.

    Raises
    ------
    NoModelError
        A file is missing, changed or not listed, or there are no sums to compare with.
    """
    sums = read_sums(folder)
    if not sums:
        raise NoModelError(f"{folder} has no {SUMS_FILE}, so nothing says what it should hold.")
    present = {path.name for path in folder.iterdir()} - {SUMS_FILE}
    for name in sorted(sums.keys() | present):
        if name not in present:
            raise NoModelError(f"{folder / name} is missing.", "Import or pull the model again.")
        if name not in sums:
            raise NoModelError(
                f"{folder / name} is not listed in {SUMS_FILE}.", "Remove that file."
            )
        if file_sha256(folder / name) != sums[name]:
            raise NoModelError(
                f"{folder / name} is not what {SUMS_FILE} lists: it was changed or is damaged.",
                "Import or pull the model again.",
            )
