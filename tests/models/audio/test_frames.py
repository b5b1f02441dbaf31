"""Frames: what they hold, when, and that stretches make no difference."""

import numpy as np
import pytest
import torch

from clamp3_models.audio.frames import MEL, SAMPLE_RATE, WIDTH, FrameExtractor, mel_filters
from clamp3_models.audio.note_network import NoteNetwork


@pytest.fixture
def extract() -> FrameExtractor:
    torch.manual_seed(0)
    network = NoteNetwork()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return FrameExtractor(network)


def tone(seconds: float, hertz: float = 440.0) -> np.ndarray:
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.sin(2 * np.pi * hertz * times).astype(np.float32)


def test_a_recording_has_ten_frames_a_second_and_no_part_of_one(extract: FrameExtractor) -> None:
    assert extract(tone(1.29)).shape == (12, WIDTH)


def test_less_than_a_tenth_of_a_second_has_none(extract: FrameExtractor) -> None:
    assert extract(tone(0.09)).shape == (0, WIDTH)


def test_silence_lies_at_the_bottom_of_the_mel_bands(extract: FrameExtractor) -> None:
    frames = extract(np.zeros(SAMPLE_RATE, np.float32))

    assert not frames[:, MEL].any()
    assert np.isfinite(frames).all()


def test_a_tone_is_loudest_in_the_band_that_holds_it(extract: FrameExtractor) -> None:
    hertz = 1000.0

    bands = extract(tone(2.0, hertz))[:, MEL].mean(0)

    filters = mel_filters()
    loudest = filters[round(hertz / SAMPLE_RATE * 1024)].argmax()
    assert abs(int(bands.argmax()) - int(loudest)) <= 1
    assert bands.max() == pytest.approx(80 / 60, abs=0.15)


def test_a_note_that_begins_later_is_heard_later(extract: FrameExtractor) -> None:
    late = np.concatenate([np.zeros(SAMPLE_RATE, np.float32), tone(1.0)])

    loudness = extract(late)[:, MEL].mean(1)

    assert loudness[:9].max() < loudness[11:].min()


def test_a_frame_does_not_depend_on_how_a_recording_is_cut_into_stretches(
    extract: FrameExtractor,
) -> None:
    wave = tone(29.0) * np.linspace(0, 1, 29 * SAMPLE_RATE, dtype=np.float32)

    first, second = extract.stream(wave)

    assert (len(first), len(second)) == (280, 10)
    whole = extract(wave[SAMPLE_RATE:])  # here the last second lies in the first stretch
    np.testing.assert_allclose(second[2:8, MEL], whole[272:278, MEL], atol=1e-4)


def test_no_mel_band_is_empty() -> None:
    assert (mel_filters().sum(0) > 0).all()
