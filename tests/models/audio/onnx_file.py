"""ONNX files made by hand, as far as constants go."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from clamp3_models.audio.note_network import _ONNX_NAMES, NoteNetwork


def onnx_file(constants: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Write constants, by name, into a model of nothing else."""
    return _field(7, b"".join(_field(5, _tensor(*named)) for named in constants.items()))


def random_notes(seed: int = 0) -> bytes:
    """Write a note network with random weights as ``nmp.onnx`` has them."""
    rng = np.random.default_rng(seed)
    return onnx_file(
        {
            f"model_1/{_ONNX_NAMES[name]}": 0.1 * rng.standard_normal(tuple(like.shape), np.float32)
            for name, like in NoteNetwork().state_dict().items()
        }
    )


def _tensor(name: str, array: NDArray[np.float32]) -> bytes:
    dims = b"".join(_varint(1 << 3) + _varint(n) for n in array.shape)
    kind = _varint(2 << 3) + _varint(1)
    return dims + kind + _field(8, name.encode()) + _field(9, array.tobytes())


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
