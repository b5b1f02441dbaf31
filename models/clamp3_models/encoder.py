"""The encoder that other code uses: texts, scores, performances and audio features in, vectors out.

Conventions: a *sequence* is a whole input as positions (token ids, patches or frames); a *segment* is
what a tower sees at once. Inputs are cut into segments and pooled exactly as the reference does
(``code/extract_clamp3.py``), by ``tower``. On a CPU a tower is packed before it first runs.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clamp3_models.clamp3 import Clamp3, Clamp3Config
from clamp3_models.device import NAMES
from clamp3_models.front_ends import ROW_S
from clamp3_models.packed_transformer import pack
from clamp3_models.patches import patchify
from clamp3_models.places import Places, Work
from clamp3_models.tokenizer import Tokenizer, join_lines
from clamp3_models.tower import Frames, Tower
from clamp3_models.transformer import Transformer, TransformerConfig
from clamp3_plugin.encoding import Embeddings
from clamp3_plugin.errors import NoModelError, UnheardError
from clamp3_plugin.music import Modality

Samples = NDArray[np.float32]
"""float32, shape ``(n,)``: a recording, mono, 24 kHz."""


class FrontEnd(Protocol):
    """Makes of a recording what an audio tower reads."""

    def features(self, samples: Samples) -> Frames:
        """Compute features, float32 ``(T, hidden)``, a row for every ``frame_s`` seconds."""

    def stream(self, samples: Samples) -> Iterator[Frames]:
        """Compute the same a few rows at a time, for those who may stop or let others in between."""


FrontEnds = Callable[[str], FrontEnd]
"""Loads the front end of a name, as a model's configuration has it."""


