"""Fixtures that every part of the suite may use."""

from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The development data beside the project, which is no part of it."""
    folder = PROJECT.parent / "shared"
    if not (folder / "golden").is_dir():
        pytest.skip("the development data (../shared) is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def golden() -> Path:
    """Inputs and expected outputs of the reference that ship with the suite."""
    return PROJECT / "tests" / "golden"
