"""Audio files of every kind become the samples that an encoder hears."""

import sys
from io import BytesIO

import numpy as np
import pytest

from clamp3_plugin.errors import BrokenFileError, UnsupportedFormatError
from clamp3_plugin.readers.audio.limits import RATE
from clamp3_plugin.readers.audio.read import read_audio
from clamp3_plugin.readers.audio.sources import open_source
from tests.core.readers.audio.sounds import audio_file, float_wav, id3, m4a, tone

SECONDS = 2.0


def heard(recording):
    """How far it is from the tone, away from the ends."""
    expected = tone(SECONDS)[:, 0]
    n = min(len(expected), len(recording.samples))
    return np.abs(recording.samples[:n] - expected[:n])[2_000:-2_000].max()


@pytest.mark.parametrize(
    ("form", "subtype", "rate", "tolerance"),
    [
        ("WAV", "PCM_16", 44_100, 1e-3),
        ("WAV", "PCM_U8", 22_050, 1e-2),
        ("WAV", "PCM_24", 96_000, 1e-3),
        ("WAV", "FLOAT", 48_000, 1e-3),
        ("WAVEX", "PCM_24", 44_100, 1e-3),
        ("RF64", "PCM_16", 44_100, 1e-3),
        ("AIFF", "PCM_16", 44_100, 1e-3),
        ("FLAC", "PCM_16", 48_000, 1e-3),
        ("OGG", "VORBIS", 44_100, 5e-2),
        ("OGG", "OPUS", 48_000, 5e-2),
        ("MP3", None, 44_100, 5e-2),
    ],
)
def test_every_format_gives_the_same_tone(form, subtype, rate, tolerance):
    recording = read_audio(audio_file(tone(SECONDS, rate, 2), rate, form, subtype))

    assert heard(recording) < tolerance
    assert recording.duration == pytest.approx(SECONDS, abs=0.06)
    assert recording.samples.dtype == np.float32
    assert not recording.samples.flags.writeable


@pytest.mark.parametrize(("codec", "tolerance"), [("aac", 5e-2), ("alac", 1e-3)])
def test_mpeg4_gives_the_same_tone(codec, tolerance):
    pytest.importorskip("av", reason="the extra m4a is not installed")

    recording = read_audio(m4a(tone(SECONDS, 44_100, 2), 44_100, codec))

    assert heard(recording) < tolerance
    assert recording.duration == pytest.approx(SECONDS, abs=0.06)


def test_mpeg4_is_read_with_its_tags_and_in_spite_of_broken_ones():
    pytest.importorskip("av", reason="the extra m4a is not installed")
    data = m4a(tone(1.0, channels=2), title="Gravel", artist="The Mills").getvalue()

    tagged, broken = (
        read_audio(BytesIO(data)),
        read_audio(BytesIO(data.replace(b"Gra", b"\xe9\xff\xe9"))),
    )

    assert (tagged.metadata.title, tagged.metadata.composer) == ("Gravel", "The Mills")
    assert broken.digest == tagged.digest


def test_mpeg4_where_ffmpeg_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)

    with (
        pytest.raises(UnsupportedFormatError, match=r"clamp3-plugin\[m4a\]"),
        open_source(BytesIO(b"\0\0\0\x18ftypM4A \0\0\0\0")),
    ):
        pass


def test_channels_are_mixed_by_their_mean():
    wave = tone(1.0, channels=2)
    wave[:, 1] *= 0.5

    recording = read_audio(float_wav(wave))

    np.testing.assert_allclose(recording.samples, 0.75 * wave[:, 0], rtol=0, atol=1e-6)


def test_what_is_longer_than_a_block_has_no_seams():
    wave = tone(65.0, 48_000)

    recording = read_audio(float_wav(wave, 48_000))

    assert len(recording.samples) == 65 * RATE
    assert np.abs(np.diff(recording.samples)).max() < 0.07  # 0.5 * 2 pi 440 / 24,000 and a bit


def test_a_tag_changes_metadata_and_no_fingerprint():
    plain = audio_file(tone(1.0, 44_100), 44_100, "MP3").getvalue()
    tagged = id3(TIT2="Gravel Road", TPE1="The Mills", TKEY="F#m", TBPM="92") + plain

    before, after = read_audio(BytesIO(plain)), read_audio(BytesIO(tagged))

    assert before.digest == after.digest
    assert (before.metadata.title, before.metadata.tempo) == ("", None)
    known = after.metadata
    assert (known.title, known.composer, known.key) == ("Gravel Road", "The Mills", "F#m")
    assert (known.tempo, known.duration) == (92.0, after.duration)


def test_a_composer_is_named_before_who_performs():
    plain = audio_file(tone(1.0, 44_100), 44_100, "MP3").getvalue()

    known = read_audio(BytesIO(id3(TPE1="The Mills", TCOM="Ada") + plain)).metadata

    assert known.composer == "Ada"


def test_the_same_name_bounced_anew_has_another_fingerprint():
    first, second = (read_audio(float_wav(tone(1.0) * gain)) for gain in (1.0, 0.999))

    assert first.digest != second.digest


def test_the_container_has_no_part_in_the_fingerprint():
    wave = (tone(1.0, 44_100, 2) * 2**15).astype(np.int16)  # each rounds floats in its own way
    files = [audio_file(wave, 44_100, form, "PCM_16") for form in ("WAV", "FLAC", "AIFF")]

    assert len({read_audio(file).digest for file in files}) == 1


def test_control_characters_do_not_come_through_tags():
    plain = audio_file(tone(1.0, 44_100), 44_100, "MP3").getvalue()

    known = read_audio(BytesIO(id3(TIT2="a\x1b[2J\nb\u202e" + "x" * 1000) + plain)).metadata

    assert known.title.startswith("a [2J b x")
    assert len(known.title) == 300


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF",
        b"ID3" + bytes(500),
        b"OggS" + bytes(500),
        b"fLaC" + bytes(500),
        b"FORM\0\0\1\0AIFF" + bytes(256),
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + bytes(40),
        b"#EXTM3U\nother.wav\n",
        b"MThd" + bytes(100),
        bytes(1000),
    ],
)
def test_what_is_no_audio_is_refused(data):
    with pytest.raises(BrokenFileError, match="cannot be decoded"):
        read_audio(BytesIO(data))


def test_a_broken_mpeg4_file_is_refused():
    pytest.importorskip("av", reason="the extra m4a is not installed")

    with pytest.raises(BrokenFileError, match="cannot be decoded"):
        read_audio(BytesIO(b"\0\0\0\x18ftypM4A \0\0\0\0" + bytes(1000)))


def test_an_audio_format_of_another_kind_is_named():
    with pytest.raises(UnsupportedFormatError, match="AU audio"):
        read_audio(audio_file(tone(1.0), form="AU"))


def test_a_file_that_breaks_while_it_is_read_is_refused_and_the_next_one_is_read():
    class Failing(BytesIO):
        def read(self, size=-1, /):
            raise OSError(5, "Input/output error")

    with pytest.raises(BrokenFileError, match="Input/output error"):
        read_audio(Failing(bytes(100)))

    assert read_audio(float_wav(tone(1.0))).duration == 1.0
