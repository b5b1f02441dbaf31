"""A daemon that all of these tests look at, and that none of them may harm."""

from collections.abc import Iterator

import pytest

from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.config import Home
from tests.cli.conftest import HASH_DAEMON, end
from tests.hostile.corpus import GOOD_TUNE


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose daemon runs, with one tune in the library."""
    place = tmp_path_factory.mktemp("served")
    (place / "music").mkdir()
    (place / "music" / "good.abc").write_text(GOOD_TUNE)
    home = Home.locate(str(place / "home"))
    with ensure_daemon(home, command=HASH_DAEMON, timeout_s=90) as client:
        list(client.index([str(place / "music")]))
    yield home
    end(home)
