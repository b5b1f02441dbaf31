"""Twelve records with a text, a score, a performance and audio features each, and recipes of tiny size."""

import json
from pathlib import Path

import numpy as np

KEYS = ("C", "G", "D", "A", "E", "F", "Bb", "Eb", "Am", "Em", "Dm", "Gm")
INSTRUMENTS = ("Flute", "Violin", "Cello")
HIDDEN = 32

MODEL = f"""
[model]
dim = 32
[model.text]
hidden_size = {HIDDEN}
num_layers = 1
num_heads = 2
intermediate_size = 64
vocab_size = 275
[model.symbolic]
hidden_size = {HIDDEN}
num_layers = 1
num_heads = 2
intermediate_size = 64
[model.audio]
hidden_size = {HIDDEN}
num_layers = 1
num_heads = 2
intermediate_size = 64
"""

UNDISTURBED = MODEL.replace("num_layers", "dropout = 0.0\nnum_layers")
"""The same without dropout."""

DATA = """
[data]
train = ["records.jsonl"]
evaluate_share = 0.33
"""


def write_corpus(folder: Path) -> Path:
    """Write ``records.jsonl`` and the music beside it; gives the folder."""
    random = np.random.default_rng(7)
    (folder / "music").mkdir(parents=True)
    lines = []
    for i, key in enumerate(KEYS):
        name, instrument = f"tune{i:02}", INSTRUMENTS[i % 3]
        bar = " ".join("CDEFGABcdefg"[i] * 4)
        bars = f"[V:1]{bar}|\n" * 6
        (folder / f"music/{name}.abc").write_text(
            f'L:1/8\nM:4/8\nK:{key}\nV:1 treble nm="{instrument}"\n{bars}'
        )
        messages = "".join(
            f"note_on 0 0 {60 + i} 64\nnote_off {60 * (i + 1)} 0 {60 + i} 0\n" for _ in range(4)
        )
        (folder / f"music/{name}.mtf").write_text(
            f"ticks_per_beat 480\nprogram_change 0 0 {i}\n{messages}end_of_track 1"
        )
        frames = random.standard_normal((1, 3 + i, HIDDEN), np.float32)
        np.save(folder / f"music/{name}.npy", frames)
        lines.append(
            {
                "id": name,
                "filepaths": [f"music/{name}{suffix}" for suffix in (".abc", ".mtf", ".npy")],
                "title": f"Tune {i}",
                "genres": ["Folk", f"Kind {i}"],
                "analysis": f"A tune in {key} for {instrument.lower()}.",
                "translations": {"language": "fr", "analysis": f"Un air en {key}."},
            }
        )
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "records.jsonl").write_text(text)
    return folder


def write_recipe(path: Path, *, stages: str, training: str = "", model: str = MODEL) -> Path:
    """Write a recipe of CLaMP 3."""
    head = 'scheme = "paper"\nname = "tiny"\n'
    path.write_text(f"{head}{model}{DATA}[training]\n{training}\n{stages}")
    return path


def write_m3_recipe(path: Path, training: str = "") -> Path:
    """Write a recipe of M3."""
    sizes = f"hidden_size = {HIDDEN}\nnum_layers = 1\nnum_heads = 2\nintermediate_size = 64\n"
    head = f'scheme = "paper"\nname = "tiny-m3"\n[encoder]\n{sizes}[decoder]\nnum_layers = 1\n'
    path.write_text(f"{head}{DATA}[training]\n{training}\n")
    return path
