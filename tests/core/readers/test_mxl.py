"""Zipped scores are found and unpacked, and archives that would hurt are refused."""

import struct
from contextlib import suppress
from io import BytesIO
from random import Random
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile, ZipInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clamp3_plugin.errors import BrokenFileError, Clamp3Error, TooLargeError
from clamp3_plugin.readers.mxl import unzip_score

MIB = 2**20
SCORE = b"<score-partwise/>"


def container(path, *others):
    files = "".join(f'<rootfile full-path="{name}"/>' for name in (path, *others))
    return f"<container><rootfiles>{files}</rootfiles></container>".encode()


def archive(members, packing=ZIP_DEFLATED):
    buffer = BytesIO()
    with ZipFile(buffer, "w", packing) as file:
        for name, content in members.items():
            file.writestr(ZipInfo(name), content, packing)  # no time of day in what names a test
    return buffer.getvalue()


def noise(size: int) -> bytes:
    """Make bytes that cannot be packed."""
    return Random(0).randbytes(size)  # noqa: S311 - the same bytes each time, for no secret


def packed_ratio(data: bytes) -> float:
    """Tell how tightly the first member is packed."""
    with ZipFile(BytesIO(data)) as file:
        member = file.infolist()[0]
    return member.file_size / member.compress_size


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
    ],
)
def test_an_archive_that_cannot_be_used_is_refused(data, match):
    with pytest.raises(BrokenFileError, match=match):
        unzip_score(data)


def test_a_damaged_checksum_is_refused():
    data = archive({"a.xml": SCORE}, ZIP_STORED)

    with pytest.raises(BrokenFileError, match="cannot be unpacked"):
        unzip_score(data.replace(SCORE, SCORE.swapcase(), 1))


# --- limits


@pytest.mark.parametrize("more", [0, 1])
def test_an_mxl_has_at_most_8_mib(more):
    bare = len(archive({"a.xml": SCORE, "a.pdf": b""}, ZIP_STORED))
    pdf = bytes(8 * MIB - bare + more)
    data = archive({"a.xml": SCORE, "a.pdf": pdf}, ZIP_STORED)

    assert len(data) == 8 * MIB + more
    if more:
        with pytest.raises(TooLargeError, match="8388609 bytes"):
            unzip_score(data)
    else:
        assert unzip_score(data) == SCORE


def test_an_mxl_has_at_most_256_members():
    others = {f"{n}.png": b"" for n in range(255)}

    assert unzip_score(archive({"a.xml": SCORE, **others})) == SCORE
    with pytest.raises(TooLargeError, match="256 files"):
        unzip_score(archive({"a.xml": SCORE, **others, "256.png": b""}))


@pytest.mark.parametrize("more", [0, 1])
def test_the_score_of_an_mxl_has_at_most_32_mib(more):
    size = 32 * MIB + more
    data = archive({"a.xml": noise(MIB // 4) + b" " * (size - MIB // 4)})

    assert len(data) < 8 * MIB
    assert packed_ratio(data) < 200
    if more:
        with pytest.raises(TooLargeError, match="over 33554432 bytes"):
            unzip_score(data)
    else:
        assert len(unzip_score(data)) == size


@pytest.mark.parametrize("size", [200_000, 2**20, 2**24])
def test_the_score_of_an_mxl_is_packed_at_most_200_to_1(size):
    # blanks alone are packed about 1000:1
    tight = archive({"a.xml": noise(size // 300) + b" " * size})
    loose = archive({"a.xml": noise(size // 220) + b" " * size})

    assert 150 < packed_ratio(loose) < 200 < packed_ratio(tight)
    assert len(unzip_score(loose)) == size + size // 220
    with pytest.raises(TooLargeError, match="200:1"):
        unzip_score(tight)


@pytest.mark.parametrize("said", [100, 2**30])
def test_bytes_of_an_mxl_are_counted_whatever_it_says_of_them(said):
    data = bytearray(archive({"a.xml": bytes(2**24)}))
    directory = data.index(b"PK\1\2")
    struct.pack_into("<I", data, directory + 24, said)  # its size unpacked

    with pytest.raises(Clamp3Error):
        unzip_score(bytes(data))


@pytest.mark.parametrize("more", [0, 1])
def test_the_container_of_an_mxl_has_at_most_64_kib(more):
    text = b'<container><rootfiles><rootfile full-path="b.xml"/></rootfiles></container><!---->'
    padded = text[:-3] + noise(20_000).hex().encode()
    container = padded + b" " * (64 * 1024 - len(padded) - 3 + more) + b"-->"
    members = {"META-INF/container.xml": container, "a.xml": b"no", "b.xml": SCORE}

    assert len(container) == 64 * 1024 + more
    if more:
        with pytest.raises(TooLargeError, match="over 65536 bytes"):
            unzip_score(archive(members))
    else:
        assert unzip_score(archive(members)) == SCORE


@pytest.mark.parametrize("packing", [ZIP_STORED, ZIP_DEFLATED])
def test_an_mxl_may_be_stored_or_deflated(packing):
    assert unzip_score(archive({"a.xml": SCORE}, packing)) == SCORE


@pytest.mark.parametrize("packing", [ZIP_BZIP2, ZIP_LZMA])
def test_an_mxl_may_not_be_packed_otherwise(packing):
    with pytest.raises(BrokenFileError, match="does not allow"):
        unzip_score(archive({"a.xml": SCORE}, packing))


def test_an_mxl_may_not_be_encrypted():
    data = bytearray(archive({"a.xml": SCORE}))
    struct.pack_into("<H", data, data.index(b"PK\1\2") + 8, 1)

    with pytest.raises(BrokenFileError, match="encrypted"):
        unzip_score(bytes(data))


def test_the_score_of_an_mxl_may_not_be_a_link():
    link = ZipInfo("a.xml")
    link.external_attr = 0o120777 << 16
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        file.writestr(link, "b.xml")
        file.writestr("b.xml", SCORE)

    with pytest.raises(BrokenFileError, match="link"):
        unzip_score(buffer.getvalue())


def test_the_score_of_an_mxl_may_not_be_an_archive():
    inner = archive({"a.xml": SCORE})

    with pytest.raises(BrokenFileError, match="an archive itself"):
        unzip_score(archive({"a.xml": inner}))


def test_only_the_score_of_an_mxl_is_unpacked():
    bomb = bytes(2**26)
    members = {"META-INF/container.xml": b"<oops", "a.xml": SCORE, "b.xml": bomb}

    assert unzip_score(archive(members)) == SCORE


# --- damage


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_damaged_archive_is_read_or_refused(source):
    data = bytearray(archive({"META-INF/container.xml": container("a.xml"), "a.xml": SCORE * 9}))
    for _ in range(source.draw(st.integers(1, 5))):
        data[source.draw(st.integers(0, len(data) - 1))] = source.draw(st.integers(0, 255))

    with suppress(Clamp3Error):
        assert unzip_score(bytes(data))
