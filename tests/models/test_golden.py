"""The tiny golden model: every item as the reference embeds it, one by one and in batches."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clamp3_models import load_model
from clamp3_models.encoder import Clamp3Encoder
from clamp3_plugin.errors import EmptyContentError, NoModelError

GOLDEN = Path(__file__).parents[1] / "golden"
# the reference pads and masks, we pack: the sums are the same up to float32 rounding
# (measured: 1.2e-6 global, 2e-6 local; forgetting one bias of the model moves 1e-1)
TOLERANCE = 1e-5

GLOBAL = np.load(GOLDEN / "model" / "expected_global.npz")
LOCAL = np.load(GOLDEN / "model" / "expected_local.npz")
ITEMS = sorted(GLOBAL.files)
KINDS = {"text": "encode_text", "sym": "encode_score", "audio": "encode_audio"}


def kind_of(item: str) -> str:
    prefix = item.partition("_")[0]
    return KINDS.get(prefix, "encode_performance" if prefix.startswith("v") else "encode_score")


def load(item: str):
    if item.startswith("audio"):
        features = np.load(GOLDEN / "model" / "inputs" / "audio_features_fp16.npz")
        return features[item].astype(np.float32)
    places = ("model/inputs/*.txt", "model/inputs/*.mtf", "midi/mtf_m3/*.mtf", "xml/int/*.abc")
    (path,) = [path for place in places for path in GOLDEN.glob(place) if path.stem == item]
    return path.read_text("utf-8")


def encode(encoder: Clamp3Encoder, item: str, *, pooled: bool):
    return getattr(encoder, kind_of(item))([load(item)], pooled=pooled)


@pytest.mark.parametrize("item", ITEMS)
def test_a_global_embedding_is_that_of_the_reference(tiny: Clamp3Encoder, item: str):
    embedding = encode(tiny, item, pooled=True)

    assert embedding.dtype == np.float32
    np.testing.assert_allclose(embedding, GLOBAL[item], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("item", ITEMS)
def test_the_frames_are_those_of_the_reference(tiny: Clamp3Encoder, item: str):
    (frames,) = encode(tiny, item, pooled=False)

    assert (1, *frames.shape) == tuple(LOCAL[f"{item}/shape"])
    rows = frames[LOCAL[f"{item}/rows"]]
    np.testing.assert_allclose(rows, LOCAL[f"{item}/values"], rtol=0, atol=TOLERANCE)
    mean = LOCAL[f"{item}/mean_over_time"]
    np.testing.assert_allclose(frames.mean(0), mean, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("method", sorted(set(map(kind_of, ITEMS))))
def test_a_batch_of_mixed_lengths_gives_what_its_members_give(tiny: Clamp3Encoder, method: str):
    items = [item for item in ITEMS if kind_of(item) == method]

    batch = getattr(tiny, method)([load(item) for item in items])
    frames = getattr(tiny, method)([load(item) for item in items], pooled=False)

    expected = np.concatenate([GLOBAL[item] for item in items])
    np.testing.assert_allclose(batch, expected, rtol=0, atol=TOLERANCE)
    for item, rows in zip(items, frames, strict=True):
        values = LOCAL[f"{item}/values"]
        np.testing.assert_allclose(rows[LOCAL[f"{item}/rows"]], values, rtol=0, atol=TOLERANCE)


BARS = st.text("ABCDEFGabc|: ", min_size=1, max_size=150).map(lambda bars: f"K:C\n[V:1]{bars}|\n")


@settings(max_examples=20, deadline=None)
@given(st.lists(BARS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_company_and_order_in_a_batch_change_nothing(tiny: Clamp3Encoder, scores, random):
    order = list(range(len(scores)))
    random.shuffle(order)

    together = tiny.encode_score(scores)
    shuffled = tiny.encode_score([scores[i] for i in order])

    assert together.shape == (len(scores), tiny.dim)
    alone = np.concatenate([tiny.encode_score([score]) for score in scores])
    np.testing.assert_allclose(together, alone, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(shuffled, together[order], rtol=0, atol=TOLERANCE)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(max_size=300), min_size=1, max_size=4))
def test_any_text_has_an_embedding(tiny: Clamp3Encoder, texts):
    embeddings = tiny.encode_text(texts)

    assert embeddings.shape == (len(texts), tiny.dim)
    assert np.isfinite(embeddings).all()


def test_no_inputs_give_no_rows(tiny: Clamp3Encoder):
    assert tiny.encode_text([]).shape == (0, tiny.dim)
    assert tiny.encode_audio([], pooled=False) == []


def test_a_score_without_a_line_is_refused(tiny: Clamp3Encoder):
    with pytest.raises(EmptyContentError):
        tiny.encode_score(["K:C\n[V:1]C|\n", ""])


def test_audio_features_of_another_width_are_refused(tiny: Clamp3Encoder):
    with pytest.raises(ValueError, match=r"must be \(T, 64\), not \(3, 10\)"):
        tiny.encode_audio([np.zeros((3, 10), np.float32)])


def test_half_precision_is_near_and_another_space(tiny: Clamp3Encoder, tiny_folder: Path):
    half = load_model(tiny_folder, device="cpu", precision="bf16")

    near = half.encode_score([load("x02_piano_two_staves")])

    expected = GLOBAL["x02_piano_two_staves"]
    cosine = float((near @ expected.T)[0, 0] / np.linalg.norm(near) / np.linalg.norm(expected))
    assert 0.99 < cosine < 1
    assert near.dtype == np.float32
    assert half.space != tiny.space
    assert half.space.endswith("-bf16")


def test_the_public_loader_takes_a_folder_and_says_which_models_there_are(tiny_folder: Path):
    assert load_model(str(tiny_folder), device="cpu").dim == 64
    with pytest.raises(NoModelError, match="There is no model 'nothing'"):
        load_model("nothing", device="cpu")


def test_the_package_promises_one_name_and_loads_torch_for_it_alone():
    script = (
        "import sys, clamp3_models, clamp3_models.store as s\n"
        "assert clamp3_models.__all__ == ['load_model'], clamp3_models.__all__\n"
        "assert 'load_model' in dir(clamp3_models)\n"
        "assert not hasattr(clamp3_models, 'load_models')\n"
        "assert 'torch' not in sys.modules\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.full
@pytest.mark.skipif(
    os.environ.get("CLAMP3_FULL") != "1",
    reason="457,896,960 weights take 4 GB and a minute to generate: set CLAMP3_FULL=1",
)
def test_the_full_size_model_embeds_as_the_reference_does(shared: Path, vocabulary: Path):
    script = Path(__file__).parents[2] / "benchmarks" / "golden_full.py"
    command = [sys.executable, str(script), str(shared / "golden"), str(vocabulary)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_threads_do_not_change_the_embedding(tiny: Clamp3Encoder):
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = tiny.encode_score([load("sym_0300_patches")])
    finally:
        torch.set_num_threads(threads)

    np.testing.assert_allclose(one, GLOBAL["sym_0300_patches"], rtol=0, atol=TOLERANCE)
