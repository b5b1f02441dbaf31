"""A library of a few pieces of each kind, made on the spot."""

import itertools
from pathlib import Path

import music21
import numpy as np
import soundfile

from clamp3_plugin.daemon.hearing.tones import Tone, midi_file
from tests.cli.conftest import JIG, SECOND, WALTZ

CORPUS = Path(music21.__file__).parent / "corpus"
CHORALES = ("bwv269", "bwv66.6", "bwv377")
SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
LEAPS = (72, 55, 74, 50, 76, 48, 79, 43)
RATE = 24_000

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


def melody(pitches: tuple[int, ...], beat_s: float, times: int = 4) -> bytes:
    """A melody as a MIDI file, over and over."""
    played = itertools.chain.from_iterable(itertools.repeat(pitches, times))
    return midi_file([Tone(beat_s * i, 0.9 * beat_s, pitch) for i, pitch in enumerate(played)])


def bells(seconds: float) -> np.ndarray:
    """Strokes of a bell, two a second."""
    time = np.arange(round(seconds * RATE)) / RATE
    since = time % 0.5
    partials = [np.sin(2 * np.pi * 440 * ratio * since) for ratio in (1, 2.76, 5.4)]
    return 0.2 * np.exp(-6 * since) * np.sum(partials, axis=0)


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
    (folder / "scale.mid").write_bytes(melody(SCALE, 0.4))
    (folder / "leaps.mid").write_bytes(melody(LEAPS, 0.25))
    for name, sound in (("bells", bells(12)), ("storm", storm(12))):
        soundfile.write(folder / f"{name}.wav", sound, RATE)
