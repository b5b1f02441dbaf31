"""What people read."""

import pytest

from clamp3_cli import output
from clamp3_plugin.config import Home
from clamp3_plugin.music import Passage

HOSTILE = [
    pytest.param("\x1b[31mred", r"\x1b[31mred", id="colour"),
    pytest.param("a\nb\r\tc", r"a\nb\r\tc", id="line ends"),
    pytest.param("a\u202egpj.mid", r"a\u202egpj.mid", id="right to left"),
    pytest.param("\udcff\udc80.mid", r"\xff\x80.mid", id="alien bytes"),
    pytest.param("\u2066x\u2069", r"\u2066x\u2069", id="isolates"),
]


@pytest.mark.parametrize(("text", "expected"), HOSTILE)
def test_what_could_play_with_a_terminal_is_escaped(text, expected):
    assert output.shown(text) == expected


@pytest.mark.parametrize("text", ["Für Elise", "지그 № 3", "می\u200cخواهم", "👩\u200d🎤", "רונדו"])
def test_words_of_any_language_stay(text):
    assert output.shown(text) == text


PLACES = [
    (None, ""),
    (Passage(9, 16, 18.2, 34.1), "bars 9-16"),
    (Passage(start=18.2, end=34.1), "0:18-0:34"),
    (Passage(start=3599.0), "59:59-"),
]


@pytest.mark.parametrize(("passage", "expected"), PLACES)
def test_a_stretch_is_named_by_bars_else_by_time(passage, expected):
    assert output.place(passage) == expected


def test_a_path_below_the_folder_one_stands_in_is_short(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))

    assert output.short_path(str(tmp_path / "a" / "b.mid")) == "a/b.mid"
    assert output.short_path(f"{tmp_path}2/b.mid") == f"{tmp_path}2/b.mid"
    monkeypatch.chdir("/")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert output.short_path(f"{tmp_path}2/b.mid") == f"{tmp_path}2/b.mid"[1:]


def test_columns_align_though_letters_are_wide(capsys):
    output.table(("n", "title"), [("1", "지그"), ("10", "jig")], "n")

    assert capsys.readouterr().out == " n  title\n 1  지그\n10  jig\n"


def test_a_wide_cell_takes_two_columns_a_letter(capsys):
    output.table(("title", "x"), [("지그", "1"), ("jigs", "2")])

    assert capsys.readouterr().out == "title  x\n지그   1\njigs   2\n"


def test_the_home_is_where_platformdirs_says(monkeypatch):
    monkeypatch.delenv("CLAMP3_HOME", raising=False)

    for value in (None, "/elsewhere", " "):
        if value is not None:
            monkeypatch.setenv("XDG_DATA_HOME", value)
        assert Home.locate() == Home._by_platformdirs()
