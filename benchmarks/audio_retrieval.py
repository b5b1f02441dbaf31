"""How well recordings are found: the figures of docs/mini for audio, in one run.

    python benchmarks/audio_retrieval.py MODEL DATA SOUNDFONT [--pieces 500] [--recordings FOLDER]
        [--labelled FOLDER] [--json FILE]

DATA is a folder of records such as ``data/dev``, SOUNDFONT one that the model was not trained with. Pieces
whose licence lets them be trained on, in an order drawn by their names, are rendered through it, a minute
at most, on what they name, at the tempo they are written in.

- the same piece from recording to score and to MIDI, and back; from text to recording;
- genre and instruments of a recording by the nearest text, and what chance would give; *centred* means with
  the mean of all recordings and the mean of all texts taken away, as tags are;
- 200 clips of 10 s of 100 recordings, as they are and through MP3 at 64 kbit/s, asked of a library of them:
  the right piece first, and its place within 5 s.

FOLDER of ``--recordings`` holds real recordings: the same clips are cut from up to a hundred of them. That of
``--labelled`` has a folder of recordings for each tag, for instance ``piano/one.ogg``. Brackets are 95 %
intervals. Hearing takes most of the time: about a minute for twenty minutes of sound.
"""

import argparse
import io
import json
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from clamp3_models.audio.frames import SAMPLE_RATE
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.evaluation.audio import (
    CLIP_S,
    Heard,
    accuracy_over_chance,
    clip_starts,
    hear,
    same_piece,
)
from clamp3_models.evaluation.intervals import Estimate, mean
from clamp3_models.evaluation.pieces import SHIPPED_CLASSES, read_pieces, records_in
from clamp3_models.loading import load_model
from clamp3_models.training.audio_bank import performance_of
from clamp3_models.training.audio_targets import INSTRUMENTS
from clamp3_models.training.records import Record
from clamp3_models.training.rendering import Renderer, RenderSettings
from clamp3_models.training.texts import labels
from clamp3_plugin.encoding import normalize
from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.finder import Finder
from clamp3_plugin.indexing.indexer import Indexer
from clamp3_plugin.library.library import Library
from clamp3_plugin.query import Query, Source
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.audio.read import read_audio
from clamp3_plugin.tags import Tagger, Vocabulary

Samples = NDArray[np.float32]
AS_WRITTEN = RenderSettings(
    seconds=60.0, pace=(1.0, 1.0), from_start=1.0, other_instruments=0.0, cents=0.0, tilt_db=0.0,
    noisy=0.0, seed=7,
)  # fmt: skip
FILES, CLIPS = 100, 200
NEAR_S = 5.0
"""A place is right that is at most so far from where a clip was cut."""
LONGEST_S = 120.0
"""Of a real recording; more of it is not heard."""
FEWEST = 5
"""Recordings that a class must have."""
MP3_LEVEL = 0.9


@dataclass(slots=True)
class Rendered:
    """What was rendered, and how the model hears it."""

    records: list[Record] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    instruments: list[frozenset[str]] = field(default_factory=list)
    long: list[Samples] = field(default_factory=list)
    """The first hundred that clips can be cut from."""


def render(encoder: Clamp3Encoder, data: Path, soundfont: Path, pieces: int) -> Rendered:
    renderer, found = Renderer([soundfont], AS_WRITTEN), Rendered()
    for record in ordered(data):
        performance = performance_of(record)
        if performance is None:
            continue
        rendering = renderer.render(record, performance)
        try:
            heard = hear(encoder, rendering.samples)
        except Clamp3Error as error:
            print(f"{record.id}: {error}", file=sys.stderr)
            continue
        found.records.append(record)
        found.heard.append(heard)
        found.instruments.append(rendering.instruments)
        if len(found.long) < FILES and rendering.seconds > 2 * CLIP_S:
            found.long.append(rendering.samples)
        if len(found.heard) % 50 == 0:
            print(f"{len(found.heard)} of {pieces} heard", file=sys.stderr)
        if len(found.heard) == pieces:
            break
    return found


def ordered(data: Path) -> Iterator[Record]:
    """Give the pieces that weights may learn from, in an order that says nothing of them."""
    fit = [r for r in records_in(data) if r.fields["licence_class"] in SHIPPED_CLASSES]
    yield from sorted(
        (r for r in fit if r.fields.get("abc")), key=lambda r: zlib.crc32(r.id.encode())
    )


def same_music(encoder: Clamp3Encoder, found: Rendered) -> dict[str, object]:
    pieces = read_pieces(found.records).members
    heard = np.stack([one.whole for one in found.heard])
    scores = encoder.encode_score([piece.score for piece in pieces])
    performances = encoder.encode_performance([piece.performance for piece in pieces])
    texts = encoder.encode_text([piece.text or "music" for piece in pieces])
    genres = [
        frozenset(fact.concept for fact in piece.facts if fact.field == "genres" and fact.concept)
        for piece in pieces
    ]
    return {
        "pieces": len(pieces),
        "recording to score": same_piece(heard, scores),
        "recording to MIDI": same_piece(heard, performances),
        "text to recording": same_piece(texts, heard),
        "text to score": same_piece(texts, scores),
        "instruments": classes(encoder, heard, found.instruments, INSTRUMENTS),
        "genres": classes(encoder, heard, genres, sorted(frozenset().union(*genres))),
    }


