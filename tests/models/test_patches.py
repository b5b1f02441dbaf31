"""The patch tokeniser against the reference's."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clamp3_models.patches import (
    BOS,
    EOS,
    PATCH_SIZE,
    first_patches,
    patchify,
    remove_instrument_info,
    split,
)
from clamp3_models.transliteration import to_ascii
from clamp3_plugin.errors import EmptyContentError

CASES = json.loads(
    (Path(__file__).parents[1] / "golden" / "patchilizer_cases.json").read_text("utf-8")
)
XML = Path(__file__).parents[1] / "golden" / "xml" / "int"


def as_text(patch) -> str:
    return "".join(map(chr, patch)).rstrip("\0")


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: ascii(case["input"])[:40])
def test_patches_are_those_of_the_reference(case):
    if "error" in case:  # the reference falls over an empty text, we say so
        with pytest.raises(EmptyContentError):
            patchify(case["input"])
        return

    patches = patchify(case["input"])

    assert [as_text(patch) for patch in patches[1:-1]] == case["patches"]
    assert patches[0].tolist() == [BOS] * PATCH_SIZE
    assert patches[-1].tolist() == [BOS] + [EOS] * (PATCH_SIZE - 1)


@pytest.mark.parametrize(
    "case", CASES["remove_instrument_info"], ids=lambda case: case["input"][:20]
)
def test_instruments_are_taken_away_as_in_the_reference(case):
    assert remove_instrument_info(case["input"]) == case["output"]


@pytest.mark.parametrize("kind", ["midi/mtf_m3", "xml/int"])
def test_whole_files_give_the_patches_of_the_reference(shared: Path, kind: str):
    folder = shared / "golden" / kind
    expected = np.load(folder.parent / "patches.npz")

    assert expected.files
    for name in expected.files:
        (path,) = folder.glob(f"{name.removesuffix('.mtf').removesuffix('.abc')}.*")
        patches = patchify(path.read_text("utf-8"))
        np.testing.assert_array_equal(patches, expected[name], err_msg=name)


@given(st.text(min_size=1))
def test_any_text_gives_patches_of_64_ascii_characters(text: str):
    if not text.replace("\r\n", "\n").replace("\r", "\n").replace("L:1/8\n", ""):
        return
    try:
        patches = patchify(text)
    except EmptyContentError:
        return  # what has no ASCII form leaves nothing

    assert patches.shape == (len(patches), PATCH_SIZE)
    assert patches.dtype == np.uint8
    assert patches.max() < 128


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_line_ends_of_other_systems_change_nothing(newline: str):
    text = "L:1/8\nK:C\n[V:1]C2|\n"

    np.testing.assert_array_equal(patchify(text.replace("\n", newline)), patchify(text))


@pytest.mark.parametrize("path", sorted(XML.glob("*.abc")), ids=lambda path: path.name)
def test_the_first_patch_of_every_line_is_known(path):
    text = path.read_text("utf-8")

    rows = first_patches(text)

    patches = ["", *split(text), ""]
    lines = text.split("\n")[:-1]
    assert len(rows) == len(lines)
    for line, row, following in zip(lines, rows, [*rows[1:], len(patches) - 1], strict=True):
        if line != "L:1/8":
            joined = "".join(patches[row:following])
            assert len(joined) > 1
            assert to_ascii(line).startswith(joined[:-1])  # what follows the last barline vanishes
