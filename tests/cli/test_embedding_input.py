"""What ``embed`` takes as it is: an array that lies about itself is refused by its name."""

import io
import pickle

import numpy as np
import pytest

from clamp3_cli.embedding import encoder_input
from clamp3_plugin.errors import BrokenFileError
from clamp3_plugin.query import Source
from clamp3_plugin.readers.apart.formats import ApartFormats


def archive() -> bytes:
    file = io.BytesIO()
    np.savez(file, np.zeros((2, 3), np.float32))
    return file.getvalue()


def array(shape: str, dtype: str = "<f4") -> bytes:
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header


def read(data: bytes):
    source = Source(data=data, name="a.npy")
    return encoder_input(source, ApartFormats(), lambda _: pytest.fail("no piece was asked for"))


def test_features_are_taken_as_they_are():
    read_array = read(array("(2, 3)") + np.ones(6, "<f4").tobytes()).content

    assert np.array_equal(read_array, np.ones((2, 3), np.float32))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(archive(), id="an archive"),
        pytest.param(pickle.dumps(1), id="a pickle"),
        pytest.param(array("(10000000000, 768)"), id="28 TiB"),
        pytest.param(array("(99999999999999999999, 768)"), id="beyond 64 bits"),
        pytest.param(array("(100000, 768)"), id="nothing of what it says"),
        pytest.param(array("(2, 3)", "|O"), id="objects"),
        pytest.param(array("(2, 3)") + np.full(6, np.nan, "<f4").tobytes(), id="no numbers"),
    ],
)
def test_an_array_that_lies_is_refused_by_its_name(data):
    with pytest.raises(BrokenFileError, match=r"^a\.npy: "):
        read(data)
