"""Zipped scores: bombs, liars, links, and archives that are odd and good."""

import struct
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from random import Random
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile, ZipInfo

from tests.hostile.case import (
    BROKEN,
    ODD,
    OUTSIDE,
    SEED,
    TOO_LARGE,
    FileCase,
    Named,
    Outcome,
    refused,
)
from tests.hostile.musicxml import score, tune

MIB = 2**20
CONTAINER = "META-INF/container.xml"


def container(*names: str) -> bytes:
    """Name the root files of an archive."""
    files = "".join(f'<rootfile full-path="{name}"/>' for name in names)
    return f"<container><rootfiles>{files}</rootfiles></container>".encode()


def archive(
    members: Mapping[str, bytes], packing: int = ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    """Pack files, with the date of no day."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        file.comment = comment
        for name, content in members.items():
            file.writestr(ZipInfo(name), content, packing)
    return buffer.getvalue()


def music(number: int) -> bytes:
    """Write a score that differs with the number."""
    return score(tune(number), title=f"Zipped {number}").encode()


def _patched(data: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite a field behind every header of a kind."""
    parts = data.split(signature)
    return signature.join(
        [parts[0], *(p[: offset - 4] + value + p[offset - 4 + len(value) :] for p in parts[1:])]
    )


def _link() -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        info = ZipInfo("score.xml")
        info.external_attr = 0o120777 << 16
        file.writestr(info, f"../../{OUTSIDE}/secret.abc")
    return buffer.getvalue()


def _twice() -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        file.writestr(ZipInfo("first.xml"), music(1))
        file.writestr(ZipInfo("secon.xml"), music(2))
    return buffer.getvalue().replace(b"secon.xml", b"first.xml")


def _overlapping() -> bytes:
    """Let fifty names in the directory stand for one and the same member."""
    data = archive({"score.xml": music(1)}, ZIP_STORED)
    start = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6")
    entries = b"".join(
        data[start:end].replace(b"score.xml", f"s{i:04}.xml".encode()) for i in range(50)
    )
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 50, 50, len(entries), start, 0)
    return data[:start] + entries + tail


def _far_directory() -> bytes:
    """Say in the records of large archives that the directory is far away."""
    data = archive(_NAMED)
    end = data.rindex(b"PK\5\6")
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, *[2**62] * 4)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    return data[:end] + record + locator + data[end : end + 8] + b"\xff" * 8 + data[end + 16 :]


def _noise(size: int) -> bytes:
    return Random(SEED).randbytes(size)  # noqa: S311 - the same bytes each time, for no secret


def _big() -> bytes:
    """33 MiB behind so much noise that the ratio passes."""
    packed = b"<!--" + _noise(130_000).hex().encode() + bytes(33 * MIB)
    return archive({"score.xml": packed})


def _bad_crc() -> bytes:
    data = archive({"score.xml": music(1)}, ZIP_STORED)
    return data.replace(struct.pack("<L", zlib.crc32(music(1))), b"\1\2\3\4")


def _lying() -> bytes:
    """Say of 8 MiB that they are a hundred bytes."""
    honest = archive({"score.xml": music(1) + bytes(8 * MIB)})
    small = struct.pack("<L", 100)
    return _patched(_patched(honest, b"PK\3\4", 22, small), b"PK\1\2", 24, small)


_NAMED = {CONTAINER: container("score.xml"), "score.xml": music(1)}
_XXE = b'<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]><container>&x;</container>'
_LAUGHING = b'<!DOCTYPE c [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><container>&b;</container>'