def classes(
    encoder: Clamp3Encoder,
    heard: NDArray[np.float32],
    tags: Sequence[frozenset[str]],
    known: Sequence[str],
    fewest: int = FEWEST,
) -> dict[str, object]:
    """Classify by the nearest text, among the classes that have enough recordings."""
    kept = [tag for tag in known if sum(tag in of for of in tags) >= fewest]
    members = np.array([[tag in of for tag in kept] for of in tags])
    has_one = members.any(1)
    music, members = heard[has_one], members[has_one]
    texts = normalize(encoder.encode_text([labels()[tag]["en"] for tag in kept]))
    accuracy, chance = accuracy_over_chance(music, texts, members)
    centred, _ = accuracy_over_chance(music - music.mean(0), texts - texts.mean(0), members)
    return {
        "classes": kept, "recordings": len(music), "chance": chance,
        "accuracy": accuracy, "accuracy, centred": centred,
    }  # fmt: skip


def clips(encoder: Clamp3Encoder, recordings: Sequence[Samples]) -> dict[str, object]:
    """Put recordings into a library and ask it with clips of them, as the daemon does."""
    cuts = clip_starts([len(samples) / SAMPLE_RATE for samples in recordings], CLIPS)
    figures: dict[str, object] = {"files": len(recordings), "clips": CLIPS}
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder) / "music"
        music.mkdir()
        for number, samples in enumerate(recordings):
            soundfile.write(music / f"{number}.flac", samples, SAMPLE_RATE, subtype="PCM_24")
        with Library.open(Path(folder) / "library", encoder.space, encoder.dim) as library:
            Indexer(library, encoder, registry).run([music], lambda _: None)
            finder = Finder(encoder, library, registry, Tagger(encoder, Vocabulary.load()))
            for name, made in {"as cut": flac, "through MP3 at 64 kbit/s": mp3}.items():
                pieces, places = [], []
                for file, second in cuts:
                    start = round(second * SAMPLE_RATE)
                    clip = recordings[file][start : start + round(CLIP_S * SAMPLE_RATE)]
                    asked = Query((Source(data=made(clip), name=f"clip.{made.__name__}"),), n=1)
                    (hit,) = finder.find(asked).hits
                    found = (hit.passage and hit.passage.start) or 0.0
                    pieces.append(Path(hit.piece.path).stem == str(file))
                    places.append(pieces[-1] and abs(found - second) <= NEAR_S)
                figures[name] = {
                    "right piece": mean(np.array(pieces)), "right place": mean(np.array(places))
                }  # fmt: skip
    return figures


def flac(clip: Samples) -> bytes:
    return packed(clip, format="FLAC", subtype="PCM_24")


def mp3(clip: Samples) -> bytes:
    """Write MPEG-2 Layer III; libsndfile's level 0.9 is 64 kbit/s at 24 kHz mono."""
    return packed(clip, format="MP3", compression_level=MP3_LEVEL)


def packed(clip: Samples, **form: object) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, clip, SAMPLE_RATE, **form)
    return file.getvalue()


def recordings(folder: Path) -> list[tuple[str, Samples]]:
    """Read every recording under a folder; what cannot be read is named and left out."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            with path.open("rb") as file:
                samples = read_audio(file).samples[: round(LONGEST_S * SAMPLE_RATE)]
            found.append((path.parent.name, samples))
        except Clamp3Error as error:
            print(f"{path.name}: {error}", file=sys.stderr)
    return found


def plain(value: object) -> object:
    """Turn figures into what JSON has."""
    if isinstance(value, Estimate):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return round(value, 3) if isinstance(value, float) else value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("soundfont", type=Path)
    parser.add_argument("--pieces", type=int, default=500)
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--labelled", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    encoder = load_model(options.model)
    figures: dict[str, object] = {}
    if options.recordings:
        real = [samples for _, samples in recordings(options.recordings)]
        usable = [samples for samples in real if len(samples) > 2 * CLIP_S * SAMPLE_RATE]
        figures["clips of real recordings"] = clips(encoder, usable[:FILES])
    if options.labelled:
        named = recordings(options.labelled)
        tags = [frozenset({tag}) for tag, _ in named]
        heard = np.stack([hear(encoder, samples).whole for _, samples in named])
        known = sorted(frozenset().union(*tags))
        figures["real instruments"] = classes(encoder, heard, tags, known, fewest=1)
    if options.pieces:
        found = render(encoder, options.data, options.soundfont, options.pieces)
        figures |= same_music(encoder, found)
        figures["clips of renderings"] = clips(encoder, found.long)
    text = json.dumps(plain(figures), indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
