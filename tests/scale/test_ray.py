"""Real workers of Ray, a real object store on loopback, and once a real model."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from clamp3_models.loading import load_model
from clamp3_plugin.encoding import encode
from clamp3_plugin.errors import UsageError
from clamp3_plugin.indexing.indexer import Indexer
from clamp3_plugin.library.library import Library
from clamp3_plugin.library.prefix import folder_of
from clamp3_plugin.music import Modality
from clamp3_plugin.readers.apart.formats import ApartFormats
from clamp3_plugin.scale import run
from clamp3_plugin.scale.cluster import Cluster
from tests.core.test_indexing import tune
from tests.scale.comparing import are_same, rows
from tests.scale.conftest import Hall
from tests.scale.encoders import MortalEncoder

NOTES = ["CDEF GABc", "cBAG FEDC", "EGce gece", "A2Bc d2ef", "G4 D4", "zCEG cGEC", "f2ed cBAG"]


def test_workers_of_ray_fill_the_library_of_one_process_though_one_dies(
    tmp_path: Path, store: str, cluster: Cluster, monkeypatch
):
    monkeypatch.setattr(run, "HASHED_AT_ONCE", 5)  # so that workers hash too
    hall = Hall(tmp_path, f"{store}/{tmp_path.name}", cluster)
    hall.fill(20)
    hall.write("1/deadly.score", tune(50) + "deadly\n")
    hall.write("broken.score", "BROKEN")
    grave = tmp_path / "grave"

    summary = hall.by_many(partial(MortalEncoder, "deadly", grave))

    assert grave.exists()
    assert (summary.indexed, summary.refused) == (21, 1)
    hall.by_one()
    assert are_same(hall)


def test_a_cluster_of_our_own_is_for_this_machine_and_this_run(cluster: Cluster):
    assert [node["NodeManagerAddress"] for node in cluster._ray.nodes()] == ["127.0.0.1"]
    assert os.environ["RAY_AUTH_MODE"] == "token"
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 64


def test_more_workers_than_cores_are_refused(cluster: Cluster):
    assert cluster.workers == 2
    crowd = Cluster(3, 2)
    crowd._ray = cluster._ray
    with pytest.raises(
        UsageError, match="3 workers of 2 threads each need 6 cores; the cluster has 2"
    ):
        _ = crowd.workers


def test_the_command_fills_a_library_on_object_storage_as_this_process_fills_one(
    tmp_path: Path, store: str, cluster: Cluster
):
    music = tmp_path / "music"
    music.mkdir()
    for number, notes in enumerate(NOTES):
        bars = "|".join(notes.split() * (6 + number))
        (music / f"{number}.abc").write_text(f"X:1\nT:No. {number}\nM:4/4\nL:1/8\nK:C\n{bars}|\n")
    (music / "broken.mid").write_bytes(b"MThd\0\0")
    place = f"{store}/{tmp_path.name}"
    words = ["index", str(music), "--engine", "ray", "--library", place, "--workers", "2", "--json"]
    command = [sys.executable, "-m", "clamp3_cli", "--home", str(tmp_path / "home"), *words]

    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,  # a cluster without a free core would let it wait for ever
        env={**os.environ, "RAY_ADDRESS": cluster._ray.get_runtime_context().gcs_address},
    )

    assert done.returncode == 1, done.stderr  # broken.mid
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told[-1]["summary"]["indexed"] == len(NOTES)
    assert [event["status"] for event in told[:-1]].count("refused") == 1
    assert "broken.mid" in done.stderr
    model, formats = load_model("mini"), ApartFormats()
    with Library.open(tmp_path / "near", model.space, model.dim) as near:
        Indexer(near, model, formats).run([music])
        formats.close()
        far = Library.open(folder_of(place), model.space, model.dim)
        assert far.check().sound
        small = [[t.drop_columns([n for n in ("vector", "crc32") if n in t.column_names])
                  for t in rows(library)] for library in (far, near)]  # fmt: skip
        assert small[0] == small[1]
        for question in encode(model, Modality.TEXT, ["a rising scale", "a waltz", "slow"]):
            hits, expected = far.search(question), near.search(question)
            assert [hit.piece for hit in hits] == [hit.piece for hit in expected]
            scores, wanted = ([hit.score for hit in each] for each in (hits, expected))
            np.testing.assert_allclose(scores, wanted, atol=1e-3)  # float16, another batch
    (tmp_path / "home/config/config.toml").write_text(f"library = '{place}'\n")
    ask = [*command[:5], "find", "a waltz", "--json"]
    found = subprocess.run(ask, capture_output=True, text=True, check=False)
    subprocess.run([*command[:5], "daemon", "stop"], capture_output=True, check=True)
    assert found.returncode == 0, found.stderr
    assert len(found.stdout.splitlines()) == len(NOTES)
