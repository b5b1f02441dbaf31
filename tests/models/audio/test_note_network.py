"""The note network: its shapes, its spectrum, and how its weights are found."""

import numpy as np
import pytest
import torch

from clamp3_models.audio.note_network import (
    _ONNX_NAMES,
    FRAMES,
    KEYS,
    WINDOW,
    NoteNetwork,
    state_from_onnx,
)
from clamp3_models.audio.onnx_weights import read_constants
from clamp3_plugin.errors import NoModelError


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name: str, array: np.ndarray) -> bytes:
    dims = b"".join(varint(1 << 3) + varint(n) for n in array.shape)
    return dims + varint(2 << 3) + varint(1) + field(8, name.encode()) + field(9, array.tobytes())


def model(*tensors: bytes) -> bytes:
    return field(7, b"".join(field(5, one) for one in tensors))


def test_the_network_gives_a_row_of_keys_for_every_frame() -> None:
    notes, onsets = NoteNetwork()(torch.zeros(2, WINDOW))

    assert notes.shape == onsets.shape == (2, FRAMES, KEYS)


def test_silence_has_a_finite_spectrum() -> None:
    assert torch.isfinite(NoteNetwork().spectrum(torch.zeros(1, WINDOW))).all()


def test_the_low_pass_filter_in_blocks_is_the_convolution() -> None:
    torch.manual_seed(0)
    network = NoteNetwork()
    torch.nn.init.normal_(network.low_pass)
    wave = torch.randn(1, 1001)
    padded = torch.nn.functional.pad(wave[:, None], (127, 127))

    halved = network._halved(wave)

    expected = torch.nn.functional.conv1d(padded, network.low_pass, stride=2)[:, 0]
    torch.testing.assert_close(halved, expected, rtol=1e-4, atol=1e-4)


def test_constants_of_an_onnx_file_are_read_with_their_shapes() -> None:
    array = np.arange(300, dtype=np.float32).reshape(2, 150)

    read = read_constants(model(tensor("a/b", array), tensor("c", array[:1])))

    np.testing.assert_array_equal(read["a/b"], array)
    assert read["c"].shape == (1, 150)


def test_weights_are_found_by_how_their_names_end() -> None:
    rng = np.random.default_rng(0)
    constants = {
        f"model_1/{_ONNX_NAMES[name]}": rng.standard_normal(tuple(like.shape)).astype(np.float32)
        for name, like in NoteNetwork().state_dict().items()
    }

    state = state_from_onnx(constants)

    NoteNetwork().load_state_dict(state)
    np.testing.assert_array_equal(
        state["gain"].numpy(), constants["model_1/batch_normalization/FusedBatchNormV3"]
    )


def test_bytes_that_are_no_onnx_are_refused() -> None:
    with pytest.raises(NoModelError, match="no ONNX"):
        read_constants(b"\x3a\xff\xff\xff\xff")
