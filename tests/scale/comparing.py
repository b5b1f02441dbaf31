"""Two libraries are the same: rows, vectors, what is known of files, and answers."""

from dataclasses import astuple

import pyarrow as pa

from clamp3_plugin.encoding import encode
from clamp3_plugin.library.library import Library
from clamp3_plugin.music import Modality
from tests.fakes import HashEncoder
from tests.scale.conftest import Hall


def rows(library: Library) -> list[pa.Table]:
    tables = (library._store._files, library._store._passages)
    names = ("file_id", "id")
    return [t.to_arrow().sort_by(name) for t, name in zip(tables, names, strict=True)]


def answers(library: Library) -> list[list[tuple]]:
    questions = encode(
        HashEncoder(), Modality.TEXT, ["jig reel", "waltz", "alpha beta gamma polka"]
    )
    return [[astuple(hit) for hit in library.search(question, 12)] for question in questions]


def are_same(hall: Hall) -> bool:
    far, near = hall.far(), Library.open(hall.near, "hash-16", 16, read_only=True)
    assert far.check().sound
    assert rows(far) == rows(near)
    assert answers(far) == answers(near)
    assert dict(far.records) == dict(near.records)
    return True
