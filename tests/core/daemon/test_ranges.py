"""Parts of files, as players ask for them."""

import pytest

from clamp3_plugin.daemon.ranges import Part, part_of
from clamp3_plugin.daemon.refusals import RefusedError
from tests.core.daemon.test_gate import send


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-", Part(0, 99, 100)),
        ("bytes=0-0", Part(0, 0, 100)),
        ("bytes=90-500", Part(90, 99, 100)),
        ("bytes=-10", Part(90, 99, 100)),
        ("bytes=-500", Part(0, 99, 100)),
        (None, None),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("bytes=٣-", None),
        ("lines=1-2", None),
    ],
)
def test_a_range_is_read_as_the_rfc_says(asked, part):
    assert part_of(asked, 100) == part


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=-0"])
def test_nothing_lies_behind_the_end(asked):
    with pytest.raises(RefusedError, match="There are 100 bytes"):
        part_of(asked, 100)


def test_a_part_of_a_file_is_given(client):
    path = "/v1/pieces/p1/file"
    whole = send(client, "GET", path).body

    part = send(client, "GET", path, Range="bytes=10-19")
    behind = send(client, "GET", path, Range=f"bytes={len(whole)}-")

    assert (part.status, part.body) == (206, whole[10:20])
    assert behind.status == 416
