"""A library of a few pieces of each kind, made on the spot."""

from pathlib import Path

import music21
import numpy as np
import soundfile

from clamp3_plugin.daemon.hearing.tones import Tone, midi_file
from clamp3_plugin.daemon.hearing.written import playing_of
from tests.cli.conftest import JIG, SECOND, WALTZ

CORPUS = Path(music21.__file__).parent / "corpus"
CHORALES = ("bwv269", "bwv66.6", "bwv377")
RATE = 24_000
TEMPO_AND_METRE = bytes.fromhex("00ff510307a120 00ff580404021808")  # as files have them
_TRACK = 18  # bytes before the length of the track

ATTACK = "<img src=x onerror=window.taken=1>"
HOSTILE = f"""X:1
T:{ATTACK}
C:"><script>window.taken=2</script>
M:4/4
L:1/4
K:C
"<svg onload=window.taken=3>"C D E F|G A B c|c B A G|F E D C|
w:<script>window.taken=4</script> a b c
"""


def tones(abc: str, tempo: float) -> list[Tone]:
    """What sounds when a tune of one voice is played."""
    header, _, body = abc.partition("\nK:")
    key, _, music = body.partition("\n")
    fields = [line for line in header.splitlines() if line[0] in "ML"]
    bars = [f"[V:1]{bar}|" for bar in music.replace("\n", "|").split("|") if bar]
    return playing_of("\n".join([*fields, f"K:{key}", *bars]), tempo).tones


def performed(abc: str, tempo: float, most: int | None = None) -> bytes:
    """A tune as a MIDI file, or its first notes."""
    plain = midi_file(tones(abc, tempo)[:most])
    head, track = plain[:_TRACK], TEMPO_AND_METRE + plain[_TRACK + 4 :]
    return head + len(track).to_bytes(4, "big") + track


def bells(seconds: float) -> np.ndarray:
    """Strokes of a bell, two a second."""
    time = np.arange(round(seconds * RATE)) / RATE
    since = time % 0.5
    partials = [np.sin(2 * np.pi * 440 * ratio * since) for ratio in (1, 2.76, 5.4)]
    return np.asarray(0.2 * np.exp(-6 * since) * np.sum(partials, axis=0))


def storm(seconds: float) -> np.ndarray:
    """Noise that swells."""
    noise = np.random.default_rng(1).standard_normal(round(seconds * RATE))
    return 0.05 * noise * (1.2 + np.sin(np.arange(len(noise)) / RATE))


def make_library(folder: Path) -> None:
    """Write scores, MIDI files and recordings."""
    for name in CHORALES:
        (folder / f"{name}.mxl").write_bytes((CORPUS / "bach" / f"{name}.mxl").read_bytes())
    for name, tune in (("jig", JIG), ("waltz", WALTZ), ("second", SECOND)):
        (folder / f"{name}.abc").write_text(tune)
    (folder / "<b>hostile.abc").write_text(HOSTILE)
    (folder / "jig.mid").write_bytes(performed(JIG, 140))
    (folder / "waltz.mid").write_bytes(performed(WALTZ, 100))
    for name, sound in (("bells", bells(12)), ("storm", storm(12))):
        soundfile.write(folder / f"{name}.wav", sound, RATE)
