"""Encoders that workers load by name, in processes of their own."""

import os
from collections.abc import Sequence
from pathlib import Path

from clamp3_plugin.encoding import Embeddings
from tests.fakes import HashEncoder


class MortalEncoder(HashEncoder):
    """Takes its process along, once, when it meets the word."""

    def __init__(self, word: str, grave: Path):
        super().__init__()
        self.word = word
        self.grave = grave

    def encode_score(self, scores: Sequence[str]) -> Embeddings:
        if not self.grave.exists() and any(self.word in score for score in scores):
            self.grave.touch()
            os._exit(9)
        return super().encode_score(scores)


class IdleEncoder(HashEncoder):
    """Must not be needed."""

    def encode_score(self, scores: Sequence[str]) -> Embeddings:
        raise SystemError("something was embedded that had been embedded before")
