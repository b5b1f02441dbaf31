"""``clamp3 train audio`` on a tiny corpus, and a library heard with what comes of it.

The model that is given ears is the golden one without its audio tower, so it is deaf before.
"""

import base64
import json
from collections.abc import Iterator
from ctypes.util import find_library
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch
from click.testing import CliRunner, Result
from safetensors.torch import load_file

from clamp3_cli.main import clamp3
from clamp3_models.audio.front_end import load_front_end
from clamp3_models.card import licences_of_others
from clamp3_models.folder import WEIGHTS_FILE, check_sums, write_sums
from clamp3_models.front_ends import MINI_NOTES
from clamp3_models.weights import read_config, read_state_dict, write_model
from clamp3_plugin.config import Home
from tests.cli.conftest import JIG
from tests.core.tunes import RATE, played
from tests.models.audio.onnx_file import random_notes
from tests.models.training.tiny_soundfont import write_soundfont

pytestmark = pytest.mark.skipif(
    find_library("fluidsynth") is None, reason="FluidSynth's library is not installed"
)

RECIPE = """
scheme = "audio"
audio_length = 32
[tower]
hidden_size = 16
num_layers = 1
num_heads = 2
intermediate_size = 32
max_positions = 40
dropout = 0.1
[data]
records = ["records.jsonl"]
midi_tables = []
most_per_source = 10
copies = 1
[rendering]
seconds = 6.0
other_instruments = 0.0
[batches]
recordings = 3
lengths = [6]
[train]
steps = 60
learning_rate = 5e-3
warmup_steps = 5
checkpoint_every = 50
"""


@dataclass(frozen=True)
class Run:
    """What was trained, and how to train it again."""

    folder: Path
    words: list[str]
    said: Result

    @property
    def deaf(self) -> Path:
        """The model before."""
        return self.folder / "deaf"

    @property
    def hearing(self) -> Path:
        """The model after."""
        return self.folder / "hearing"

    def again(self) -> Result:
        """Run the command once more."""
        return CliRunner().invoke(clamp3, self.words)


def scale_up(first: int, notes: int) -> bytes:
    """A MIDI file of some notes, half a second each."""
    track = bytearray()
    for i in range(notes):
        pitch = first + i % 12
        track += bytes([0, 0x90, pitch, 90, 0x83, 0x60, 0x80, pitch, 0])
    track += bytes([0, 0xFF, 0x2F, 0])
    head = b"MThd" + bytes([0, 0, 0, 6, 0, 0, 0, 1, 1, 0xE0])
    return head + b"MTrk" + len(track).to_bytes(4) + bytes(track)


