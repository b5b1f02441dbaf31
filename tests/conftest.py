"""Fixtures that every part of the suite may use."""

import signal
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    """Let Ctrl-C reach the programs that tests start, though a shell ran the suite in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
