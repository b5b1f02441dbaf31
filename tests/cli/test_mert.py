"""MERT on the command line: nobody gets it without its licence, and everybody is told what it means."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from clamp3_models.loading import load_encoder
from clamp3_models.mert.files import write_weights
from clamp3_models.mert.network import Mert, MertConfig
from clamp3_plugin.config import Config, Home
from tests.models.mert.waves import read_wave

NON_COMMERCIAL = "non-commercial use only"


@pytest.fixture
def source(golden: Path, tmp_path: Path) -> Path:
    """A tiny MERT as a folder of the hub."""
    folder = tmp_path / "snapshot"
    folder.mkdir()
    shutil.copyfile(golden / "mert" / "mert_tiny_config.json", folder / "config.json")
    shutil.copyfile(golden / "mert" / "mert_tiny_fp16.safetensors", folder / "model.safetensors")
    return folder


@pytest.fixture
def heard(run, tiny_home: Home, source: Path) -> Home:
    """A home with that part beside a model that reads recordings."""
    done = run(tiny_home, "models", "import", str(source), "--name", "mert-v1-95m")
    assert done.exit_code == 0, done.output
    assert NON_COMMERCIAL in done.stderr
    return tiny_home


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The hub is out of reach, and so is its cache."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


def test_nobody_gets_it_who_has_not_agreed(run, home, offline):
    done = run(home, "models", "pull", "mert-v1-95m")

    assert done.exit_code == 2
    assert "CC-BY-NC-4.0" in done.stderr
    assert NON_COMMERCIAL in done.stderr
    assert "--accept-license" in done.stderr


def test_who_agrees_beforehand_is_not_asked(run, home, offline):
    done = run(home, "models", "pull", "mert-v1-95m", "--accept-license")

    assert done.exit_code == 3
    assert NON_COMMERCIAL in done.stderr
    assert "HF_HUB_OFFLINE forbids" in done.stderr


def test_it_is_listed_as_a_part_and_cannot_be_used_alone(run, heard):
    listed = run(heard, "models", "list").stdout.splitlines()
    used = run(heard, "models", "use", "mert-v1-95m")

    assert [line.split()[:3] for line in listed if "mert" in line] == [
        ["part", "mert-v1-95m", "cc-by-nc-4.0"]
    ]
    assert used.exit_code == 2
    assert "a part that other models need" in used.stderr


def test_it_is_verified_and_removed_like_a_model(run, heard):
    assert "mert-v1-95m is sound" in run(heard, "models", "verify", "mert-v1-95m").stdout
    assert run(heard, "models", "remove", "mert-v1-95m", "--yes").exit_code == 0
    assert not (heard.models / "mert-v1-95m").exists()


def test_licences_name_it_where_it_is(run, heard):
    done = run(heard, "licenses")

    assert ["part", "mert-v1-95m", "cc-by-nc-4.0"] in [
        line.split() for line in done.stdout.splitlines()
    ]
    assert NON_COMMERCIAL in done.stdout


def audio_finding(done) -> dict[str, str]:
    findings: list[dict[str, str]] = [json.loads(line) for line in done.stdout.splitlines()]
    (finding,) = [finding for finding in findings if finding["what"] == "audio"]
    return finding


def test_the_doctor_says_what_a_model_with_ears_needs_and_under_which_licence(run, tiny):
    finding = audio_finding(run(tiny, "doctor", "--json"))

    assert finding["state"] == "ok"
    assert NON_COMMERCIAL in finding["text"]
    assert "It is not here: clamp3 models pull mert-v1-95m" in finding["text"]


def test_the_doctor_verifies_the_part(run, heard):
    finding = audio_finding(run(heard, "doctor", "--json"))
    assert "It is here: verified" in finding["text"]
    assert NON_COMMERCIAL in finding["text"]

    with (heard.models / "mert-v1-95m" / "config.json").open("a") as file:
        file.write("\n")
    done = run(heard, "doctor", "--json")

    assert done.exit_code == 1
    assert audio_finding(done)["state"] == "fail"


@pytest.fixture
def hearing(run, tiny_home: Home, tmp_path: Path) -> Home:
    """A home whose model has a front end of its width, with random weights."""
    config = MertConfig(64, 1, 2, 16, (8,) * 7, position_kernel=8, position_groups=2)
    folder = tmp_path / "random"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config.to_json()))
    torch.manual_seed(1)
    write_weights(folder, Mert(config).state_dict(), folder)
    assert run(tiny_home, "models", "import", str(folder), "--name", "mert-v1-95m").exit_code == 0
    return tiny_home


@pytest.mark.parametrize(("flags", "rows"), [([], 1), (["--local"], 4)], ids=["global", "local"])
def test_a_recording_is_embedded(run, hearing, golden, tmp_path, flags, rows):
    out = tmp_path / "out.npy"
    file = golden / "mert" / "wav" / "c_6k_mono_6p5s.wav"

    done = run(hearing, "embed", str(file), "-o", str(out), "--no-daemon", *flags)

    assert done.exit_code == 0, done.output
    encoder = load_encoder(hearing, Config.load(hearing))
    features = encoder.audio_features(read_wave(file))
    expected = encoder.encode_audio([features], pooled=False)[0]
    if not flags:
        expected = encoder.encode_audio([features])
    assert expected.shape == (rows, 64)
    np.testing.assert_allclose(np.load(out), expected, rtol=0, atol=2e-5)


def test_a_recording_without_the_part_names_it_and_its_licence(run, tiny, golden, tmp_path):
    file = golden / "mert" / "wav" / "e_24k_mono_1p0s.wav"

    done = run(tiny, "embed", str(file), "-o", str(tmp_path / "out.npy"), "--no-daemon")

    assert done.exit_code == 3
    assert "CC BY-NC 4.0" in done.stderr
    assert "clamp3 models pull mert-v1-95m" in done.stderr


def test_a_recording_too_short_for_the_front_end_is_refused(run, hearing, golden, tmp_path):
    file = golden / "mert" / "wav" / "b_24k_mono_0p5s_fails.wav"

    done = run(hearing, "embed", str(file), "-o", str(tmp_path / "out.npy"), "--no-daemon")

    assert done.exit_code == 4
    assert "b_24k_mono_0p5s_fails.wav: The recording is 0.50 s long" in done.stderr


def test_what_only_calls_itself_a_recording_is_refused_by_name(run, hearing, tmp_path):
    file = tmp_path / "noise.wav"
    file.write_bytes(b"no sound at all" * 100)

    done = run(hearing, "embed", str(file), "-o", str(tmp_path / "out.npy"), "--no-daemon")

    assert done.exit_code == 4
    assert "noise.wav: " in done.stderr
