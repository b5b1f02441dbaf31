"""What a header promises, and what is there."""

import pytest

from clamp3_bridges.osc.queries import TakeNote
from clamp3_bridges.osc.takes import midi_file
from clamp3_bridges.watch.complete import is_complete

MIDI = midi_file([TakeNote("t", 60, 80, 0, 1)])
WAVE = b"RIFF" + (4 + 108).to_bytes(4, "little") + b"WAVE" + bytes(108)
AIFF = b"FORM" + (4 + 108).to_bytes(4) + b"AIFF" + bytes(108)


@pytest.mark.parametrize("data", [MIDI, WAVE, AIFF, b"fLaC" + bytes(40), b"X:1\nK:C\nC|\n"])
def test_a_whole_file_is_complete(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(data)

    assert is_complete(path, len(data))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(MIDI[:-1], id="MIDI without its last byte"),
        pytest.param(MIDI[:20], id="MIDI without its track"),
        pytest.param(MIDI[:10], id="half a MIDI header"),
        pytest.param(WAVE[:-1], id="WAV without its last byte"),
        pytest.param(WAVE[:4] + bytes(4) + WAVE[8:], id="WAV that is being recorded"),
        pytest.param(AIFF[:-1], id="AIFF without its last byte"),
        pytest.param(b"", id="nothing yet"),
    ],
)
def test_a_file_that_is_being_written_is_not(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(data)

    assert not is_complete(path, len(data))


def test_a_wav_from_a_pipe_does_not_know_its_size(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(WAVE[:4] + b"\xff" * 4 + WAVE[8:])

    assert is_complete(path, len(WAVE))
