"""Text to ids as XLM-RoBERTa's tokenizer gives them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clamp3_models.tokenizer import Tokenizer, join_lines, load_tokenizer
from clamp3_plugin.errors import NoModelError

CASES = json.loads(
    (Path(__file__).parents[1] / "golden" / "tokenizer_cases.json").read_text("utf-8")
)


@pytest.fixture(scope="module")
def official(vocabulary: Path) -> Tokenizer:
    return load_tokenizer(vocabulary)


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: ascii(case["text"])[:40])
def test_ids_are_those_of_the_official_tokenizer(official: Tokenizer, case):
    assert join_lines(case["text"]) == case["joined"]
    assert official(join_lines(case["text"])) == case["ids"]


def test_special_tokens_in_a_text_become_special_ids(official: Tokenizer):
    assert official("a <mask> b") == [0, 10, 250_001, 876, 2]
    assert official("</s><s><pad><unk>") == [0, 2, 0, 1, 3, 2]


def test_a_zero_width_joiner_counts_as_a_space(official: Tokenizer):
    assert official("a\u200db") == official("a b")


@given(st.text(max_size=200))
def test_every_text_is_framed_and_within_the_vocabulary(tiny_folder: Path, text: str):
    tokenizer = load_tokenizer(tiny_folder)

    ids = tokenizer(text)

    assert (ids[0], ids[-1]) == (0, 2)
    assert all(0 <= i < 275 for i in ids)


@given(st.lists(st.text(st.characters(exclude_characters="\n")), max_size=6))
def test_joined_lines_are_distinct_and_in_order(lines: list[str]):
    joined = join_lines("\n".join(lines))

    assert joined == "</s>".join(sorted({line for line in lines if line}, key=lines.index))


def test_a_folder_without_a_tokenizer_says_what_it_needs(tmp_path: Path):
    with pytest.raises(NoModelError, match=r"has no tokenizer.*sentencepiece\.bpe\.model"):
        load_tokenizer(tmp_path)
