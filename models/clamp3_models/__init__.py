"""CLaMP 3 in torch: the encoders, their weights, training and evaluation.

Importing the package imports no torch; the first use of ``load_model`` does.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clamp3_models.loading import load_model

__all__ = ["load_model"]


def __getattr__(name: str) -> object:
    if name == "load_model":
        from clamp3_models.loading import load_model  # noqa: PLC0415 - see above

        return load_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
