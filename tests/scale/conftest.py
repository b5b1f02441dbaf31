"""A real object store on loopback, two real workers of Ray, and a collection."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from pyarrow import fs

from clamp3_plugin.indexing.events import FileEvent, Summary
from clamp3_plugin.indexing.indexer import Indexer
from clamp3_plugin.library.library import Library
from clamp3_plugin.library.prefix import folder_of
from clamp3_plugin.scale.cluster import Cluster
from clamp3_plugin.scale.run import Workers, index
from clamp3_plugin.scale.worker import Job, Row, Worker
from tests.core.test_indexing import tune
from tests.fakes import FakeFormats, HashEncoder


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URI of a bucket; the variables that lead there are set for whoever starts later."""
    log = tmp_path_factory.mktemp("store") / "log"
    command = [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with pytest.MonkeyPatch.context() as patch, log.open("wb") as file:
        server = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        try:
            for name, value in {
                "AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "something",
                "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": _address(server, log),
                "AWS_ALLOW_HTTP": "true", "AWS_EC2_METADATA_DISABLED": "true",
            }.items():  # fmt: skip
                patch.setenv(name, value)
            fs.S3FileSystem(
                allow_bucket_creation=True,
                endpoint_override=os.environ["AWS_ENDPOINT_URL"],
            ).create_dir("music")
            yield "s3://music"
        finally:
            server.kill()
            server.wait()


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + 60
    while not (said := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < end, "the object store does not answer"
        time.sleep(0.05)
    return said[0]


@pytest.fixture(scope="session")
def cluster(store: str) -> Iterator[Cluster]:
    """Two workers of Ray, which know the object store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")
        for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
            patch.delenv(name, raising=False)  # and so they are what they were at the end
        with Cluster(workers=2) as cluster:
            yield cluster


class Nearby:
    """Workers in this process, in the place of those of Ray."""

    workers = 2

    def each(self, function: Callable[[Row], Row], rows: Sequence[Row]) -> Iterator[Row]:
        return map(function, rows)

    def by_workers(
        self, worker: type[Worker], arguments: Sequence[object], rows: Sequence[Row]
    ) -> Iterator[Row]:
        pair = [worker(*arguments) for _ in range(self.workers)]
        return (pair[number % 2](row) for number, row in enumerate(rows))


@pytest.fixture(params=["folder", "s3"])
def place(request, tmp_path: Path, store: str) -> str:
    """Where a library may be."""
    return str(tmp_path / "far") if request.param == "folder" else f"{store}/{tmp_path.name}"


class Hall:
    """A collection, and two libraries of it: one filled by Ray, one by this process."""

    def __init__(self, folder: Path, place: str, cluster: Workers):
        self.music = folder / "music"
        self.music.mkdir()
        self.place = place
        self.cluster = cluster
        self.near = folder / "near"
        self.events: list[FileEvent] = []

    def write(self, name: str, text: str) -> Path:
        path = self.music / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def fill(self, count: int = 20) -> None:
        for number in range(count):
            self.write(f"{number % 3}/{number}.score", tune(number, title=f"Tune {number}"))

    def by_many(self, load: Callable[[], HashEncoder] = HashEncoder, **options) -> Summary:
        self.events = []
        job = Job(load, FakeFormats, self.place)
        return index(job, self.cluster, [self.music], self.events.append, **options)

    def by_one(self, **options) -> Summary:
        with Library.open(self.near, "hash-16", 16) as library:
            return Indexer(library, HashEncoder(), FakeFormats()).run([self.music], **options)

    def told(self) -> dict[str, str]:
        return {os.path.relpath(e.path, self.music): e.status.value for e in self.events}

    def far(self) -> Library:
        return Library.open(folder_of(self.place), "hash-16", 16, read_only=True)


@pytest.fixture
def hall(tmp_path: Path, place: str) -> Hall:
    return Hall(tmp_path, place, Nearby())
