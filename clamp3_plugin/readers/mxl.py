"""Zipped scores (.mxl, .mscz): find the score in the archive and unpack it, within limits.

What an archive says of its sizes is never believed: bytes are counted while they are read.
"""

import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from clamp3_plugin.errors import BrokenFileError, TooLargeError

MAX_PACKED = 8 * 2**20
MAX_MEMBERS = 256
MAX_SCORE = 32 * 2**20
MAX_CONTAINER = 64 * 2**10
MAX_RATIO = 200
"""Bytes unpacked of each byte packed; empty numbered bars by the thousand reach 60."""

_CONTAINER = "META-INF/container.xml"
MXL_ENDINGS = (".musicxml", ".xml")
_ZIP = b"PK\3\4"
_ENCRYPTED = 0x1
_LINK = 0o120000
_FILE_TYPE = 0o170000


def unzip_score(data: bytes, endings: tuple[str, ...] = MXL_ENDINGS) -> bytes:
    """Give the bytes of the score in an archive, whose name has one of the endings.

    Raises
    ------
    BrokenFileError
        It is no archive, holds no score, or is packed in a way that the format does not allow.
    TooLargeError
        It is over a limit.
    """
    if len(data) > MAX_PACKED:
        raise TooLargeError(f"The archive has {len(data)} bytes, the limit is {MAX_PACKED}.")
    # RuntimeError and NotImplementedError are zipfile's words for encryption and odd methods,
    # the others are what its parsing of a damaged directory may end in
    try:
        with ZipFile(BytesIO(data)) as archive:
            return _read_score(archive, endings)
    except (BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise BrokenFileError(
            f"The archive cannot be unpacked: {error}.", "The file is damaged or incomplete."
        ) from error


def _read_score(archive: ZipFile, endings: tuple[str, ...]) -> bytes:
    members = {member.filename: member for member in archive.infolist()}
    if len(archive.infolist()) > MAX_MEMBERS:
        raise TooLargeError(f"The archive holds over {MAX_MEMBERS} files.")
    root = _root(archive, members, endings)
    if root is None:
        raise BrokenFileError(
            "There is no score in the archive.", "Export it anew, or as .musicxml."
        )
    score = _read(archive, root, MAX_SCORE)
    if score.startswith(_ZIP):
        raise BrokenFileError(
            f"{root.filename!r} in the archive is an archive itself.", "Unpack the outer one."
        )
    return score


def _root(
    archive: ZipFile, members: dict[str, ZipInfo], endings: tuple[str, ...]
) -> ZipInfo | None:
    """Find the score that the container names, else the first file that looks like one."""
    if container := members.get(_CONTAINER):
        roots = _named_roots(_read(archive, container, MAX_CONTAINER))
        named = [name for name in roots if name in members]
        # MuseScore 4 names its style sheet before the score
        best = next((name for name in named if name.lower().endswith(endings)), None)
        if best or named:
            return members[best or named[0]]
    likely = [name for name in members if _looks_like_score(name, endings)]
    # parts extracted by MuseScore 4 lie in folders, the score does not
    return members[min(likely, key=lambda name: name.count("/"))] if likely else None


def _looks_like_score(name: str, endings: tuple[str, ...]) -> bool:
    # __MACOSX holds what a Mac adds to archives, under the names of the real files
    return name.lower().endswith(endings) and not name.startswith(("META-INF/", "__MACOSX/"))


def _named_roots(container: bytes) -> list[str]:
    """List the root files of a container: the score, and others, e.g. its PDF."""
    try:
        tree = fromstring(container, forbid_dtd=False)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return []
    return [
        str(element.get("full-path", ""))
        for element in tree.iter()
        if element.tag.rpartition("}")[2] == "rootfile"
    ]


def _read(archive: ZipFile, member: ZipInfo, most: int) -> bytes:
    if member.flag_bits & _ENCRYPTED:
        raise BrokenFileError("The archive is encrypted.", "Export it without a password.")
    if member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise BrokenFileError("The archive is packed in a way that the format does not allow.")
    if (member.external_attr >> 16) & _FILE_TYPE == _LINK:
        raise BrokenFileError(f"{member.filename!r} in the archive is a link, not a file.")
    packed_most = MAX_RATIO * min(member.compress_size, MAX_PACKED)
    with archive.open(member) as file:
        content = file.read(min(most, packed_most) + 1)
    if len(content) > most:
        raise TooLargeError(f"{member.filename!r} in the archive has over {most} bytes.")
    if len(content) > packed_most:
        raise TooLargeError(f"{member.filename!r} in the archive is packed over {MAX_RATIO}:1.")
    return content
