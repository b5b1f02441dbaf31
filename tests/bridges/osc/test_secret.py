import os
import re

import pytest

from clamp3_bridges.osc.secret import take_token, token_file
from clamp3_plugin.config import Home
from clamp3_plugin.errors import NoDaemonError, UsageError

posix = pytest.mark.skipif(os.name != "posix", reason="the modes of files are those of POSIX")


@pytest.fixture
def home(tmp_path) -> Home:
    return Home.locate(str(tmp_path / "home"))


def test_the_token_stays_until_another_is_asked_for(home):
    first = take_token(home)

    assert take_token(home) == first
    assert take_token(home, renew=True) != first


def test_a_token_is_no_option_of_a_program(home):
    assert re.fullmatch("[0-9a-f]{64}", take_token(home))


@posix
def test_the_token_is_for_this_user_alone(home):
    take_token(home)

    assert token_file(home).stat().st_mode & 0o777 == 0o600


@posix
def test_a_token_that_others_can_read_is_not_used(home):
    take_token(home)
    token_file(home).chmod(0o644)

    with pytest.raises(UsageError, match="open to others"):
        take_token(home)


@posix
def test_a_folder_that_others_can_write_is_not_used(home):
    home.create().run.chmod(0o777)

    with pytest.raises(NoDaemonError, match="open to others"):
        take_token(home)


@posix
def test_a_link_is_not_followed(home, tmp_path):
    (tmp_path / "elsewhere").write_text("x" * 43)
    token_file(home.create()).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UsageError, match="cannot be read"):
        take_token(home)


@pytest.mark.parametrize("content", ["", "short", "x" * 31, "x" * 20 + "\n" + "y" * 20])
def test_a_file_without_a_token_is_not_used(home, content):
    take_token(home)
    token_file(home).write_text(content)

    with pytest.raises(UsageError, match="no token"):
        take_token(home)
