"""``clamp3 models``, ``embed``, ``convert``, ``doctor``, ``licenses`` with a real model of small size."""

import json
import shutil

import numpy as np
import pytest

TOLERANCE = 2e-5  # of float32 on CPU, as for the encoder itself


def test_a_model_is_imported_used_and_listed(run, tiny):
    done = run(tiny, "models", "list", "--json")

    infos = {info["name"]: info for info in map(json.loads, done.stdout.splitlines())}
    assert infos["tiny"]["used"]
    assert infos["tiny"]["dim"] == 64
    assert infos["tiny"]["problem"] == ""


def test_the_model_in_use_is_marked(run, tiny):
    done = run(tiny, "models", "list")

    assert any(line.split()[:2] == ["*", "tiny"] for line in done.stdout.splitlines())


def test_a_sound_model_passes(run, tiny):
    assert "tiny is sound" in run(tiny, "models", "verify").stdout


def test_a_changed_model_does_not_pass(run, tiny, home):
    shutil.copytree(tiny.models / "tiny", home.models / "changed")
    with (home.models / "changed" / "config.json").open("a") as file:
        file.write("\n")

    done = run(home, "models", "verify", "changed")

    assert done.exit_code == 3
    assert "config.json" in done.stderr


def test_the_model_in_use_is_not_removed(run, tiny):
    done = run(tiny, "models", "remove", "tiny", "--yes")

    assert done.exit_code == 2
    assert (tiny.models / "tiny").is_dir()


def test_nobody_agrees_to_a_licence_unasked(run, tiny):
    done = run(tiny, "models", "pull", "saas")

    assert done.exit_code == 2
    assert "MIT" in done.stderr
    assert "--yes" in done.stderr


@pytest.mark.parametrize("local", [False, True], ids=["global", "local"])
@pytest.mark.parametrize("name", ["text_02.txt", "sym_0513_patches.mtf"])
def test_embeddings_are_those_of_the_reference(run, tiny, golden, tmp_path, name, local):
    out = tmp_path / "out.npy"
    flags = ["--local"] if local else []

    file = golden / "model" / "inputs" / name
    done = run(tiny, "embed", str(file), "-o", str(out), "--no-daemon", *flags)

    assert done.exit_code == 0, done.stderr
    found, stem = np.load(out), name.rpartition(".")[0]
    assert found.dtype == np.float32
    kind = "local" if local else "global"
    with np.load(golden / "model" / f"expected_{kind}.npz") as expected:
        if local:
            assert found.shape == tuple(expected[f"{stem}/shape"][1:])
            found, wanted = found[expected[f"{stem}/rows"]], expected[f"{stem}/values"]
        else:
            wanted = expected[stem]
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() < TOLERANCE


def test_files_of_several_kinds_make_one_array(run, tiny, golden, music, tmp_path):
    out = tmp_path / "out.npy"
    text = golden / "model" / "inputs" / "text_00.txt"
    features = tmp_path / "audio.npy"
    np.save(features, np.ones((3, 64), np.float32))

    files = [str(text), str(music / "jig.abc"), str(features)]
    done = run(tiny, "embed", *files, "-o", str(out), "--no-daemon")

    assert done.exit_code == 0, done.stderr
    assert np.load(out).shape == (3, 64)


NO_FEATURES = [
    pytest.param(b"no array", id="no array"),
    pytest.param(b"\x93NUMPY\x01\x00\x02\x00{(", id="cut"),
]


@pytest.mark.parametrize("data", NO_FEATURES)
def test_what_is_no_array_is_refused(run, tiny, tmp_path, data):
    (tmp_path / "x.npy").write_bytes(data)

    out = str(tmp_path / "out.npy")
    done = run(tiny, "embed", str(tmp_path / "x.npy"), "-o", out, "--no-daemon")

    assert done.exit_code == 4
    assert "x.npy" in done.stderr
    assert not (tmp_path / "out.npy").exists()


def test_a_book_is_not_one_embedding(run, tiny, music, tmp_path):
    out = str(tmp_path / "out.npy")
    done = run(tiny, "embed", str(music / "book.abc"), "-o", out, "--no-daemon")

    assert done.exit_code == 4
    assert "2 tunes" in done.stderr


def test_midi_becomes_the_text_that_the_encoder_reads(process, home, golden):
    file = next(iter(sorted((golden / "midi" / "in").glob("*.mid"))))

    done = process(home, "convert", str(file), "--to", "mtf")

    assert done.stdout.startswith(b"ticks_per_beat ")


@pytest.mark.parametrize("target", ["abc", "interleaved-abc"])
def test_midi_becomes_a_score_where_that_is_asked_for(run, home, golden, target):
    file = next(iter(sorted((golden / "midi" / "in").glob("*.mid"))))

    done = run(home, "convert", str(file), "--to", target)

    assert done.exit_code == 0
    assert "K:" in done.stdout
    assert "V:1" in done.stdout


def test_a_score_becomes_interleaved_abc(run, home, music, tmp_path):
    out = tmp_path / "jig.int.abc"

    done = run(home, "convert", str(music / "jig.abc"), "--to", "interleaved-abc", "-o", str(out))

    assert done.exit_code == 0
    assert out.read_text().splitlines()[-1].startswith("[V:1]")


def test_a_performance_is_no_abc(run, home, tmp_path):
    file = tmp_path / "a.mtf"
    file.write_text("ticks_per_beat 480\nnote_on 0 0 60 64\nnote_off 480 0 60 0\nend_of_track 0")

    done = run(home, "convert", str(file), "--to", "abc")

    assert done.exit_code == 2
    assert "mtf" in done.stderr


def test_the_doctor_finds_a_new_home_well_but_empty(run, tiny):
    done = run(tiny, "doctor", "--json")

    findings = [json.loads(line) for line in done.stdout.splitlines()]
    states = {finding["what"]: finding["state"] for finding in findings}
    assert done.exit_code == 0
    assert states["model"] == "ok"
    assert states["library"] == "warn"
    assert states["torch"] == "ok"


def test_the_doctor_names_what_is_broken(run, home):
    home.config.mkdir(parents=True)
    (home.config / "config.toml").write_text("model = 'nix'\n")

    done = run(home, "doctor")

    assert done.exit_code == 1
    failed = [line for line in done.stdout.splitlines() if line.startswith("fail")]
    assert any("'nix'" in line for line in failed)


def test_licences_name_the_owners(run, tiny_home):
    text = "Apache-2.0\n\nCopyright by somebody\n"
    (tiny_home.models / "tiny" / "LICENSE-some-network.txt").write_text(text)

    done = run(tiny_home, "licenses")

    assert ["program", "clamp3-plugin", "MIT"] in [
        line.split() for line in done.stdout.splitlines()
    ]
    assert ["part", "of", "tiny", "some-network", "Apache-2.0"] in [
        line.split() for line in done.stdout.splitlines()
    ]
    assert "CC BY-NC" in done.stdout
    assert any(line.split()[:2] == ["library", "lancedb"] for line in done.stdout.splitlines())
