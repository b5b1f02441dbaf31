"""Read the named constants of an ONNX file, without ONNX: weights are taken over once, at build time.

References
----------
``onnx.proto`` of github.com/onnx/onnx for the numbers of the fields; the wire format is that of
Protocol Buffers.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clamp3_plugin.errors import NoModelError

_GRAPH, _INITIALIZER = 7, 5
_DIMS, _DATA_TYPE, _FLOATS, _NAME, _RAW = 1, 2, 4, 8, 9
_FLOAT = 1
_I64 = 1


class _Field(NamedTuple):
    number: int
    value: int | bytes


def read_constants(data: bytes) -> dict[str, NDArray[np.float32]]:
    """Read every constant of floats of an ONNX model: name to array.

    Raises
    ------
    NoModelError
        These bytes are no ONNX model.
    """
    try:
        tensors = [
            _tensor(field.value)
            for graph in _fields(data)
            if graph.number == _GRAPH and isinstance(graph.value, bytes)
            for field in _fields(graph.value)
            if field.number == _INITIALIZER and isinstance(field.value, bytes)
        ]
    except (ValueError, IndexError) as error:
        raise NoModelError(f"This is no ONNX file: {error}.") from error
    return {name: array for name, array in tensors if array is not None}


def _tensor(data: bytes) -> tuple[str, NDArray[np.float32] | None]:
    fields = list(_fields(data))
    shape = [n for field in fields if field.number == _DIMS for n in _numbers(field.value)]
    by_number = {field.number: field.value for field in fields}
    name = by_number.get(_NAME, b"")
    raw = by_number.get(_RAW) or by_number.get(_FLOATS, b"")
    if by_number.get(_DATA_TYPE) != _FLOAT or not isinstance(raw, bytes):
        return "", None
    text = name.decode() if isinstance(name, bytes) else ""
    return text, np.frombuffer(raw, "<f4").reshape(shape)


def _fields(data: bytes) -> Iterator[_Field]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        match key & 7:
            case 0:
                number, at = _varint(data, at)
                yield _Field(key >> 3, number)
            case 1 | 5 as kind:
                size = 8 if kind == _I64 else 4
                yield _Field(key >> 3, data[at : at + size])
                at += size
            case 2:
                size, at = _varint(data, at)
                if at + size > len(data):
                    raise ValueError("a field is cut short")
                yield _Field(key >> 3, data[at : at + size])
                at += size
            case kind:
                raise ValueError(f"a field has the type {kind}")


def _numbers(value: int | bytes) -> Iterator[int]:
    """Give one number, or several that are packed."""
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        yield number


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at
