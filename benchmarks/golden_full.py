"""Compare the model at its published size with the reference, on weights made by a recipe.

    python benchmarks/golden_full.py GOLDEN VOCABULARY [TOLERANCE]

GOLDEN is the folder of golden files with ``full/``, VOCABULARY one with ``sentencepiece.bpe.model``.
Needs 4 GB of memory and about a minute; no published weights are involved. Prints the largest
difference of every item and fails where one exceeds the tolerance (5e-5, float32).

The three symbolic items of ``full/expected_*.npz`` were not made with the weights of the recipe: the
reference's own code (github.com/sanderwood/clamp3 at 9016d2b, ``M3PatchEncoder`` and ``M3Patchilizer``)
run with these weights differs from them by 0.17 to 0.23, as ours does, and from ours by 3e-6. They are
printed all the same; what decides is ``tests/golden/full_symbolic.npz``, which holds what that code
gives for the same inputs (padded to 512 with a mask, float32, torch 2.13.0, transformers 5.23).
"""

import hashlib
import json
import sys
import time
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertConfig, BertModel

from clamp3_models.clamp3 import Clamp3, Clamp3Config
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.patches import patchify
from clamp3_models.tokenizer import load_tokenizer

Array = NDArray[np.float32]
PROJECT = Path(__file__).resolve().parents[1]


def weights(key: str, shape: tuple[int, ...]) -> Array:
    """Draw one tensor as the recipe of the golden files says."""
    generator = np.random.Generator(np.random.PCG64([3, zlib.crc32(key.encode())]))
    n = generator.standard_normal(shape, dtype=np.float32)
    if key.endswith("LayerNorm.weight"):
        scaled = 1 + 0.2 * n
    elif key.endswith("bias"):
        scaled = 0.1 * n
    elif key.endswith("embeddings.weight"):
        scaled = 0.5 * n
    elif key.endswith("patch_embedding.weight"):
        scaled = 0.15 * n
    else:
        scaled = n / np.float32(np.sqrt(shape[-1]))
    return scaled.astype(np.float32)


def build(vocabulary: Path) -> Clamp3Encoder:
    with torch.device("meta"):
        model = Clamp3(Clamp3Config.official("full"))
    shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    state = {key: torch.from_numpy(weights(key, shape)) for key, shape in shapes.items()}
    model.load_state_dict(state, assign=True)
    return Clamp3Encoder(model, load_tokenizer(vocabulary), weights_sha256="generated")


def audio(sums: dict[str, str]) -> dict[str, Array]:
    """Draw the audio features; all lengths come from one generator, in this order."""
    generator = np.random.Generator(np.random.PCG64(33))
    drawn = {}
    for n in (10, 126, 150):
        x = generator.standard_normal((1, n, 768), dtype=np.float32) * 0.7
        drawn[f"audio_{n:04}_frames"] = x.astype(np.float16).astype(np.float32)
    for name, digest in sums.items():
        if hashlib.sha256(drawn[name].tobytes()).hexdigest() != digest:
            sys.exit(f"{name} is drawn otherwise by this numpy; nothing can be compared")
    return drawn


