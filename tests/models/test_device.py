"""Settings to devices and types, and what is said where the machine has them not."""

import pytest
import torch

from clamp3_models.device import choose_device, choose_dtype, set_threads
from clamp3_models.packed_linear import can_pack
from clamp3_plugin.errors import UsageError

WITHOUT_GPU = not torch.cuda.is_available() and not torch.backends.mps.is_available()


def test_auto_takes_what_is_there():
    wanted = "cuda" if torch.cuda.is_available() else "cpu"
    wanted = "mps" if torch.backends.mps.is_available() else wanted

    assert choose_device("auto") == wanted
    assert choose_device("cpu") == "cpu"


@pytest.mark.skipif(not WITHOUT_GPU, reason="this machine has a GPU")
@pytest.mark.parametrize("setting", ["cuda", "cuda:1", "mps"])
def test_a_device_that_is_not_there_is_named_with_a_way_out(setting: str):
    with pytest.raises(UsageError, match=rf"device = '{setting}', but .*'auto' or 'cpu'"):
        choose_device(setting)


@pytest.mark.parametrize("setting", ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "CPU"])
def test_an_unknown_device_is_refused(setting: str):
    with pytest.raises(UsageError, match="Unknown device"):
        choose_device(setting)


def test_auto_precision_is_that_of_the_reference():
    assert choose_dtype("auto", "cpu") is torch.float32
    assert choose_dtype("bf16", "cpu") is torch.bfloat16
    with pytest.raises(UsageError, match="Unknown precision 'int4'"):
        choose_dtype("int4", "cpu")


def test_eight_bits_are_for_processors_that_multiply_in_them():
    with pytest.raises(UsageError, match="precision = 'int8' is for processors"):
        choose_dtype("int8", "mps")
    if can_pack(torch.int8):
        assert choose_dtype("int8", "cpu") is torch.int8
    else:
        with pytest.raises(UsageError, match="not for cpu here"):
            choose_dtype("int8", "cpu")


def test_threads_are_set_and_zero_leaves_them():
    before = torch.get_num_threads()
    try:
        set_threads(1)
        set_threads(0)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    with pytest.raises(UsageError, match="-1"):
        set_threads(-1)
