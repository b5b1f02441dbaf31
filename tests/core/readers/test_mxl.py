"""Zipped scores are found and unpacked, and archives that would hurt are refused."""

import struct
from contextlib import suppress
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clamp3_plugin.errors import BrokenFileError, Clamp3Error, TooLargeError
from clamp3_plugin.readers import mxl
from clamp3_plugin.readers.mxl import unzip_score

SCORE = b"<score-partwise/>"
NOISE = b"".join(b"%d" % (n * n) for n in range(100_000))
"""Is packed about 2:1."""


def container(path, *others):
    files = "".join(f'<rootfile full-path="{name}"/>' for name in (path, *others))
    return f"<container><rootfiles>{files}</rootfiles></container>".encode()


def archive(members, packing=ZIP_DEFLATED):
    buffer = BytesIO()
    with ZipFile(buffer, "w", packing) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["score.xml", "score.musicxml", "folder/no ending", "Müller.XML"])
def test_the_container_names_the_score(name):
    data = archive(
        {"META-INF/container.xml": container(name, "a.pdf"), "other.xml": b"no", name: SCORE}
    )

    assert unzip_score(data) == SCORE


def test_a_container_with_a_namespace_and_a_doctype_is_read():
    text = (
        b'<?xml version="1.0"?><!DOCTYPE container>'
        b'<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        b'<rootfiles><rootfile full-path="b"/></rootfiles></container>'
    )

    assert (
        unzip_score(archive({"META-INF/container.xml": text, "a.xml": b"no", "b": SCORE})) == SCORE
    )


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"score.musicxml": SCORE}, id="no container"),
        pytest.param({"META-INF/container.xml": b"<oops", "a.xml": SCORE}, id="broken container"),
        pytest.param(
            {"META-INF/container.xml": container("gone.xml"), "a.xml": SCORE}, id="lost score"
        ),
        pytest.param(
            {"__MACOSX/a.xml": b"no", "META-INF/x.xml": b"no", "a.xml": SCORE}, id="litter"
        ),
    ],
)
def test_without_a_good_container_the_first_score_is_taken(members):
    assert unzip_score(archive(members)) == SCORE


def test_scores_named_musicxml_are_found(golden):
    folder = golden / "xml" / "in"

    scores = [
        unzip_score((folder / name).read_bytes())
        for name in ("x10_zipped.mxl", "x11_zipped_musicxml_root_dropped.mxl")
    ]

    assert scores[0] == scores[1]


@pytest.mark.parametrize(
    ("data", "match"),
    [
        pytest.param(b"PK\3\4 nothing", "cannot be unpacked", id="no archive"),
        pytest.param(archive({"a.xml": SCORE})[:-30], "cannot be unpacked", id="truncated"),
        pytest.param(archive({"a.pdf": SCORE}), "no score", id="no score"),
        pytest.param(archive({"a.xml": SCORE}, ZIP_BZIP2), "does not allow", id="odd packing"),
    ],
)
def test_an_archive_that_cannot_be_used_is_refused(data, match):
    with pytest.raises(BrokenFileError, match=match):
        unzip_score(data)


def test_a_damaged_checksum_is_refused():
    data = archive({"a.xml": SCORE}, ZIP_STORED)

    with pytest.raises(BrokenFileError, match="cannot be unpacked"):
        unzip_score(data.replace(SCORE, SCORE.swapcase(), 1))


def test_an_encrypted_archive_is_refused():
    data = bytearray(archive({"a.xml": SCORE}))
    directory = data.index(b"PK\1\2")
    struct.pack_into("<H", data, directory + 8, 1)

    with pytest.raises(BrokenFileError, match="encrypted"):
        unzip_score(bytes(data))


def test_a_link_is_refused():
    link = ZipInfo("a.xml")
    link.external_attr = 0o120777 << 16
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        file.writestr(link, "/etc/passwd")

    with pytest.raises(BrokenFileError, match="link"):
        unzip_score(buffer.getvalue())


@pytest.mark.parametrize(
    ("data", "match"),
    [
        pytest.param(b"PK" + bytes(mxl.MAX_PACKED), "bytes", id="packed bytes"),
        pytest.param(archive(dict.fromkeys(map(str, range(257)), b"")), "256 files", id="members"),
        pytest.param(archive({"a.xml": NOISE + bytes(mxl.MAX_SCORE)}), "over 33554432", id="bytes"),
        pytest.param(archive({"a.xml": bytes(2**22)}), "200:1", id="ratio"),
        pytest.param(archive({"META-INF/container.xml": NOISE}), "over 65536", id="container"),
    ],
)
def test_an_archive_over_a_limit_is_refused(data, match):
    with pytest.raises(TooLargeError, match=match):
        unzip_score(data)


def test_bytes_are_counted_and_not_believed():
    data = bytearray(archive({"a.xml": bytes(2**22)}))
    directory = data.index(b"PK\1\2")
    struct.pack_into("<I", data, directory + 24, 2**30)

    with pytest.raises(Clamp3Error):
        unzip_score(bytes(data))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_damaged_archive_is_read_or_refused(source):
    data = bytearray(archive({"META-INF/container.xml": container("a.xml"), "a.xml": SCORE * 9}))
    for _ in range(source.draw(st.integers(1, 5))):
        data[source.draw(st.integers(0, len(data) - 1))] = source.draw(st.integers(0, 255))

    with suppress(Clamp3Error):
        assert unzip_score(bytes(data))
