"""The model card, ``README.md`` of a model folder: whose the weights are and where they come from.

A folder that holds something of others under a licence of its own has its text in ``LICENSE-NAME.txt``,
whose first line is the licence's short name.

Conventions: a block of ``name: value`` lines between two ``---`` lines in front, as the Hugging Face
hub has it (``license``, ``summary``, ``source``), then prose. Standard library only.
"""

from dataclasses import dataclass
from pathlib import Path

from clamp3_models.folder import CARD_FILE, LICENCE_FILES

_FENCE = "---"


@dataclass(frozen=True, slots=True)
class Card:
    """What the first block of a model card says; empty where it says nothing."""

    licence: str = ""
    summary: str = ""
    """One line: what this model is."""
    source: str = ""
    """Where the weights come from, with their SHA-256 where one is known."""


OFFICIAL_PROSE = """\
Weights of CLaMP 3 by Shangda Wu et al., "CLaMP 3: Universal Music Information Retrieval Across
Unaligned Modalities and Unseen Languages", arXiv 2502.10362, converted from the published checkpoint
without change of any number. The authors' model card on the Hugging Face hub (sander-wood/clamp3)
states the MIT licence.

Audio recordings are not read by these weights alone: they take features of MERT-v1-95M
(m-a-p/MERT-v1-95M), whose weights are CC BY-NC 4.0, for non-commercial use. Texts, scores and MIDI
files need no MERT.
"""

MERT_PROSE = """\
Weights of MERT-v1-95M by Yizhi Li et al., "MERT: Acoustic Music Understanding Model with Large-Scale
Self-supervised Training", arXiv 2306.00107, converted from the published checkpoint without change of
any number. The authors' model card on the Hugging Face hub (m-a-p/MERT-v1-95M) states the licence
CC BY-NC 4.0: with attribution, and for non-commercial use only.

The official CLaMP 3 models read recordings by way of it. Embedding, indexing and searching recordings
with them is therefore for non-commercial use only. Texts, scores and MIDI files do not need it.
"""


def write_card(folder: Path, name: str, card: Card, prose: str = "") -> None:
    """Write the model card of a folder."""
    front = [f"license: {card.licence}", f"summary: {card.summary}", f"source: {card.source}"]
    head = "\n".join([_FENCE, *front, _FENCE])
    body = f"{head}\n\n# {name}\n\n{prose or card.summary}\n".rstrip() + "\n"
    (folder / CARD_FILE).write_text(body, "utf-8")


def read_card(folder: Path) -> Card:
    """Read the model card of a folder; one that is missing or says nothing gives an empty card."""
    path = folder / CARD_FILE
    if not path.is_file():
        return Card()
    lines = path.read_text("utf-8", "replace").splitlines()
    if not lines or lines[0] != _FENCE or _FENCE not in lines[1:]:
        return Card()
    front = lines[1 : lines.index(_FENCE, 1)]
    table = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in front)
    }
    return Card(table.get("license", ""), table.get("summary", ""), table.get("source", ""))


def licences_of_others(folder: Path) -> dict[str, str]:
    """Name what of others a model folder holds, with the short names of the licences."""
    return {
        path.stem.partition("-")[2]: path.read_text("utf-8", "replace").partition("\n")[0]
        for path in sorted(folder.glob(LICENCE_FILES))
    }
