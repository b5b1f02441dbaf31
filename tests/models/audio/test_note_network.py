"""The note network: its shapes, its spectrum, and how its weights are found."""

import numpy as np
import pytest
import torch

from clamp3_models.audio.note_network import (
    FRAMES,
    KEYS,
    WINDOW,
    NoteNetwork,
    _single,
    state_from_onnx,
)
from clamp3_models.audio.onnx_weights import read_constants
from clamp3_plugin.errors import NoModelError
from tests.models.audio.onnx_file import onnx_file, random_notes


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


def test_a_convolution_to_one_channel_is_the_convolution() -> None:
    torch.manual_seed(0)
    network = NoteNetwork()
    x = torch.randn(2, 32, 11, 88)

    found = _single(network.note_out, x)

    torch.testing.assert_close(found, network.note_out(x), rtol=1e-4, atol=1e-5)


def test_constants_of_an_onnx_file_are_read_with_their_shapes() -> None:
    array = np.arange(300, dtype=np.float32).reshape(2, 150)

    read = read_constants(onnx_file({"a/b": array, "c": array[:1]}))

    np.testing.assert_array_equal(read["a/b"], array)
    assert read["c"].shape == (1, 150)


def test_weights_are_found_by_how_their_names_end() -> None:
    constants = read_constants(random_notes())

    state = state_from_onnx(constants)

    NoteNetwork().load_state_dict(state)
    np.testing.assert_array_equal(
        state["gain"].numpy(), constants["model_1/batch_normalization/FusedBatchNormV3"]
    )


def test_bytes_that_are_no_onnx_are_refused() -> None:
    with pytest.raises(NoModelError, match="no ONNX"):
        read_constants(b"\x3a\xff\xff\xff\xff")
