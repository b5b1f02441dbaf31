"""The music of a record, form by form: a file, or what stands in the record itself.

``.mtf`` and interleaved ``.abc`` are read as they are; any other notation is converted on the way, which
costs up to half a second a piece: convert a large collection once (``clamp3 convert``).
"""

import base64
import binascii
import random
import tokenize
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clamp3_models.patches import Patches, patchify, remove_instrument_info
from clamp3_models.training.paper.examples import NAMELESS_SHARE, window
from clamp3_models.training.records import Record
from clamp3_plugin.errors import BrokenFileError, MissingFileError
from clamp3_plugin.readers.performance import read_midi
from clamp3_plugin.readers.registry import read_written
from clamp3_plugin.readers.score import score_from_standard_abc

_ABC, _MIDI = "abc", "midi"
"""Names of the forms that stand in the record; files have an ending."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form in which a record's music is at hand."""

    record: Record = field(repr=False)
    name: str
    """Path below the record's folder, or ``abc`` or ``midi``."""

    @property
    def is_score(self) -> bool:
        """Tell scores in ABC, which evaluation prefers, from the rest."""
        return self.name == _ABC or self.name.lower().endswith(".abc")

    def text(self) -> str:
        """Read interleaved ABC or MTF.

        Raises
        ------
        Clamp3Error
            The file is not there, or there is no music in it.
        """
        if self.name == _ABC:
            return score_from_standard_abc(self.record.fields["abc"]).whole()
        if self.name == _MIDI:
            return read_midi(self._midi())[0].whole()
        path = self.record.folder / self.name
        return _text(path) if path.suffix.lower() == ".mtf" else read_written(path)[0].whole()

    def patches(
        self, length: int, choose: random.Random | None, *, drop_names: bool = True
    ) -> Patches:
        """Read patches, uint8 ``(n, 64)``, no more than ``length``."""
        text = self.text()
        if drop_names and choose is not None and choose.random() < NAMELESS_SHARE:
            text = remove_instrument_info(text)
        return window(patchify(text), length, choose)

    def frames(self, length: int, choose: random.Random | None) -> NDArray[np.float32]:
        """Read audio features between two zero vectors, float32 ``(T, hidden)``, no more than ``length``."""
        path = self.record.folder / self.name
        try:
            array: NDArray[np.generic] = np.load(path, allow_pickle=False)
        except OSError as error:
            raise MissingFileError(f"{path} cannot be read: {error}.") from error
        except (ValueError, EOFError, SyntaxError, tokenize.TokenError) as error:
            raise BrokenFileError(f"{path} is no array of NumPy: {error}.") from error
        is_flat = array.ndim == 2 or (array.ndim == 3 and array.shape[0] == 1)
        if not np.issubdtype(array.dtype, np.floating) or not is_flat or array.size == 0:
            raise BrokenFileError(
                f"{path} holds {array.dtype} of shape {array.shape}, no audio features.",
                "Features are floats of shape (T, hidden).",
            )
        flat = array.astype(np.float32).reshape(-1, array.shape[-1])
        return window(np.pad(flat, ((1, 1), (0, 0))), length, choose)

    def _midi(self) -> bytes:
        if self.record.midi is not None:
            return self.record.midi
        try:
            return base64.b64decode(self.record.fields["midi_b64"], validate=True)
        except (binascii.Error, ValueError, TypeError) as error:
            raise BrokenFileError(f"{self.record.id}: midi_b64 is no base64.") from error


def symbolic_forms(record: Record) -> list[Form]:
    """List scores and performances of a record."""
    own = [_ABC] if record.fields.get("abc") else []
    if record.midi is not None or record.fields.get("midi_b64"):
        own.append(_MIDI)
    return [Form(record, name) for name in (*_files(record, audio=False), *own)]


def audio_forms(record: Record) -> list[Form]:
    """List the audio features of a record."""
    return [Form(record, name) for name in _files(record, audio=True)]


def _files(record: Record, *, audio: bool) -> list[str]:
    names = record.fields.get("filepaths") or []
    return [str(name) for name in names if str(name).lower().endswith(".npy") is audio]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")  # universal newlines, as the reference opens it
    except UnicodeDecodeError as error:
        raise BrokenFileError(f"{path} is no text in UTF-8.") from error
    except OSError as error:
        raise MissingFileError(f"{path} cannot be read: {error.strerror}.") from error