GOOD: dict[str, tuple[Callable[[], bytes], str]] = {
    "container.mxl": (lambda: archive(_NAMED), "as the standard has it"),
    "stored.mxl": (lambda: archive(_NAMED, ZIP_STORED), "is not packed at all"),
    "bare.mxl": (lambda: archive({"score.musicxml": music(2)}), "has no container"),
    "SHOUTED.MXL": (lambda: archive({"SCORE.XML": music(3)}), "is written in capitals"),
    "plain-inside.mxl": (lambda: music(4), "is no archive, but a good score"),
    "zip-inside.musicxml": (lambda: archive({"s.xml": music(5)}), "is an archive by another name"),
    "climbing.mxl": (
        lambda: archive({
            "../../PWNED_zip.xml": b"x", "/PWNED_zip.xml": b"x", "C:\\PWNED_zip.xml": b"x", **_NAMED
        }),
        "has members that climb out of it",
    ),
    "mac.mxl": (
        lambda: archive({"__MACOSX/._a.xml": b"\0\5", "a.xml": music(6)}), "was packed on a Mac",
    ),
    "members-200.mxl": (
        lambda: archive({**_NAMED, **{f"i/{i}.png": b"x" for i in range(200)}}), "200 pictures",
    ),
    "comment.mxl": (
        lambda: archive(_NAMED, comment=b"c" * 65_535), "has a comment of 64 kB",
    ),
    "container-xxe.mxl": (
        lambda: archive({CONTAINER: _XXE, "score.xml": music(7)}),
        "has a container that reads /etc/passwd",
    ),
    "container-lost.mxl": (
        lambda: archive({CONTAINER: container("/etc/passwd", "gone.xml"), "s.xml": music(8)}),
        "has a container that names what is not in it",
    ),
    "absolute.mxl": (
        lambda: archive({"/etc/passwd.xml": music(9)}), "has a score with a path of the system",
    ),
    "nul.mxl": (lambda: archive({"score.xml\0.png": music(10)}), "has a NUL in a name"),
    "container-laughs.mxl": (
        lambda: archive({CONTAINER: _LAUGHING, "score.xml": music(11)}),
        "has a container with entities",
    ),
    "one-after-the-other.mxl": (lambda: archive(_NAMED) * 2, "is two archives in a row"),
    "twice.mxl": (_twice, "has two members of one name"),
}  # fmt: skip
BAD: dict[str, tuple[Callable[[], bytes], str, Outcome]] = {
    "bomb.mxl": (lambda: archive({"s.xml": bytes(16 * MIB)}), "1,000 to 1", TOO_LARGE),
    "big.mxl": (_big, "unpacks to 33 MiB", TOO_LARGE),
    "container-bomb.mxl": (
        lambda: archive({CONTAINER: bytes(4 * MIB), "s.xml": music(1)}), "its container is a bomb",
        TOO_LARGE,
    ),
    "lying.mxl": (_lying, "says of 8 MiB that they are 100 bytes", refused("broken_file", "too_large")),
    "bzip2.mxl": (lambda: archive(_NAMED, ZIP_BZIP2), "is packed by bzip2", BROKEN),
    "lzma.mxl": (lambda: archive(_NAMED, ZIP_LZMA), "is packed by LZMA", BROKEN),
    "encrypted.mxl": (
        lambda: _patched(
            _patched(archive(_NAMED), b"PK\3\4", 6, b"\1\0"), b"PK\1\2", 8, b"\1\0"
        ),
        "is encrypted", BROKEN,
    ),
    "link.mxl": (_link, "holds a link to the file outside", BROKEN),
    "itself.mxl": (
        lambda: archive({CONTAINER: container(CONTAINER), "score.xml": music(1)}),
        "its container names itself", BROKEN,
    ),
    "picture-before.mxl": (lambda: b"GIF89a" + archive(_NAMED), "begins as a picture", BROKEN),
    "far-directory.mxl": (_far_directory, "its directory lies 2^62 bytes away", BROKEN),
    "garbage-after.mxl": (lambda: archive(_NAMED) + bytes(70_000), "has 70 kB behind it", BROKEN),
    "nested.mxl": (
        lambda: archive({"score.xml": archive({"score.xml": music(1)})}), "a zip in a zip", BROKEN,
    ),
    "members-300.mxl": (
        lambda: archive({f"{i}.xml": b"x" for i in range(300)}), "300 members", TOO_LARGE,
    ),
    "overlapping.mxl": (
        _overlapping, "50 members share their bytes", refused("broken_file", "too_large"),
    ),
    "crc.mxl": (_bad_crc, "has a wrong checksum", BROKEN),
    "cut.mxl": (lambda: archive(_NAMED)[:-30], "ends in the middle", BROKEN),
    "start-only.mxl": (lambda: b"PK\3\4", "is four bytes of a zip", BROKEN),
    "empty-zip.mxl": (lambda: archive({}), "holds nothing", BROKEN),
    "empty.mxl": (lambda: b"", "is no byte long", refused("empty")),
    "no-score.mxl": (lambda: archive({"letter.txt": b"x"}), "holds a letter", BROKEN),
    "not-a-score.mxl": (lambda: archive({"score.xml": b"<html/>"}), "holds a web page", BROKEN),
    "unknown-method.mxl": (
        lambda: _patched(
            _patched(archive(_NAMED), b"PK\3\4", 8, b"\x63\0"), b"PK\1\2", 10, b"\x63\0"
        ),
        "is packed in a way that nobody knows", BROKEN,
    ),
    "offset-moon.mxl": (
        lambda: _patched(archive(_NAMED), b"PK\1\2", 42, b"\xff\xff\xff\x7f"),
        "its members lie 2 GiB away", BROKEN,
    ),
}  # fmt: skip


def cases() -> list[FileCase]:
    """Give the cases of zipped scores."""
    good = [FileCase("mxl", name, does, ODD, make()) for name, (make, does) in GOOD.items()]
    bad = [
        FileCase("mxl", name, does, outcome, make()) for name, (make, does, outcome) in BAD.items()
    ]
    return [*good, *bad, *_mutations()]


def _mutations() -> list[FileCase]:
    random = Random(SEED)  # noqa: S311 - the same bytes each time, for no secret
    found = []
    for i in range(3):
        data = bytearray(archive(_NAMED))
        for _ in range(5):
            data[random.randrange(4, len(data))] = random.randrange(256)
        does = "an archive damaged at random"
        found.append(FileCase("mxl", f"mutation-{i}.mxl", does, Named(), bytes(data)))
    return found
