"""A recording gives itself whole, in windows, and by seconds."""

import numpy as np
import pytest

from clamp3_plugin.errors import UsageError
from clamp3_plugin.music import Metadata, Modality, Passage
from clamp3_plugin.readers.audio.limits import RATE
from clamp3_plugin.readers.audio.recording import Recording
from tests.core.readers.audio.sounds import tone


def recording(seconds, silent=()):
    samples = tone(seconds)[:, 0]
    for start, end in silent:
        samples[start * RATE : end * RATE] = 0
    return Recording(samples, Metadata(), "")


def spans(piece):
    return [(passage.start, passage.end) for passage in piece.passages()]


def test_it_is_audio_of_a_length():
    piece = recording(2.5)

    assert piece.modality is Modality.AUDIO
    assert piece.duration == 2.5
    assert len(piece.whole()) == 2.5 * RATE


def test_windows_of_ten_seconds_come_every_five_and_the_last_ends_with_the_piece():
    assert spans(recording(21.0)) == [(0, 10), (5, 15), (10, 20), (15, 21)]


def test_a_clip_is_found_as_a_whole_only():
    assert spans(recording(12.0)) == []


def test_silent_windows_are_left_out():
    assert spans(recording(30.0, [(8, 22)])) == [(0, 10), (5, 15), (15, 25), (20, 30)]


def test_an_excerpt_is_the_samples_between_two_moments():
    piece = recording(20.0)

    part = piece.excerpt(Passage(start=5.5, end=7.0))

    np.testing.assert_array_equal(part, piece.samples[132_000:168_000])


def test_an_excerpt_without_an_end_goes_to_the_end():
    assert len(recording(3.0).excerpt(Passage(start=1.0))) == 2 * RATE


def test_an_excerpt_that_ends_late_ends_with_the_piece():
    assert len(recording(3.0).excerpt(Passage(start=1.0, end=99.0))) == 2 * RATE


@pytest.mark.parametrize(
    ("passage", "reason"),
    [
        (Passage(first_bar=1, last_bar=2), "Bars 1-2 .* has none"),
        (Passage(start=3.0, end=9.0), r"Seconds 3-9 .* the recording has 3\.0 s"),
        (Passage(start=1.0, end=1.25), r"0\.25 s of sound; at least 0\.5 s"),
        (Passage(start=2.75), r"Seconds 2\.75- .* 0\.25 s of sound"),
        (Passage(start=0.0, end=1.0), "silent there"),
    ],
)
def test_an_excerpt_that_cannot_be_is_refused_by_what_was_asked_for(passage, reason):
    with pytest.raises(UsageError, match=reason):
        recording(3.0, [(0, 1)]).excerpt(passage)


def test_a_recording_has_no_staves():
    with pytest.raises(UsageError, match="no staves"):
        recording(1.0).of_staves(1, 1)
