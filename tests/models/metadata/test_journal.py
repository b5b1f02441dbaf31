"""What is on the disk stays, and half a line does not count."""

import json

import pytest

from clamp3_models.metadata.journal import Journal
from clamp3_plugin.errors import BrokenFileError, UsageError

FIRST = b'{"id": "a"}\n'


def test_records_are_there_after_reopening(tmp_path):
    path = tmp_path / "new" / "out.jsonl"
    with Journal(path) as journal:
        journal.append({"id": "a", "title": "지그"})
        journal.append({"id": 2})

    with Journal(path) as journal:
        assert journal.ids == {"a", "2"}
    assert "지그" in path.read_text("utf-8")


def test_a_record_is_on_the_disk_before_the_next_one(tmp_path):
    with Journal(tmp_path / "out.jsonl") as journal:
        journal.append({"id": "a"})

        assert (tmp_path / "out.jsonl").read_bytes() == FIRST


@pytest.mark.parametrize("length", range(1, len('{"id": "é"}'.encode())))
def test_half_a_line_is_cut_away_wherever_it_broke(tmp_path, length):
    path = tmp_path / "out.jsonl"
    path.write_bytes(FIRST + '{"id": "é"}'.encode()[:length])

    with Journal(path) as journal:
        assert journal.ids == {"a"}
        journal.append({"id": "c"})

    assert path.read_bytes() == FIRST + b'{"id": "c"}\n'


def test_a_whole_line_without_its_end_is_kept(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_bytes(FIRST + b'{"id": "b"}')

    with Journal(path) as journal:
        assert journal.ids == {"a", "b"}
        journal.append({"id": "c"})

    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == ["a", "b", "c"]


@pytest.mark.parametrize("line", [b"half\n", b'{"title": "no id"}\n', b"[]\n"])
def test_a_file_that_is_not_ours_is_left_alone(tmp_path, line):
    path = tmp_path / "out.jsonl"
    path.write_bytes(FIRST + line + FIRST)

    with pytest.raises(BrokenFileError, match="line 2"):
        Journal(path)

    assert path.read_bytes() == FIRST + line + FIRST


def test_two_writers_do_not_mix(tmp_path):
    with Journal(tmp_path / "out.jsonl"), pytest.raises(UsageError, match="Another process"):
        Journal(tmp_path / "out.jsonl")

    Journal(tmp_path / "out.jsonl").__exit__(None, None, None)


def test_half_a_surrogate_pair_survives(tmp_path):
    path = tmp_path / "out.jsonl"
    with Journal(path) as journal:
        journal.append({"id": "a", "title": "\ud800"})

    assert json.loads(path.read_text("utf-8"))["title"] == "\ud800"
