"""The contrastive stages: text with notation, or text with audio, as a task for the engine.

The loss is that of CLIP on the features as they are projected, without normalisation and at scale 1.
What a stage does not train keeps its weights **and** runs without dropout (the reference turns the
dropout of frozen towers on again).

A batch may be computed in chunks, which a contrastive loss does not allow as it stands: the features
of all chunks are computed first, then the loss and its gradient with respect to them, then every chunk
once more, with the same dropout, to take its gradient further.

References
----------
Wu et al., "CLaMP 3", arXiv 2502.10362; Gao et al., "Scaling Deep Contrastive Learning Batch Size under
Memory Limited Setup", 2021 (the chunks).
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clamp3_models.clamp3 import Clamp3, Clamp3Config, mean_pool
from clamp3_models.tokenizer import Tokenizer
from clamp3_models.training.losses import clip_loss
from clamp3_models.training.paper.engine import Noise, batched, precision
from clamp3_models.training.paper.examples import text_of, window
from clamp3_models.training.paper.music import Form
from clamp3_models.training.paper.ranks import Ranks
from clamp3_models.training.records import Record
from clamp3_plugin.errors import BrokenFileError

Hidden = Callable[[Tensor, Sequence[int]], Tensor]


class MusicSide(StrEnum):
    """Which tower learns beside the text tower."""

    SYMBOLIC = "symbolic"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One example: what a record says, and how it sounds or reads."""

    ids: list[int]
    """Tokens."""
    music: NDArray[np.uint8] | NDArray[np.float32]
    """Patches ``(n, 64)`` or frames ``(T, hidden)``."""


@dataclass(frozen=True, slots=True)
class PairExamples:
    """Records that have a text and music of one kind."""

    records: Sequence[tuple[Record, Sequence[Form]]]
    side: MusicSide
    tokenizer: Tokenizer
    config: Clamp3Config

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.records)

    def draw(self, row: int, choose: random.Random) -> Pair:
        """Draw lines of the text, a form of the music, and a window of it."""
        record, forms = self.records[row]
        return Pair(self._ids(record, choose), self._music(choose.choice(forms), choose))

    def evaluation(self, row: int, choose: random.Random) -> Pair:  # noqa: ARG002 - nothing is drawn
        """Take the analysis and the head of the score, or of the first form."""
        record, forms = self.records[row]
        form = next((form for form in forms if form.is_score), forms[0])
        return Pair(self._ids(record, None), self._music(form, None))

    def _ids(self, record: Record, choose: random.Random | None) -> list[int]:
        text = self.config.text_prefix + text_of(record.fields, choose)
        return window(self.tokenizer(text), self.config.text_length, choose)

    def _music(
        self, form: Form, choose: random.Random | None
    ) -> NDArray[np.uint8] | NDArray[np.float32]:
        if self.side is MusicSide.AUDIO:
            return self._frames(form, choose)
        return form.patches(self.config.patch_length, choose)

    def _frames(self, form: Form, choose: random.Random | None) -> NDArray[np.float32]:
        frames = form.frames(self.config.audio_length, choose)
        width = self.config.audio.hidden_size if self.config.audio else 0
        if frames.shape[1] != width:
            raise BrokenFileError(
                f"{form.name} holds features of width {frames.shape[1]}, but the model reads {width}."
            )
        return frames


