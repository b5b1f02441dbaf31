"""One place for formats: whatever a file is, pieces or a plain refusal come out."""

import os
import socket
import stat
import sys
import zipfile
from io import BytesIO
from pathlib import Path, PurePath

import pytest

from clamp3_plugin.errors import (
    BrokenFileError,
    Clamp3Error,
    EmptyContentError,
    MissingFileError,
    TooLargeError,
    UnsupportedFormatError,
    UsageError,
)
from clamp3_plugin.music import Modality
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.performance import Performance
from clamp3_plugin.readers.registry import (
    FORMATS,
    convert,
    display_name,
    is_music,
    read,
    read_bytes,
)
from clamp3_plugin.readers.score import Score

ABC = b"X:1\nT:Air\nM:4/4\nL:1/8\nK:G\nGABc d4|\n"
MIDI = b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\x0d\0\x90\x3c\x40\x83\x60\x80\x3c\0\0\xff\x2f\0"
MTF = b"ticks_per_beat 480\nnote_on 0 0 60 64\nnote_off 480 0 60 0\nend_of_track 0"
HTML = b"<!DOCTYPE html><html><body>404</body></html>"

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX special files")


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "data", "modality"),
    [
        ("air.abc", ABC, Modality.SCORE),
        ("AIR.ABC", ABC, Modality.SCORE),
        ("a.mid", MIDI, Modality.PERFORMANCE),
        ("a.MIDI", MIDI, Modality.PERFORMANCE),
        ("a.mtf", MTF, Modality.PERFORMANCE),
        ("[ab]*?$(touch x).abc", ABC, Modality.SCORE),
    ],
)
def test_a_file_is_read_by_its_ending(tmp_path, name, data, modality):
    (piece,) = read(write(tmp_path, name, data))

    assert piece.modality is modality
    assert isinstance(piece, Score | Performance)
    assert piece.whole()


def test_every_tune_of_a_book_is_a_piece(tmp_path):
    pieces = read(write(tmp_path, "book.abc", ABC + b"\n" + ABC.replace(b"Air", b"Jig")))

    assert [piece.metadata.title for piece in pieces] == ["Air", "Jig"]


def test_bytes_are_read_like_files():
    assert read_bytes(ABC, "air.abc")[0].metadata.title == "Air"


def musicxml(title="Song"):
    return f"""<?xml version="1.0"?><score-partwise><work><work-title>{title}</work-title></work>
<part-list><score-part id="P1"><part-name>Voice</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>1</divisions><key><fifths>1</fifths></key>
<time><beats>4</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef>
</attributes><note><pitch><step>G</step><octave>4</octave></pitch><duration>4</duration></note>
</measure></part></score-partwise>""".encode()


def zipped(data, name="score.xml"):
    container = '<container><rootfiles><rootfile full-path="' + name + '"/></rootfiles></container>'
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:  # no time of day in it: it names a test
        archive.writestr(zipfile.ZipInfo("META-INF/container.xml"), container)
        archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


@pytest.mark.parametrize("name", ["a.musicxml", "a.xml", "a.XML", "a.mxl"])
@pytest.mark.parametrize("pack", [bytes, zipped], ids=["plain", "zipped"])
def test_musicxml_is_read_plain_or_zipped_whatever_its_ending(tmp_path, name, pack):
    (piece,) = read(write(tmp_path, name, pack(musicxml())))

    assert isinstance(piece, Score)
    assert "[V:1]G8" in piece.whole()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"^gone\.abc: there is no such file"):
        read(tmp_path / "gone.abc")


def test_a_path_with_a_nul_is_missing():
    with pytest.raises(MissingFileError, match="NUL"):
        read(Path("a\0b.abc"))


def test_an_overlong_name_is_missing(tmp_path):
    with pytest.raises(MissingFileError):
        read(tmp_path / ("a" * 5000 + ".abc"))


@posix_only
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_without_permission_is_refused(tmp_path):
    path = write(tmp_path, "secret.abc", ABC)
    path.chmod(0)

    with pytest.raises(MissingFileError, match="may not be read"):
        read(path)


@pytest.mark.parametrize("name", ["a.docx", "a.sib", "README"])
def test_an_unknown_format_is_refused_with_what_is_supported(tmp_path, name):
    with pytest.raises(UnsupportedFormatError, match=rf"^{name}: .*not supported") as refusal:
        read(write(tmp_path, name, b"data"))

    assert all(extension in refusal.value.hint for extension in FORMATS)


@pytest.mark.parametrize("name", [f"a{extension}" for extension in sorted(FORMATS)])
def test_an_empty_file_is_empty(tmp_path, name):
    with pytest.raises(EmptyContentError, match="0 bytes"):
        read(write(tmp_path, name, b""))


def test_a_folder_is_refused(tmp_path):
    folder = tmp_path / "music.abc"
    folder.mkdir()

    with pytest.raises(UnsupportedFormatError, match="this is a folder"):
        read(folder)


@posix_only
def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    path = tmp_path / "pipe.abc"
    os.mkfifo(path)

    with pytest.raises(UnsupportedFormatError, match="no regular file"):
        read(path)


