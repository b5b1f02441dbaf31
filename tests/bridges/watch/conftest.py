"""The daemon and the command line of tests/cli."""

from tests.cli.conftest import home, music, process, run, served

__all__ = ["home", "music", "process", "run", "served"]
