"""Zipped MusicXML (.mxl): find the score in the archive and unpack it, within limits.

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
SMALL = 2**20
"""Scores below this may be packed as tightly as they like: repeated bars pack very well."""

_CONTAINER = "META-INF/container.xml"
_ENDINGS = (".musicxml", ".xml")
_ENCRYPTED = 0x1
_LINK = 0o120000
_FILE_TYPE = 0o170000


def unzip_score(data: bytes) -> bytes:
    """Give the bytes of the score in an archive.

    Raises
    ------
    BrokenFileError
        It is no archive, holds no score, or is packed in a way that no notation program uses.
    TooLargeError
        It is over a limit.
    """
    if len(data) > MAX_PACKED:
        raise TooLargeError(f"The .mxl has {len(data)} bytes, the limit is {MAX_PACKED}.")
    # RuntimeError and NotImplementedError are zipfile's words for encryption and odd methods,
    # the others are what its parsing of a damaged directory may end in
    try:
        with ZipFile(BytesIO(data)) as archive:
            return _read_score(archive)
    except (BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise BrokenFileError(
            f"The .mxl cannot be unpacked: {error}.", "The file is damaged or incomplete."
        ) from error


def _read_score(archive: ZipFile) -> bytes:
    members = {member.filename: member for member in archive.infolist()}
    if len(archive.infolist()) > MAX_MEMBERS:
        raise TooLargeError(f"The .mxl holds over {MAX_MEMBERS} files.")
    root = _root(archive, members)
    if root is None:
        raise BrokenFileError("There is no score in the .mxl.", "Export it anew, or as .musicxml.")
    return _read(archive, root, MAX_SCORE)


def _root(archive: ZipFile, members: dict[str, ZipInfo]) -> ZipInfo | None:
    """Find the score that the container names, else the first file that looks like one."""
    if container := members.get(_CONTAINER):
        named = members.get(_named_root(_read(archive, container, MAX_CONTAINER)))
        if named is not None:
            return named
    return next((member for name, member in members.items() if _looks_like_score(name)), None)


def _looks_like_score(name: str) -> bool:
    # __MACOSX holds what a Mac adds to archives, under the names of the real files
    return name.lower().endswith(_ENDINGS) and not name.startswith(("META-INF/", "__MACOSX/"))


def _named_root(container: bytes) -> str:
    """Give the first root file of a container, which is the score; the others are e.g. its PDF."""
    try:
        tree = fromstring(container, forbid_dtd=False)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return ""
    for element in tree.iter():
        if element.tag.rpartition("}")[2] == "rootfile":
            return str(element.get("full-path", ""))
    return ""


def _read(archive: ZipFile, member: ZipInfo, most: int) -> bytes:
    if member.flag_bits & _ENCRYPTED:
        raise BrokenFileError("The .mxl is encrypted.", "Export it without a password.")
    if member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise BrokenFileError("The .mxl is packed in a way that MusicXML does not allow.")
    if (member.external_attr >> 16) & _FILE_TYPE == _LINK:
        raise BrokenFileError(f"{member.filename!r} in the .mxl is a link, not a file.")
    with archive.open(member) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise TooLargeError(f"{member.filename!r} in the .mxl has over {most} bytes.")
    if len(content) > max(SMALL, MAX_RATIO * member.compress_size):
        raise TooLargeError(f"{member.filename!r} in the .mxl is packed over {MAX_RATIO}:1.")
    return content