@posix_only
def test_a_socket_and_a_device_are_refused(tmp_path):
    link = tmp_path / "zero.mid"
    link.symlink_to("/dev/zero")
    assert stat.S_ISCHR(link.stat().st_mode)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.abc"))

        for path in (link, tmp_path / "s.abc"):
            with pytest.raises(UnsupportedFormatError, match="no regular file"):
                read(path)


@pytest.mark.parametrize("name", [f"a{extension}" for extension in sorted(FORMATS)])
def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path, name):
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(10**12)  # sparse: takes no space, and would not fit into memory

    with pytest.raises(TooLargeError, match=rf"^{name}: .*MiB"):
        read(path)


@pytest.mark.parametrize(
    ("name", "data", "look"),
    [
        ("a.abc", MIDI, "a MIDI file"),
        ("a.abc", HTML, "an HTML page"),
        ("a.abc", musicxml(), "XML"),
        ("a.abc", b"\0\1\2\3", "binary data"),
        ("a.abc", "X:1\nK:C\nC|".encode("utf-16"), "UTF-16"),
        ("a.xml", HTML, "an HTML page"),
        ("a.xml", MIDI, "a MIDI file"),
        ("a.musicxml", b"%PDF-1.7", "a PDF document"),
        ("a.mxl", ABC, "text of another kind"),
        ("a.mid", musicxml(), "XML"),
        ("a.mid", b"RIFF\0\0\0\0WAVEfmt ", "a WAV"),
        ("a.mid", ABC, "text of another kind"),
        ("a.mtf", ABC, "text of another kind"),
    ],
)
def test_what_is_not_what_its_name_says_is_broken_and_named(name, data, look):
    with pytest.raises(BrokenFileError, match=rf"^{name}: .*looks like {look}"):
        read_bytes(data, name)


def test_xml_that_is_no_music_is_broken():
    with pytest.raises(BrokenFileError, match=r"^a\.xml: "):
        read_bytes(b"<?xml version='1.0'?><rss><channel/></rss>", "a.xml")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.mid", MIDI[:20]),
        ("a.musicxml", musicxml()[:300]),
        ("a.mxl", zipped(musicxml())[:100]),
        ("a.abc", b"nothing musical in here"),
        ("a.mtf", b"ticks_per_beat 480\nnote_on x y z"),
    ],
)
def test_damaged_files_are_refused_by_name(name, data):
    with pytest.raises(Clamp3Error, match=rf"^{name}: ") as refusal:
        read_bytes(data, name)

    assert refusal.value.exit_code == 4


def stumbling_over(monkeypatch, failure) -> None:
    def stumble(data):
        raise failure("inside")

    form = registry.Format("ABC", stumble, 100, frozenset({""}))
    monkeypatch.setattr(registry, "FORMATS", {".abc": form})


@pytest.mark.parametrize("failure", [RecursionError, ValueError, KeyError, OverflowError])
def test_whatever_a_reader_stumbles_over_is_a_broken_file(monkeypatch, failure):
    stumbling_over(monkeypatch, failure)

    with pytest.raises(BrokenFileError, match=rf"^a\.abc: .*{failure.__name__}"):
        read_bytes(b"X:1", "a.abc")


def test_what_takes_too_much_memory_is_too_large(monkeypatch):
    stumbling_over(monkeypatch, MemoryError)

    with pytest.raises(TooLargeError, match=r"^a\.abc: .*memory"):
        read_bytes(b"X:1", "a.abc")


def test_names_are_shown_without_control_characters():
    assert display_name("a\x1b[31m\n\u202e\udcff.mid") == "a\\x1b[31m\\n\\u202e\\xff.mid"


@posix_only
def test_a_name_of_alien_bytes_is_read_and_shown(tmp_path):
    path = tmp_path / os.fsdecode(b"t\xe9l\xe9.abc")
    path.write_bytes(b"prose")

    with pytest.raises(BrokenFileError, match=r"^t\\xe9l\\xe9\.abc: "):
        read(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.abc", True), ("a.MXL", True), ("a.txt", False), ("abc", False), ("._a.mid", False)],
)
def test_music_is_told_by_its_name(name, expected):
    assert is_music(PurePath("folder") / name) is expected


def test_content_is_converted():
    (score,) = read_bytes(ABC, "a.abc")
    (performance,) = read_bytes(MTF, "a.mtf")

    assert isinstance(score, Score)
    assert convert(score, "interleaved-abc") == score.whole()
    assert convert(score, "abc").startswith("X:1\n")
    assert convert(performance, "mtf") == MTF.decode()


def test_what_cannot_be_converted_is_refused():
    (score,) = read_bytes(ABC, "a.abc")
    (performance,) = read_bytes(MTF, "a.mtf")
    assert isinstance(score, Score)
    (interleaved,) = read_bytes(score.whole().encode(), "a.abc")

    with pytest.raises(UsageError, match="cannot be written as mtf"):
        convert(score, "mtf")
    with pytest.raises(UsageError, match="cannot be written as abc"):
        convert(performance, "abc")
    with pytest.raises(UsageError, match="holds interleaved ABC"):
        convert(interleaved, "abc")