def compare(encoder: Clamp3Encoder, golden: Path, tolerance: float) -> bool:
    inputs = golden / "full" / "inputs"
    features = audio(json.loads((inputs / "audio_sha256.json").read_text("utf-8")))
    whole = np.load(golden / "full" / "expected_global.npz")
    local = np.load(golden / "full" / "expected_local.npz")
    remade = np.load(PROJECT / "tests" / "golden" / "full_symbolic.npz")
    worst = 0.0
    for item in whole.files:
        began = time.perf_counter()
        if item in features:
            embedding = encoder.encode_audio([features[item]])
            (frames,) = encoder.encode_audio([features[item]], pooled=False)
        else:
            encode = encoder.encode_text if item.startswith("text") else encoder.encode_score
            embedding = encode([read(golden, item)])
            (frames,) = encode([read(golden, item)], pooled=False)
        seconds = (time.perf_counter() - began) / 2
        of_global, of_local = differences(item, embedding, frames, whole, local)
        print(f"{item:24} global {of_global:.1e}  local {of_local:.1e}  {seconds * 1e3:6.0f} ms")
        if item in remade.files:
            of_global, of_local = differences(item, embedding, frames, remade, remade)
            print(f"{'  by the reference code':24} global {of_global:.1e}  local {of_local:.1e}")
        worst = max(worst, of_global, of_local)
    scores = [item for item in remade.files if "/" not in item]
    together = encoder.encode_score([read(golden, item) for item in scores])
    for item, embedding in zip(scores, together, strict=True):
        worst = max(worst, float(np.abs(embedding - remade[item]).max()))
    sounds = encoder.encode_audio([features[item] for item in features if item in whole.files])
    for item, embedding in zip((i for i in features if i in whole.files), sounds, strict=True):
        worst = max(worst, float(np.abs(embedding - whole[item]).max()))
    print("scores in one batch, audio in one batch: counted as well")
    print(f"largest difference {worst:.1e}, tolerance {tolerance:.0e}")
    return worst <= tolerance


def read(golden: Path, item: str) -> str:
    """Read the input of a text or symbolic item."""
    inputs, scores = golden / "full" / "inputs", golden / "xml" / "int"
    (path,) = [*inputs.glob(f"{item}.*"), *scores.glob(f"{item}.abc")]
    return path.read_text("utf-8")


def differences(
    item: str,
    embedding: Array,
    frames: Array,
    whole: Mapping[str, Array],
    local: Mapping[str, Array],
) -> tuple[float, float]:
    """Largest difference of the embedding and of the frames that are kept of an item."""
    rows = frames[local[f"{item}/rows"]]
    return (
        float(np.abs(embedding - whole[item]).max()),
        float(np.abs(rows - local[f"{item}/values"]).max()),
    )


def bert_of(encoder: Clamp3Encoder) -> BertModel:
    """Make ``transformers.BertModel`` of the symbolic tower, which must not have run yet."""
    tower = encoder._model.symbolic_model.base  # noqa: SLF001 - the weights are not public
    sizes = tower.config
    bert = BertModel(
        BertConfig(
            vocab_size=1,
            hidden_size=sizes.hidden_size,
            num_hidden_layers=sizes.num_layers,
            num_attention_heads=sizes.num_heads,
            intermediate_size=sizes.intermediate_size,
            max_position_embeddings=sizes.max_positions,
        )
    ).eval()
    bert.load_state_dict(tower.state_dict())
    return bert


def bert_difference(encoder: Clamp3Encoder, bert: BertModel, score: str) -> float:
    """Largest difference of our symbolic frames from those of ``transformers.BertModel``."""
    embed = encoder._model.symbolic_model.patch_embedding  # noqa: SLF001 - the same
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(patchify(score)).long(), 128)
    with torch.inference_mode():
        inputs = embed(one_hot.float().flatten(1))
        hidden = bert(inputs_embeds=inputs[None]).last_hidden_state[0].numpy()
    (frames,) = encoder.encode_score([score], pooled=False)
    return float(np.abs(hidden - frames).max())


def main() -> None:
    golden, vocabulary = Path(sys.argv[1]), Path(sys.argv[2])
    tolerance = float(sys.argv[3]) if len(sys.argv) > 3 else 5e-5
    began = time.perf_counter()
    encoder = build(vocabulary)
    print(f"weights generated in {time.perf_counter() - began:.0f} s")
    bert = bert_of(encoder)
    same = compare(encoder, golden, tolerance)
    score = (golden / "full" / "inputs" / "sym_0005_patches.mtf").read_text("utf-8")
    print(
        f"symbolic tower against transformers.BertModel {bert_difference(encoder, bert, score):.1e}"
    )
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
