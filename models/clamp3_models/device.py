"""Where the encoder runs and how exactly: settings to torch's devices and types."""

import torch

from clamp3_models.packed_linear import can_pack
from clamp3_plugin.errors import UsageError

_TYPES = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "int8": torch.int8,
}
NAMES = {dtype: name for name, dtype in _TYPES.items()}
"""What settings and the names of embedding spaces call a precision."""


def choose_device(setting: str) -> str:
    """Turn ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps`` into a device that is there.

    Raises
    ------
    UsageError
        An unknown name, or a device that torch does not see.
    """
    if setting == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu"
    kind, colon, number = setting.partition(":")
    if kind == "cuda" and (not colon or number.isdecimal()):
        _check_cuda(setting, int(number or 0))
    elif setting == "mps":
        if not _has_mps():
            raise UsageError("device = 'mps', but torch sees no Apple GPU here.", _AUTO)
    elif setting != "cpu":
        raise UsageError(f"Unknown device {setting!r}.", "Known: auto, cpu, cuda, cuda:1, mps.")
    return setting


_AUTO = "Set device to 'auto' or 'cpu'."


def _check_cuda(setting: str, number: int) -> None:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if number < count:
        return
    if count:
        seen = f"torch sees {count} CUDA device(s), counted from 0"
    elif torch.version.cuda is None and torch.version.hip is None:
        seen = "the installed torch is a build for CPU only"
    else:
        seen = "torch sees no GPU (is the driver loaded?)"
    raise UsageError(f"device = {setting!r}, but {seen}.", _AUTO)


def _has_mps() -> bool:
    return torch.backends.mps.is_available()


def choose_dtype(setting: str, device: str) -> torch.dtype:
    """Turn ``auto``, ``fp32``, ``bf16``, ``fp16`` or ``int8`` into a type the device computes in.

    ``auto`` is float32 everywhere: the embeddings of the official model were made so, and vectors of
    two precisions are two spaces. ``int8`` is for the linear layers of the towers alone.

    Raises
    ------
    UsageError
        An unknown name, or a type that the device cannot compute in.
    """
    if setting == "auto":
        return torch.float32
    if setting not in _TYPES:
        raise UsageError(f"Unknown precision {setting!r}.", "Known: auto, fp32, bf16, fp16, int8.")
    if setting == "bf16" and device.startswith("cuda") and not torch.cuda.is_bf16_supported():
        raise UsageError(
            "precision = 'bf16', but this GPU cannot compute in it.", "Use fp16 or fp32."
        )
    if setting == "int8" and not (device == "cpu" and can_pack(torch.int8)):
        raise UsageError(
            f"precision = 'int8' is for processors that multiply in it (VNNI), not for {device} here.",
            "Use fp32, or bf16.",
        )
    return _TYPES[setting]


def set_threads(threads: int) -> None:
    """Use so many CPU threads; 0 leaves the choice to torch.

    Raises
    ------
    UsageError
        A negative number.
    """
    if threads < 0:
        raise UsageError(f"threads = {threads}, but it cannot be below 0.", "0 lets torch choose.")
    if threads:
        torch.set_num_threads(threads)
