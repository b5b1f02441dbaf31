"""Our reading of MIDI files against pretty_midi's, an independent reader."""

from io import BytesIO

import pytest

from clamp3_plugin.readers.performance import read_midi

FILES = (
    "v01_type0_melody.mid",
    "v02_type1_tempo_map_pedal_bend.mid",
    "v09_long_over_512_patches.mid",
)


@pytest.mark.parametrize("name", FILES)
def test_notes_are_those_that_another_reader_hears(golden, name):
    pretty_midi = pytest.importorskip("pretty_midi")
    data = (golden / "midi/in" / name).read_bytes()
    heard = pretty_midi.PrettyMIDI(BytesIO(data))
    expected = sorted(
        (round(note.start, 4), note.pitch, note.velocity, instrument.is_drum)
        for instrument in heard.instruments
        for note in instrument.notes
    )

    [performance] = read_midi(data)

    notes = performance.notes()
    found = sorted(
        (round(start, 4), pitch, vel, channel == 9) for start, _, pitch, vel, channel in notes
    )
    assert found == expected