class Clamp3Encoder:
    """Encode music and text with one set of weights.

    Every ``encode_*`` takes a list and gives float32 ``(n, dim)``: global embeddings, before
    normalisation. With ``pooled=False`` they give the frames instead, one ``(T, hidden)`` array per
    input.
    """

    def __init__(
        self, model: Clamp3, tokenizer: Tokenizer, *, weights_sha256: str, device: str = "cpu",
        dtype: torch.dtype = torch.float32, folder: Path | None = None,
    ) -> None:  # fmt: skip
        stored = torch.float32 if dtype is torch.int8 else dtype
        self._model = (
            model.eval().to(device=device, dtype=stored).requires_grad_(requires_grad=False)
        )
        self._model.symbolic_model.lay_out_for_speed()
        self._tokenizer = tokenizer
        self._places = Places(self._model, torch.device(device))
        self._precision = dtype
        self._packing = threading.Lock()
        self._weights = weights_sha256
        self._folder = folder
        self._front_ends: FrontEnds | None = None

    @property
    def frame_s(self) -> float:
        """Seconds that a row of audio features stands for."""
        return ROW_S.get(self.config.audio_front_end, 5.0)

    def require(self, modality: Modality) -> None:
        """Make ready to read a modality.

        Raises
        ------
        NoModelError
            The model has no audio encoder, or its front end is not here.
        """
        if modality is Modality.AUDIO:
            _ = self._audio, self._front_end

    def hear_through(self, front_ends: FrontEnds) -> None:
        """Say where ``audio_features`` gets the front end that the configuration names."""
        self._front_ends = front_ends

    @property
    def config(self) -> Clamp3Config:
        """Sizes of the model."""
        return self._model.config

    @property
    def dim(self) -> int:
        """Length of a global embedding."""
        return self.config.dim

    @property
    def space(self) -> str:
        """Identity of the embedding space: name, weights, audio front end, precision."""
        precision = NAMES[self._precision]
        front_end = self.config.audio_front_end
        return f"{self.config.name}-{self._weights[:12]}-{front_end}-{precision}"

    @property
    def folder(self) -> Path | None:
        """Where the model was loaded from, for what else lies there; None for one made in memory."""
        return self._folder

    @property
    def device(self) -> str:
        """Where the model runs: ``cpu``, ``cuda``, ``mps``."""
        return self._places.device.type

    @overload
    def encode_text(self, texts: Sequence[str]) -> Embeddings: ...

    @overload
    def encode_text(self, texts: Sequence[str], *, pooled: Literal[True]) -> Embeddings: ...

    @overload
    def encode_text(self, texts: Sequence[str], *, pooled: Literal[False]) -> list[Frames]: ...

    def encode_text(
        self, texts: Sequence[str], *, pooled: bool = True
    ) -> Embeddings | list[Frames]:
        """Encode texts in any language.

        Parameters
        ----------
        texts : sequence of str
            Lines of one text are joined by the separator token, as the model was trained.
        pooled : bool
            False gives the frames before pooling.

        Returns
        -------
        Embeddings or list of Frames
            float32 ``(len(texts), dim)``, or one ``(tokens, hidden)`` array per text.
        """
        prefix = self.config.text_prefix
        ids = [self._tokenizer(prefix + join_lines(text)) for text in texts]

        def tower(model: Clamp3, device: torch.device, at_once: int) -> Tower:
            self._make_quick(model.text_model, device, exact=True)
            length = self.config.text_length
            return Tower(model.text_hidden, model.text_proj, length, device, at_once)

        return self._encode(tower, [torch.tensor(i) for i in ids], pooled=pooled)

    @overload
    def encode_score(self, scores: Sequence[str]) -> Embeddings: ...

    @overload
    def encode_score(self, scores: Sequence[str], *, pooled: Literal[True]) -> Embeddings: ...

    @overload
    def encode_score(self, scores: Sequence[str], *, pooled: Literal[False]) -> list[Frames]: ...

    def encode_score(
        self, scores: Sequence[str], *, pooled: bool = True
    ) -> Embeddings | list[Frames]:
        """Encode interleaved ABC.

        Parameters
        ----------
        scores : sequence of str
            Interleaved ABC, one bar of all voices a line.
        pooled : bool
            False gives the frames before pooling: one per patch, with the special first and last one.

        Returns
        -------
        Embeddings or list of Frames
            float32 ``(len(scores), dim)``, or one ``(patches, hidden)`` array per score.

        Raises
        ------
        EmptyContentError
            A score without a line.
        """
        return self._symbolic(scores, pooled=pooled)

    @overload
    def encode_performance(self, performances: Sequence[str]) -> Embeddings: ...

    @overload
    def encode_performance(
        self, performances: Sequence[str], *, pooled: Literal[True]
    ) -> Embeddings: ...

    @overload
    def encode_performance(
        self, performances: Sequence[str], *, pooled: Literal[False]
    ) -> list[Frames]: ...

    def encode_performance(
        self, performances: Sequence[str], *, pooled: bool = True
    ) -> Embeddings | list[Frames]:
        """Encode MTF, the text form of MIDI; the same tower as scores.

        Parameters
        ----------
        performances : sequence of str
            MTF, beginning with ``ticks_per_beat``.
        pooled : bool
            False gives the frames before pooling.

        Returns
        -------
        Embeddings or list of Frames
            float32 ``(len(performances), dim)``, or one ``(patches, hidden)`` array each.
        """
        return self._symbolic(performances, pooled=pooled)

    @overload
    def encode_audio(self, features: Sequence[NDArray[np.floating]]) -> Embeddings: ...

    @overload
    def encode_audio(
        self, features: Sequence[NDArray[np.floating]], *, pooled: Literal[True]
    ) -> Embeddings: ...

    @overload
    def encode_audio(
        self, features: Sequence[NDArray[np.floating]], *, pooled: Literal[False]
    ) -> list[Frames]: ...

    def encode_audio(
        self, features: Sequence[NDArray[np.floating]], *, pooled: bool = True
    ) -> Embeddings | list[Frames]:
        """Encode audio features, one vector per five seconds.

        Parameters
        ----------
        features : sequence of ndarray
            ``(T, hidden)`` or ``(1, T, hidden)`` each, as the front end gives them; the zero vectors
            that the model was trained with at both ends are added here.
        pooled : bool
            False gives the frames before pooling.

        Returns
        -------
        Embeddings or list of Frames
            float32 ``(len(features), dim)``, or one ``(T + 2, hidden)`` array each.

        Raises
        ------
        NoModelError
            The model has no audio encoder.
        ValueError
            Features of another width than the model's.
        """
        H = self._audio.hidden_size
        frames = []
        for feature in features:
            if feature.ndim not in {2, 3} or feature.shape[-1] != H:
                raise ValueError(f"audio features must be (T, {H}), not {feature.shape}")
            flat = torch.from_numpy(np.asarray(feature, np.float32).reshape(-1, H))
            frames.append(nn.functional.pad(flat, (0, 0, 1, 1)))

        def tower(model: Clamp3, device: torch.device, at_once: int) -> Tower:
            self._make_quick(model.audio_model, device)
            length = self.config.audio_length
            return Tower(model.audio_hidden, model.audio_proj, length, device, at_once)

        return self._encode(tower, frames, pooled=pooled)

    def audio_features(self, samples: Samples) -> Frames:
        """Compute of a recording what ``encode_audio`` reads; the first call loads the front end.

        Parameters
        ----------
        samples : ndarray
            float32, shape ``(n,)``, mono, 24 kHz: a whole recording, for loudness is measured over it.

        Returns
        -------
        Frames
            float32 ``(T, hidden)``, a row for every five seconds.

        Raises
        ------
        NoModelError
            The model has no audio encoder, or its front end is not here.
        InputRefusedError
            The recording is too short, or holds samples that are no numbers.
        """
        return np.concatenate(list(self.listen(samples)))

    def listen(self, samples: Samples) -> Iterator[Frames]:
        """Compute ``audio_features`` a few rows at a time.

        Raises
        ------
        NoModelError, InputRefusedError
            As for ``audio_features``.
        """
        H = self._audio.hidden_size
        for features in self._front_end.stream(samples):
            if features.shape[1] != H:
                raise NoModelError(
                    f"The front end gives features of {features.shape[1]}, and the model"
                    f" {self.config.name!r} reads {H}.",
                    f"Pull {self.config.audio_front_end} again.",
                )
            yield features

    @cached_property
    def _front_end(self) -> FrontEnd:
        if self._front_ends is None:
            raise NoModelError("This model was loaded without a way to get at its front end.")
        return self._front_ends(self.config.audio_front_end)

    @property
    def _audio(self) -> TransformerConfig:
        if self.config.audio is None:
            raise UnheardError(
                f"The model {self.config.name!r} reads text and notation, not audio.",
                "Use a model with an audio encoder: clamp3 models list",
            )
        return self.config.audio

    def _symbolic(self, contents: Sequence[str], *, pooled: bool) -> Embeddings | list[Frames]:
        def tower(model: Clamp3, device: torch.device, at_once: int) -> Tower:
            self._make_quick(model.symbolic_model.base, device)
            length = self.config.patch_length
            return Tower(model.symbolic_hidden, model.symbolic_proj, length, device, at_once)

        patches = [torch.from_numpy(patchify(content)) for content in contents]
        return self._encode(tower, patches, pooled=pooled)

    def _make_quick(
        self, transformer: Transformer, device: torch.device, *, exact: bool = False
    ) -> None:
        """Pack a tower before it first runs: whoever asks with text alone waits for no other.

        ``exact`` is for the tower of texts, which does not bear eight bits (decision 0017).
        """
        if device.type == "cpu":
            whole = exact and self._precision is torch.int8
            with self._packing:
                pack(transformer, torch.float32 if whole else self._precision)

    def _encode(
        self, tower_of: Work[Tower], inputs: Sequence[Tensor], *, pooled: bool
    ) -> Embeddings | list[Frames]:
        def encode(model: Clamp3, device: torch.device, at_once: int) -> Embeddings | list[Frames]:
            with torch.inference_mode():
                tower = tower_of(model, device, at_once)
                return tower.pooled(inputs) if pooled else tower.frames(inputs)

        return self._places.run(encode)
