"""Uploads: kept for some minutes, each once, and no more of them than there is room for."""

import time

import pytest

from clamp3_plugin.daemon.state import Uploads
from clamp3_plugin.errors import MissingFileError


def test_an_upload_is_there_under_its_id():
    uploads = Uploads()

    upload = uploads.add("tune.abc", b"X:1")

    assert uploads.get(upload) == ("tune.abc", b"X:1")


def test_the_same_file_handed_over_again_is_kept_once():
    uploads = Uploads(most_bytes=6)
    first = uploads.add("a.abc", b"X:1")

    again = {uploads.add("b.abc", b"X:2") for _ in range(3)}

    assert len(again) == 1
    assert uploads.get(first) == ("a.abc", b"X:1")


@pytest.mark.parametrize(
    "other", [("b.mid", b"X:1"), ("a.abc", b"X:2")], ids=["other name", "other bytes"]
)
def test_another_file_is_another_upload(other):
    uploads = Uploads()

    assert uploads.add("a.abc", b"X:1") != uploads.add(*other)


def test_ids_of_one_daemon_tell_nothing_to_another():
    assert Uploads().add("a.abc", b"X:1") != Uploads().add("a.abc", b"X:1")


def test_the_oldest_go_where_there_is_no_room():
    uploads = Uploads(most_bytes=6)
    first, second = uploads.add("1.abc", b"X:1"), uploads.add("2.abc", b"X:2")
    uploads.add("1.abc", b"X:1")  # asked with again: now it is the younger one

    third = uploads.add("3.abc", b"X:3")

    assert [uploads.get(kept)[0] for kept in (first, third)] == ["1.abc", "3.abc"]
    with pytest.raises(MissingFileError, match="no upload"):
        uploads.get(second)


def test_an_upload_whose_time_is_over_is_let_go_by_the_next():
    uploads = Uploads(keep_s=0.01)
    first = uploads.add("a.abc", b"X:1")
    time.sleep(0.02)

    uploads.add("b.abc", b"X:2")

    assert len(uploads) == 1
    with pytest.raises(MissingFileError, match="no upload"):
        uploads.get(first)
