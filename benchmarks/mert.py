"""MERT at its published size beside the reference's loop, on random weights: how near, how fast.

    python benchmarks/mert.py [SECONDS [THREADS]]

Makes a stereo file of SECONDS (default 20) of noise at 44.1 kHz and reads it twice. *Ours*: the audio
reader, then the front end. *Reference*: soundfile and a float32 resampler in one piece, the whole file
normalised by ``Wav2Vec2FeatureExtractor``, then ``transformers.HubertModel`` window by window with all
hidden states, as ``extract_mert.py --mean_features`` of github.com/sanderwood/clamp3 does. Prints
processor seconds of this process and its workers, the share outside the network, and the largest
difference of a feature; fails where that is over 1e-4. No published weights are involved. The clocks
start once both have read a second of noise. Needs Linux (``/proc``) and 2 GB of memory.
"""

import argparse
import io
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

from clamp3_models.mert.files import with_old_names
from clamp3_models.mert.front_end import WINDOW, MertFrontEnd
from clamp3_models.mert.network import SAMPLE_RATE, Mert, MertConfig
from clamp3_plugin.readers.audio.read import read_audio
from clamp3_plugin.readers.audio.resampling import sinc_kernel

Array = NDArray[np.float32]
TOLERANCE = 1e-4
RATE = 44_100


@dataclass
class Clock:
    """Processor seconds, of the network and of everything else."""

    network: float = 0.0
    rest: float = 0.0

    def __str__(self) -> str:
        total = self.network + self.rest
        return f"{total:6.2f} s, {self.rest / total:.1%} of it outside the network"


def spent() -> float:
    """Processor seconds of this process and of the workers that it has."""
    ticks = 0
    for listed in Path("/proc/self/task").glob("*/children"):
        for pid in listed.read_text().split():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def timed(work: Callable[[], Array]) -> tuple[Array, float]:
    start = spent()
    result = work()
    return result, spent() - start


def noise(seconds: float) -> bytes:
    n = int(seconds * RATE)
    samples = np.random.default_rng(1).standard_normal((n, 2), np.float32) * np.float32(0.1)
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()


def read_as_reference(data: bytes) -> Array:
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    divisor = int(np.gcd(rate, SAMPLE_RATE))
    old, new = rate // divisor, SAMPLE_RATE // divisor
    kernel, width = sinc_kernel(old, new)
    mono = torch.from_numpy(samples.mean(1))
    padded = torch.nn.functional.pad(mono, (width, width + old))[None, None]
    weight = torch.from_numpy(np.ascontiguousarray(kernel))[:, None]
    phases = torch.nn.functional.conv1d(padded, weight, stride=old)[0]
    length = -(-new * len(samples) // old)
    return np.asarray(phases.t().reshape(-1)[:length].numpy())


def reference_features(model: HubertModel, wave: Array) -> Array:
    rows = []
    for start in range(0, len(wave), WINDOW):
        window = torch.from_numpy(wave[start : start + WINDOW].copy())[None]
        if window.shape[1] < SAMPLE_RATE:
            break
        with torch.no_grad():
            states = model(window, output_hidden_states=True).hidden_states
        rows.append(torch.stack([state.mean(1) for state in states]).mean(0))
    return np.asarray(torch.cat(rows).numpy())


@dataclass(frozen=True, slots=True)
class Comparison:
    """What both ways spent on the same sound, and how far their features are apart."""

    ours: Clock
    reference: Clock
    windows: int
    difference: float
    largest: float


def compare(seconds: float) -> Comparison:
    """Read the same noise both ways, with the same random weights."""
    torch.manual_seed(0)
    names = {k: v for k, v in MertConfig().to_json().items() if k != "model_type"}
    theirs = HubertModel(HubertConfig(**names)).eval()
    network = Mert(MertConfig())
    network.load_state_dict(with_old_names(theirs.state_dict()))
    ours = MertFrontEnd(network)
    normalise = Wav2Vec2FeatureExtractor(sampling_rate=SAMPLE_RATE, do_normalize=True)
    data = noise(seconds)

    warm = read_audio(io.BytesIO(noise(1))).whole()
    reference_features(theirs, warm)
    ours.features(warm)
    ours_clock, their_clock = Clock(), Clock()
    wave, ours_clock.rest = timed(lambda: read_audio(io.BytesIO(data)).whole())
    found, ours_clock.network = timed(lambda: ours.features(wave))
    raw, their_clock.rest = timed(lambda: read_as_reference(data))
    processed, more = timed(
        lambda: np.asarray(normalise(raw, sampling_rate=SAMPLE_RATE)["input_values"][0], np.float32)
    )
    their_clock.rest += more
    expected, their_clock.network = timed(lambda: reference_features(theirs, processed))
    difference = float(np.abs(found - expected).max())
    return Comparison(
        ours_clock, their_clock, len(found), difference, float(np.abs(expected).max())
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("seconds", nargs="?", type=float, default=20.0)
    parser.add_argument("threads", nargs="?", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found = compare(options.seconds)
    print(f"{options.seconds:g} s of sound, {found.windows} windows, {options.threads} thread(s)")
    print(f"ours       {found.ours}")
    print(f"reference  {found.reference}")
    print(f"largest difference {found.difference:.1e} of features up to {found.largest:.2f}")
    return int(found.difference > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
