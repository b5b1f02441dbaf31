"""The audio stage of a small model: recordings into a space that text and notation have made already.

Towers of text and notation stay as they are, so their embeddings are computed once (``audio_targets``)
and every step can tell a recording from thousands of them. A recording is drawn to the notes of its
window, to its whole score, to what is true of it in words, and to the names of what plays. So the stage
can be run again on the same recordings whenever the space has changed.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clamp3_models.audio.row_network import RowNetwork
from clamp3_models.clamp3 import mean_pool
from clamp3_models.training.audio_bank import Recorded
from clamp3_models.training.audio_batches import (
    AudioBatch,
    AudioBatchSettings,
    AudioSampler,
    Choice,
)
from clamp3_models.training.audio_targets import Targets
from clamp3_models.transformer import Transformer, TransformerConfig
from clamp3_plugin.errors import UsageError

_MAX_SCALE = math.log(100.0)
_IMPOSSIBLE = -1e4


@dataclass(frozen=True, slots=True)
class AudioSettings:
    """How the stage is run."""

    steps: int
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    weight_decay: float = 0.05
    temperature: float = 0.07
    """At the start; learnt from there."""
    window_weight: float = 1.0
    score_weight: float = 1.0
    text_weight: float = 0.5
    instrument_weight: float = 0.5
    seed: int = 42
    checkpoint_every: int = 100


@dataclass(frozen=True, slots=True)
class AudioProgress:
    """What a step reports: the losses before they are weighed."""

    step: int
    windows: float
    scores: float
    texts: float
    instruments: float


class AudioStudent(nn.Module):
    """What is trained: names of the official state dict, the rows of the front end, temperatures."""

    def __init__(self, config: TransformerConfig, dim: int, temperature: float) -> None:
        super().__init__()
        self.rows = RowNetwork(config.hidden_size)
        self.audio_model = Transformer(config)
        self.audio_proj = nn.Linear(config.hidden_size, dim)
        start = -math.log(temperature)
        self.scales = nn.ParameterDict(
            {
                name: nn.Parameter(torch.tensor(start))
                for name in ("windows", "scores", "texts", "instruments")
            }
        )

    def forward(self, frames: Tensor, *, closed: bool = True) -> Tensor:
        """Encode stretches ``(B, 10 * T, WIDTH)`` to ``(B, D)``, as they come from the projection."""
        rows = self.rows(frames)
        if closed:
            rows = F.pad(rows, (0, 0, 1, 1))
        B, T, H = rows.shape
        hidden = self.audio_model(rows.reshape(B * T, H), torch.arange(T).repeat(B), [T] * B)
        projected: Tensor = self.audio_proj(mean_pool(hidden, [T] * B))
        return projected


class AudioTrainer:
    """One run of the stage; the state after a step depends on settings, data and step alone.

    Parameters
    ----------
    bank : sequence of Recorded
        Recordings.
    targets : Targets
        Of the same bank, in the space of the model.
    config : TransformerConfig
        Of the audio tower.
    settings, batches
        How the stage is run, and on what.
    """

    def __init__(
        self, bank: Sequence[Recorded], targets: Targets, config: TransformerConfig, *,
        settings: AudioSettings, batches: AudioBatchSettings,
    ) -> None:  # fmt: skip
        torch.manual_seed(settings.seed)
        self.settings = settings
        self._targets = targets
        self.student = AudioStudent(config, targets.windows.shape[1], settings.temperature)
        matrices = [p for p in self.student.parameters() if p.dim() >= 2]
        vectors = [p for p in self.student.parameters() if p.dim() < 2]
        groups = [
            {"params": matrices, "weight_decay": settings.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(groups, settings.learning_rate, (0.9, 0.98))
        self._sampler = AudioSampler(bank, targets, batches, settings.seed)
        self._described = repr((config, settings, batches, len(bank)))
        self.step = 0

    def train(self, checkpoint: Path, report: Callable[[AudioProgress], None]) -> None:
        """Train to the last step, going on from the checkpoint if there is one."""
        if checkpoint.exists():
            self._resume(checkpoint)
        self.student.train()
        settings = self.settings
        while self.step < settings.steps:
            for group in self._optimizer.param_groups:
                group["lr"] = _learning_rate(self.step, settings)
            torch.manual_seed(settings.seed * 1_000_003 + self.step)  # dropout goes by the step
            report(self._step(self._sampler.batch(self.step)))
            self.step += 1
            if self.step % settings.checkpoint_every == 0 or self.step == settings.steps:
                self._save(checkpoint)
        self.student.eval()

    def _step(self, batch: AudioBatch) -> AudioProgress:
        settings, targets = self.settings, self._targets
        both = self.student(torch.cat([batch.first, batch.second]), closed=batch.closed)
        first, second = F.normalize(both, dim=-1).chunk(2)
        whole = F.normalize(first + second, dim=-1)
        windows = (
            self._loss("windows", first, targets.windows, batch.first_windows)
            + self._loss("windows", second, targets.windows, batch.second_windows)
        ) / 2
        scores = self._loss("scores", whole, targets.scores, batch.scores)
        texts = self._loss("texts", whole, targets.texts, batch.texts)
        names = targets.instruments[batch.language]
        logits = self._scale("instruments") * whole @ names.t()
        instruments = -(batch.instruments * F.log_softmax(logits, 1)).sum(1).mean()
        loss = (
            settings.window_weight * windows
            + settings.score_weight * scores
            + settings.text_weight * texts
            + settings.instrument_weight * instruments
        )
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self._optimizer.step()
        return AudioProgress(
            self.step, windows.item(), scores.item(), texts.item(), instruments.item()
        )

    def _scale(self, name: str) -> Tensor:
        scale: Tensor = self.student.scales[name].clamp(max=_MAX_SCALE).exp()
        return scale

    def _loss(self, name: str, music: Tensor, answers: Tensor, choice: Choice) -> Tensor:
        """Tell the right answer from the others, and among the recordings the one it belongs to."""
        b = len(choice.asked)
        if not b:
            return music.sum() * 0
        logits = self._scale(name) * music[choice.asked] @ answers[choice.answers].t()
        logits = logits.masked_fill(choice.unfit, _IMPOSSIBLE)
        right = torch.arange(b)
        return (F.cross_entropy(logits, right) + F.cross_entropy(logits[:, :b].t(), right)) / 2

    def _save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".next")
        state = {
            "described": self._described,
            "step": self.step,
            "student": self.student.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }
        torch.save(state, beside)
        beside.replace(path)

    def _resume(self, path: Path) -> None:
        saved = torch.load(path, weights_only=True)
        if saved["described"] != self._described:
            raise UsageError(
                f"{path} is of another run.", "Give another work folder, or the settings it had."
            )
        self.student.load_state_dict(saved["student"])
        self._optimizer.load_state_dict(saved["optimizer"])
        self.step = int(saved["step"])


def _learning_rate(step: int, settings: AudioSettings) -> float:
    """Learning rate of a step: a linear warm-up, then half a cosine down to nothing."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