def write_records(folder: Path) -> None:
    rows = [
        {
            "id": f"tune/{i}", "src": "some", "abc": JIG, "key": f"{key} major",
            "instrumentation": [instrument], "dance_type": "jig",
            "midi_b64": base64.b64encode(scale_up(55 + i, 40)).decode(),
        }
        for i, (key, instrument) in enumerate(zip("CDE", ("flute", "violin", "harp"), strict=True))
    ]  # fmt: skip
    rows.append({"id": "silent", "src": "some", "dance_type": "reel"})
    (folder / "records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_deaf(folder: Path, golden: Path) -> None:
    folder.mkdir()
    home = Home.locate(str(folder.parent / "home"))
    root = ["--home", str(home.run.parent), "models", "import", str(golden / "model")]
    assert CliRunner().invoke(clamp3, [*root, "--name", "tiny"]).exit_code == 0
    tiny = home.models / "tiny"
    kept = {k: v for k, v in read_state_dict(tiny / WEIGHTS_FILE).items() if k[:6] != "audio_"}
    write_model(folder, replace(read_config(tiny), audio=None, audio_front_end="none"), kept)
    (folder / "tokenizer.json").write_bytes((tiny / "tokenizer.json").read_bytes())
    write_sums(folder)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """A model this small loses more by waiting for a second thread than it gains."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, golden: Path) -> Run:
    folder = tmp_path_factory.mktemp("ears")
    (folder / "recipe.toml").write_text(RECIPE)
    (folder / "nmp.onnx").write_bytes(random_notes())
    write_soundfont(folder / "tone.sf2")
    write_records(folder)
    write_deaf(folder / "deaf", golden)
    options = {
        "--data": ".", "--work": "work", "--output": "hearing", "--model": "deaf",
        "--notes": "nmp.onnx", "--soundfont": "tone.sf2",
    }  # fmt: skip
    words = ["train", "audio", str(folder / "recipe.toml")]
    for option, name in options.items():
        words += [option, str(folder / name)]
    run = Run(folder, words, CliRunner().invoke(clamp3, words))
    assert run.said.exit_code == 0, run.said.output
    return run


def test_ears_are_given_and_nothing_else_is_changed(trained: Run) -> None:
    before, after = (load_file(f / WEIGHTS_FILE) for f in (trained.deaf, trained.hearing))

    assert trained.said.stdout == f"{trained.hearing}\n"
    check_sums(trained.hearing)
    assert all(torch.equal(after[key], tensor) for key, tensor in before.items())
    assert read_config(trained.hearing).audio_front_end == MINI_NOTES
    assert licences_of_others(trained.hearing) == {"basic-pitch": "Apache-2.0"}
    rows = load_front_end(trained.hearing).features(played(1, 3.0))
    assert rows.shape == (3, 16)
    log = (trained.folder / "work" / "audio_log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in log] == list(range(60))


def test_what_is_done_is_not_done_again(trained: Run) -> None:
    made = [*(trained.folder / "work").rglob("*.npz"), *(trained.folder / "work").rglob("*.npy")]
    written = {path: path.stat().st_mtime_ns for path in made}
    weights = (trained.hearing / WEIGHTS_FILE).read_bytes()

    done = trained.again()

    assert done.exit_code == 0, done.output
    assert len(written) == 5  # a shard; texts, scores, windows, instruments
    assert written == {path: path.stat().st_mtime_ns for path in made}
    assert (trained.hearing / WEIGHTS_FILE).read_bytes() == weights


@pytest.fixture(scope="module")
def home(trained: Run) -> Home:
    """A home with the model before and after, a folder of recordings, and a clip of one."""
    music = trained.folder / "music"
    music.mkdir()
    for seed in (1, 2):
        soundfile.write(music / f"{seed}.flac", played(seed, 31.0), RATE)
    (music / "jig.abc").write_text(JIG)
    soundfile.write(trained.folder / "clip.wav", played(2, 31.0)[10 * RATE : 25 * RATE], RATE)
    home = Home.locate(str(trained.folder / "home"))
    for model in (trained.deaf, trained.hearing):
        done = clamp(home, "models", "import", str(model), "--name", model.name)
        assert done.exit_code == 0, done.output
    return home


def clamp(home: Home, *words: str) -> Result:
    return CliRunner().invoke(clamp3, ["--home", str(home.run.parent), *words])


def hits(done: Result) -> list[dict[str, Any]]:
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_before_it_is_deaf_and_says_so(trained: Run, home: Home) -> None:
    clamp(home, "models", "use", "deaf")

    indexed = clamp(home, "index", str(trained.folder / "music"), "--no-daemon")
    asked = clamp(home, "find", str(trained.folder / "clip.wav"), "--no-daemon")

    assert indexed.exit_code == 0, indexed.output
    assert "2 unheard" in indexed.output
    assert asked.exit_code == 3
    assert "The model 'deaf' reads text and notation, not audio." in asked.stderr


def test_after_it_hears_whence_a_clip_is(trained: Run, home: Home) -> None:
    clamp(home, "models", "use", "hearing")
    clip = [
        "find",
        "--file",
        str(trained.folder / "clip.wav"),
        "--modality",
        "audio",
        "--no-daemon",
    ]

    indexed = clamp(home, "index", str(trained.folder / "music"), "--no-daemon")
    whole = hits(clamp(home, *clip, "--json"))
    part = hits(clamp(home, *clip, "--time", "5-15", "--json"))

    assert indexed.exit_code == 0, indexed.output
    assert "unheard" not in indexed.output
    for found, start, end in ((whole[0], 10, 25), (part[0], 15, 25)):
        assert Path(found["piece"]["path"]).name == "2.flac"
        assert found["passage"]["start"] == pytest.approx(start, abs=2.5)
        assert found["passage"]["end"] == pytest.approx(end, abs=2.5)
