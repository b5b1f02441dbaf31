"""Text to XLM-RoBERTa token ids, from a SentencePiece model or a ``tokenizer.json``.

Conventions: ids are those of ``FacebookAI/xlm-roberta-base``: 0 ``<s>``, 1 ``<pad>``, 2 ``</s>``,
3 ``<unk>``, then the SentencePiece pieces shifted by one, and ``<mask>`` last.
"""

import re
from pathlib import Path
from typing import Protocol

from clamp3_plugin.errors import NoModelError

SEP = "</s>"
_SPECIAL = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 250_001}
_SPECIAL_PATTERN = re.compile("|".join(map(re.escape, _SPECIAL)))


class Tokenizer(Protocol):
    """Text to token ids, with ``<s>`` in front and ``</s>`` behind."""

    def __call__(self, text: str) -> list[int]:
        """Tokenise one text; an empty text gives ``[0, 2]``."""


def join_lines(text: str) -> str:
    r"""Join the distinct non-empty lines of a text with the separator token, in order.

    The reference takes a ``set`` of lines, whose order changes with every run; first occurrence is
    the order that its single-line results and every re-use agree with.

    Examples
    --------
    >>> join_lines("jig\n\nIreland\njig")
    'jig</s>Ireland'
    """
    return SEP.join(dict.fromkeys(line for line in text.split("\n") if line))


def load_tokenizer(folder: Path) -> Tokenizer:
    """Load the tokenizer of a model folder.

    Raises
    ------
    NoModelError
        The folder has none.
    """
    if (folder / "sentencepiece.bpe.model").is_file():
        return _SentencePiece((folder / "sentencepiece.bpe.model").read_bytes())
    if (folder / "tokenizer.json").is_file():
        return _Fast(folder / "tokenizer.json")
    raise NoModelError(
        f"{folder} has no tokenizer.",
        "It needs sentencepiece.bpe.model or tokenizer.json of xlm-roberta-base.",
    )


class _SentencePiece:
    """The official vocabulary; 83 MB resident where ``tokenizer.json`` takes 313."""

    def __init__(self, model: bytes) -> None:
        import sentencepiece  # noqa: PLC0415 - only models with this vocabulary need it

        self._model = sentencepiece.SentencePieceProcessor(model_proto=model)

    def __call__(self, text: str) -> list[int]:
        ids, end = [0], 0
        for match in _SPECIAL_PATTERN.finditer(text):
            before = text[end : match.start()]
            # <mask> takes the space before it along, as in the official tokenizer
            ids += self._pieces(before.rstrip() if match[0] == "<mask>" else before)
            ids.append(_SPECIAL[match[0]])
            end = match.end()
        return [*ids, *self._pieces(text[end:]), 2]

    def _pieces(self, text: str) -> list[int]:
        # XLM-R's normaliser turns a zero-width joiner into a space; this vocabulary's table misses it
        text = text.replace("\u200d", " ")
        encoded: list[int] = self._model.encode(text)
        # id 0 of SentencePiece is <unk>, which is 3 here; the rest are shifted by one
        return [piece + 1 if piece else 3 for piece in encoded]


class _Fast:
    def __init__(self, path: Path) -> None:
        try:
            import tokenizers  # noqa: PLC0415 - comes with transformers; only such models need it
        except ImportError as error:
            raise NoModelError(
                f"{path} needs the package tokenizers.", "Install it: pip install tokenizers"
            ) from error

        self._tokenizer = tokenizers.Tokenizer.from_file(str(path))

    def __call__(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text).ids
        return ids
