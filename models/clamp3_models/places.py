"""Where a model computes: its device, with less at a time where memory runs out, in the end the CPU.

A graphics card is shared with whatever else draws or computes, so its memory may be gone at any call.
"""

import copy
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import torch

from clamp3_models.clamp3 import Clamp3
from clamp3_plugin.errors import GpuMemoryError

_POSITIONS_AT_ONCE = {"cpu": 2048, "mps": 16384, "cuda": 65536}
"""Packed positions of one forward pass; past two thousand a CPU gains nothing."""
_LEAST_AT_ONCE = 512  # one segment; a pass takes a longer one all the same
_TROUBLES = 3
_WITHIN_S = 60.0
_T = TypeVar("_T")
_log = logging.getLogger(__name__)

Work = Callable[[Clamp3, torch.device, int], _T]
"""Computes with a model on a device, so many positions in a pass."""


class Places:
    """Runs work on a device as long as that goes well, else on the CPU.

    A device that fails three times in a minute is not asked again.
    """

    def __init__(self, model: Clamp3, device: torch.device) -> None:
        self.device = device
        self._model = model
        self._on_cpu: Clamp3 | None = model if device.type == "cpu" else None
        self._at_once = _POSITIONS_AT_ONCE[device.type]
        self._troubles: deque[float] = deque(maxlen=_TROUBLES)

    def run(self, work: Work[_T]) -> _T:
        """Do some work.

        Raises
        ------
        GpuMemoryError
            There is not enough memory anywhere, or the device has failed for good.
        """
        while not self._is_given_up:
            try:
                return work(self._model, self.device, self._at_once)
            except torch.OutOfMemoryError:
                smaller = self._at_once > _LEAST_AT_ONCE
                _log.warning("%s is out of memory at %d positions", self.device, self._at_once)
            except torch.AcceleratorError as error:
                smaller = False
                _log.warning("%s failed (%s)", self.device, type(error).__name__)
            # outside the handlers: there the error still holds the frames, and they the memory
            _give_back(self.device)
            if not smaller:
                self._note_trouble()
                break
            self._at_once //= 2
        return self._without_device(work)

    @property
    def _is_given_up(self) -> bool:
        """Whether the device has failed too often; the CPU is never given up."""
        troubles = self._troubles
        return (
            self.device.type != "cpu"
            and len(troubles) == _TROUBLES
            and troubles[-1] - troubles[0] < _WITHIN_S
        )

    def _note_trouble(self) -> None:
        if self.device.type == "cpu":
            raise GpuMemoryError("There is not enough memory for this.", "Close other programs.")
        self._troubles.append(time.monotonic())
        if self._is_given_up:
            _log.warning("%s is left alone until the next start", self.device)

    def _without_device(self, work: Work[_T]) -> _T:
        try:
            if self._on_cpu is None:
                self._on_cpu = copy.deepcopy(self._model).to("cpu")
            return work(self._on_cpu, torch.device("cpu"), _POSITIONS_AT_ONCE["cpu"])
        except (torch.OutOfMemoryError, torch.AcceleratorError, MemoryError) as error:
            raise GpuMemoryError(
                f"Neither {self.device} nor the CPU had the memory for this.",
                "Close other programs that use the graphics card, or set device = 'cpu' in"
                " config.toml; then: clamp3 daemon stop",
            ) from error


def _give_back(device: torch.device) -> None:
    """Let other programs have what is not in use."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
