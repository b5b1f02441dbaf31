"""A library on object storage: as much of a folder as a library asks for.

Where it is and who may read it say the variables that every such tool takes: ``AWS_ACCESS_KEY_ID``,
``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``, ``AWS_ENDPOINT_URL`` for stores other than Amazon's, and
``AWS_ALLOW_HTTP`` where that is plain HTTP. LanceDB reads the same.
"""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from clamp3_plugin.errors import UsageError
from clamp3_plugin.library.durable import write_private

_SCHEME = "s3://"


@dataclass(frozen=True)
class Prefix:
    """Objects whose names begin alike; named ``s3://bucket/prefix``."""

    uri: str

    def __truediv__(self, name: str) -> "Prefix":
        """Name what is below it."""
        return Prefix(f"{self.uri}/{name}")

    def __str__(self) -> str:
        """Give its URI."""
        return self.uri

    def read_bytes(self) -> bytes:
        """Read the object of this name; FileNotFoundError where there is none."""
        with self._files.open_input_stream(self._key) as stream:
            return bytes(stream.read())

    def write_bytes(self, data: bytes) -> None:
        """Write the object of this name at one stroke."""
        with self._files.open_output_stream(self._key) as stream:
            stream.write(data)

    def is_dir(self) -> bool:
        """Tell whether there is something below it."""
        return bool(self._files.get_file_info(self._key).type == fs.FileType.Directory)

    def sizes(self) -> dict[str, int]:
        """Name the objects below it, each from here on, with their bytes."""
        below = fs.FileSelector(self._key, recursive=True, allow_not_found=True)
        first = len(self._key) + 1
        found = self._files.get_file_info(below)
        return {each.path[first:]: each.size for each in found if each.type == fs.FileType.File}

    def unlink(self) -> None:
        """Remove the object of this name."""
        self._files.delete_file(self._key)

    @property
    def _key(self) -> str:
        return self.uri.removeprefix(_SCHEME)

    @cached_property
    def _files(self) -> fs.FileSystem:
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        scheme, _, host = (endpoint or "https://").partition("://")
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        return fs.S3FileSystem(
            region=region or "us-east-1", endpoint_override=host or None, scheme=scheme
        )


Folder = Path | Prefix
"""Where a library is."""

STORAGE_FAILURES = (OSError, pa.ArrowException)


def folder_of(name: str) -> Folder:
    """Understand where a library is: a folder of this machine, or ``s3://bucket/prefix``.

    Raises
    ------
    UsageError
        It is a URI of another kind, or names no bucket.

    Examples
    --------
    >>> print(folder_of("s3://music/library/"))
    s3://music/library
    """
    scheme, separator, rest = name.partition("://")
    if not separator:
        return Path(name).expanduser().absolute()
    if scheme != "s3" or not rest.strip("/"):
        raise UsageError(
            f"{name} is no place for a library.", "Give a folder, or s3://bucket/prefix."
        )
    return Prefix(_SCHEME + rest.strip("/"))


def sizes(folder: Folder) -> dict[str, int]:
    """Name the files of a folder, each from there on, with their bytes."""
    if isinstance(folder, Prefix):
        return folder.sizes()
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def write(place: Folder, data: bytes) -> None:
    """Replace a small file at one stroke."""
    if isinstance(place, Prefix):
        place.write_bytes(data)
    else:
        write_private(place, data)
