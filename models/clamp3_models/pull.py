"""Fetch a published model from the Hugging Face hub: pinned, licence first, converted on arrival.

Reads the hub's own variables: ``HF_ENDPOINT``, ``HF_HOME`` (its cache and token), ``HF_TOKEN``,
``HF_HUB_CACHE``, ``HF_HUB_OFFLINE``; the proxies' as urllib does.
"""

import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from clamp3_models.card import Card
from clamp3_models.checkpoint import import_model
from clamp3_models.download import Patience, Progress, Wanted, download
from clamp3_models.folder import file_sha256
from clamp3_models.parts import MERT, import_mert
from clamp3_models.store import ModelInfo, ModelStore
from clamp3_plugin.errors import NoModelError, UsageError

MANIFEST = Path(__file__).with_name("weights.toml")
HUB = "https://huggingface.co"
_TRUE = {"1", "on", "true", "yes"}
_NEED_OF_MERT = (
    "For audio recordings these weights need MERT-v1-95M, which is CC BY-NC 4.0 (non-commercial use"
    " only) and is pulled apart."
)
_CONDITIONS_OF_MERT = (
    "That is Creative Commons, attribution, non-commercial: embedding, indexing and searching"
    " recordings by way of these weights is for non-commercial use only. Texts, scores and MIDI files"
    " do not need them."
)


@dataclass(frozen=True, slots=True)
class Pinned:
    """One published file and what it must be."""

    name: str
    summary: str
    repository: str
    revision: str
    file: str
    licence: str
    size: int | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        """Refuse a pin that pins nothing."""
        if not _is_hex(self.revision, 40):
            raise ValueError(f"{self.name}: the revision {self.revision!r} is no commit")
        if self.sha256 is not None and not _is_hex(self.sha256, 64):
            raise ValueError(f"{self.name}: {self.sha256!r} is no SHA-256")

    @property
    def licence_text(self) -> str:
        """What the user agrees to before the first byte."""
        size = f"{self.size / 1e9:.1f} GB" if self.size else "size told by the hub, 2 to 5 GB"
        return (
            f"{self.name}: {self.summary}\n"
            f"{self.repository} at {self.revision[:12]} on the Hugging Face hub, {size}.\n"
            f"The authors' model card states the licence {self.licence.upper()}.\n"
            f"{_CONDITIONS_OF_MERT if self.name == MERT else _NEED_OF_MERT}"
        )


def read_manifest(path: Path = MANIFEST) -> dict[str, Pinned]:
    """Read the pinned files by name."""
    table = tomllib.loads(path.read_text("utf-8"))
    return {name: Pinned(name, **entry) for name, entry in table.items()}


def pull(
    name: str,
    store: ModelStore,
    *,
    confirm: Callable[[str], bool],
    progress: Progress = lambda _received, _size: None,
    endpoint: str | None = None,
) -> ModelInfo:
    """Fetch a published model into the store.

    Parameters
    ----------
    name : str
        Its name in the manifest: ``saas`` or ``c2``, or ``mert-v1-95m``, the part that they need.
    store : ModelStore
        Where to.
    confirm : callable
        Gets the text of the licence before anything is downloaded; False ends it.
    progress : callable
        Called with received and total bytes.
    endpoint : str, optional
        Address of the hub; else ``HF_ENDPOINT``, else the public one.

    Returns
    -------
    ModelInfo
        The model in the store; ``source`` names the file and the SHA-256 it had.

    Raises
    ------
    UsageError
        An unknown name, a name that is taken, or the licence was not agreed to.
    NoModelError
        The hub refuses or cannot be reached, or what came is not the pinned file.
    """
    known = read_manifest()
    if name not in known:
        raise UsageError(f"There is no published model {name!r}.", f"Known: {', '.join(known)}.")
    return pull_pinned(known[name], store, confirm=confirm, progress=progress, endpoint=endpoint)


def pull_pinned(
    pinned: Pinned,
    store: ModelStore,
    *,
    confirm: Callable[[str], bool],
    progress: Progress,
    endpoint: str | None = None,
    patience: Patience = Patience(),  # noqa: B008 - frozen
) -> ModelInfo:
    """Fetch one pinned file into the store, as ``pull`` does for those of the manifest."""
    name = pinned.name
    store.free_folder(name)
    if not confirm(pinned.licence_text):
        raise UsageError("The licence was not agreed to, so nothing was downloaded.")
    cached = cached_file(pinned)
    if cached:
        path, digest = cached, _checked_sha256(cached, pinned)
    else:
        path = store.home.cache / "downloads" / pinned.file
        digest = _fetch(pinned, path, endpoint, progress, patience)
    source = f"{pinned.repository}@{pinned.revision[:12]} {pinned.file} sha256:{digest}"
    take = import_mert if name == MERT else import_model
    info = take(path, store, name, card=Card(pinned.licence, pinned.summary, source))
    if not cached:
        path.unlink()
    return info


def _fetch(
    pinned: Pinned, path: Path, endpoint: str | None, progress: Progress, patience: Patience
) -> str:
    if path.exists():  # whole, but its import was cut short
        return _checked_sha256(path, pinned)
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in _TRUE:
        raise NoModelError(
            f"{pinned.name} is not on this machine, and HF_HUB_OFFLINE forbids to download it.",
            "Unset HF_HUB_OFFLINE, or bring the file yourself: clamp3 models import FILE.",
        )
    hub = (endpoint or os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    if urlsplit(hub).scheme not in {"http", "https"}:
        raise UsageError(f"The hub's address {hub!r} begins with neither https:// nor http://.")
    url = f"{hub}/{pinned.repository}/resolve/{pinned.revision}/{quote(pinned.file)}"
    wanted = Wanted(url, pinned.size, pinned.sha256, pinned.revision)
    # a token over plain http could be read on the way
    token = _token() if urlsplit(hub).scheme == "https" else None
    return download(wanted, path, progress=progress, token=token, patience=patience)


def _checked_sha256(path: Path, pinned: Pinned) -> str:
    digest = file_sha256(path)
    if pinned.sha256 and digest != pinned.sha256:
        raise NoModelError(
            f"{path} has the SHA-256 {digest}, not {pinned.sha256}.",
            "Remove that file and try again.",
        )
    return digest


def cached_file(pinned: Pinned) -> Path | None:
    """Path of the pinned file in the cache that the hub's own tools keep; None where it is not there."""
    cache = os.environ.get("HF_HUB_CACHE") or _hub_home() / "hub"
    folder = "models--" + pinned.repository.replace("/", "--")
    path = Path(cache) / folder / "snapshots" / pinned.revision / pinned.file
    if path.is_file() and pinned.size in {None, path.stat().st_size}:
        return path
    return None


def _token() -> str | None:
    """Token of the user: public repositories need none, but mirrors may."""
    given = os.environ.get("HF_TOKEN")
    file = _hub_home() / "token"
    if not given and file.is_file():
        given = file.read_text("ascii", "replace")
    return given.strip() if given and given.strip().isprintable() else None


def _hub_home() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("HF_HOME") or Path(cache) / "huggingface").expanduser()


def _is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and set(text) <= set("0123456789abcdef")