class ContrastiveTask:
    """Draw a text and its music together, and all others of the batch apart."""

    def __init__(
        self,
        model: Clamp3,
        side: MusicSide,
        *,
        train_text: bool = True,
        ranks: Ranks | None = None,
        chunk_size: int = 0,
        bf16: bool = False,
    ) -> None:
        self.model = model
        self.side = side
        self._ranks = ranks or Ranks()
        self._device = model.text_proj.weight.device
        self._chunk_size = chunk_size
        self._bf16 = bf16
        self._trained = self._choose_trained(train_text=train_text)
        model.requires_grad_(requires_grad=False)
        for module in self._trained:
            module.requires_grad_(requires_grad=True)

    def train_mode(self) -> None:
        """Turn dropout on where there is something to learn."""
        self.model.eval()
        for module in self._trained:
            module.train()

    def features(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
        """Project the texts and the music of pairs: two times float32 ``(B, D)``."""
        model = self.model
        ids = [torch.tensor(pair.ids) for pair in pairs]
        music = [torch.from_numpy(pair.music) for pair in pairs]
        hidden, project = (
            (model.audio_hidden, model.audio_proj)
            if self.side is MusicSide.AUDIO
            else (model.symbolic_hidden, model.symbolic_proj)
        )
        return (
            self._embed(ids, model.text_hidden, model.text_proj),
            self._embed(music, hidden, project),
        )

    def backward(self, examples: Sequence[Pair], noise: Noise) -> float:
        """Add to the gradients; gives the loss of the batch, over all processes."""
        chunks = list(batched(examples, self._chunk_size))
        is_whole = len(chunks) == 1
        sides = []
        for i, chunk in enumerate(chunks):
            noise(i)
            with torch.set_grad_enabled(is_whole):
                sides.append(self._features(chunk))
        text, music = (torch.cat(parts) for parts in zip(*sides, strict=True))
        loss, text_gradient, music_gradient = self._loss_and_gradients(text, music)
        if is_whole:
            _continue((text, text_gradient), (music, music_gradient))
            return loss
        start = 0
        for i, chunk in enumerate(chunks):
            noise(i)
            own = slice(start, start + len(chunk))
            said, heard = self._features(chunk)
            _continue((said, text_gradient[own]), (heard, music_gradient[own]))
            start += len(chunk)
        return loss

    def loss(self, examples: Sequence[Pair]) -> float:
        """Evaluate in float32."""
        sides = [self.features(chunk) for chunk in batched(examples, self._chunk_size)]
        text, music = (torch.cat(parts) for parts in zip(*sides, strict=True))
        return clip_loss(self._ranks.gather(text), self._ranks.gather(music)).item()

    def _features(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
        with precision(self._device, bf16=self._bf16):
            return self.features(pairs)

    def _loss_and_gradients(self, text: Tensor, music: Tensor) -> tuple[float, Tensor, Tensor]:
        """Compare all texts with all music; gives the gradients for this process's own rows."""
        gathered = [self._ranks.gather(rows).requires_grad_() for rows in (text, music)]
        loss = clip_loss(*gathered)
        gradients = torch.autograd.grad(loss, gathered)
        return loss.item(), self._ranks.own(gradients[0]), self._ranks.own(gradients[1])

    def _embed(self, inputs: Sequence[Tensor], hidden: Hidden, project: nn.Linear) -> Tensor:
        """Encode inputs of any lengths, packed by length; gives float32 ``(B, D)`` in their order."""
        order = sorted(range(len(inputs)), key=lambda i: len(inputs[i]))
        packed = torch.cat([inputs[i] for i in order]).to(self._device)
        lengths = [len(inputs[i]) for i in order]
        projected: Tensor = project(mean_pool(hidden(packed, lengths), lengths)).float()
        return projected[torch.tensor(order, device=self._device).argsort()]

    def _choose_trained(self, *, train_text: bool) -> list[nn.Module]:
        model = self.model
        trained: list[nn.Module] = [model.text_model, model.text_proj] if train_text else []
        if self.side is MusicSide.AUDIO:
            return [*trained, model.audio_model, model.audio_proj]
        return [*trained, model.symbolic_model, model.symbolic_proj]


def _continue(*parts: tuple[Tensor, Tensor]) -> None:
    """Take gradients further, from features to the weights that made them."""
    learning = [(rows, gradient) for rows, gradient in parts if rows.requires_grad]
    torch.autograd.backward([rows for rows, _ in learning], [grad for _, grad in learning])
