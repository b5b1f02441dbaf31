"""What the official models need beside their own weights: MERT-v1-95M, to read recordings.

A part lies in the store like a model and is pulled, imported, verified and removed like one; it differs
in its licence, CC BY-NC 4.0, which binds whoever uses it.
"""

from datetime import UTC, datetime
from pathlib import Path

import torch

from clamp3_models.card import MERT_PROSE, Card, write_card
from clamp3_models.folder import file_sha256
from clamp3_models.mert.files import convert_mert
from clamp3_models.mert.front_end import MertFrontEnd, load_front_end
from clamp3_models.pickles import TIMEOUT_S
from clamp3_models.store import PARTS, ModelInfo, ModelStore
from clamp3_plugin.errors import MissingFileError, NoModelError

(MERT,) = PARTS
MERT_LICENCE = "cc-by-nc-4.0"


def import_mert(
    source: Path,
    store: ModelStore,
    name: str = MERT,
    *,
    card: Card | None = None,
    timeout_s: float = TIMEOUT_S,
) -> ModelInfo:
    """Take MERT into the store.

    Parameters
    ----------
    source : Path
        ``pytorch_model.bin`` of the hub, the same as ``.safetensors``, or a folder with one of them
        and ``config.json``.
    store : ModelStore
        Where to.
    name : str
        What to call it there; models look for it under its own name.
    card : Card, optional
        What the card shall say if its licence was agreed to before it was downloaded.
    timeout_s : float
        Seconds that reading a pickle may take.

    Raises
    ------
    NoModelError
        The source is damaged, hostile or not MERT.
    MissingFileError
        There is no such file.
    UsageError
        The name is taken.
    """
    source = source.absolute()
    if not source.exists():
        raise MissingFileError(f"{source} does not exist.")
    with store.new_folder(name) as folder:
        convert_mert(source, folder, timeout_s=timeout_s)
        today = datetime.now(UTC).date()
        consent = f"Its licence was shown and agreed to on {today}, before the download.\n"
        write_card(
            folder, name, card or _card(source), f"{MERT_PROSE}\n{consent if card else ''}".strip()
        )
    return store.show(name)


def _card(source: Path) -> Card:
    known = f" sha256:{file_sha256(source)}" if source.is_file() else ""
    return Card(MERT_LICENCE, "Audio front end of saas and c2.", f"{source.name}{known}")


def load_mert(
    store: ModelStore, *, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> MertFrontEnd:
    """Load MERT from the store.

    Raises
    ------
    NoModelError
        It is not there, with the licence and how to get it, or it is damaged.
    """
    folder = store.folder(MERT)
    if not folder.is_dir():
        raise NoModelError(
            "To read recordings this model needs MERT-v1-95M, which is not here.",
            f"It is CC BY-NC 4.0, for non-commercial use only; to get it: clamp3 models pull {MERT}.",
        )
    return load_front_end(folder, device=device, dtype=dtype)
