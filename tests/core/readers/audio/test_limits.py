"""What no recording of music is gets a name, in little time and memory."""

from io import BytesIO

import numpy as np
import pytest

from clamp3_plugin.errors import (
    BrokenFileError,
    EmptyContentError,
    TooLargeError,
    UnsupportedFormatError,
)
from clamp3_plugin.readers.audio import limits
from clamp3_plugin.readers.audio.inspection import Inspection, check_announced
from clamp3_plugin.readers.audio.read import read_audio
from clamp3_plugin.readers.audio.sources import Source
from tests.core.readers.audio.sounds import announcing, audio_file, float_wav, m4a, tone


def source(rate=24_000, channels=1, frames=None):
    return Source(rate, channels, frames, iter(()))


def broken_at(index, value):
    wave = tone(1.0, channels=2)
    wave[index, 1] = value
    return float_wav(wave)


@pytest.mark.parametrize("rate", [191_999, 47_999, 95_999, 44_101])
def test_rates_whose_kernel_would_take_gigabytes_are_refused(rate):
    with pytest.raises(UnsupportedFormatError, match=f"{rate:,} Hz has too little in common"):
        read_audio(audio_file(tone(0.6, rate), rate))


@pytest.mark.parametrize("rate", [1, 3_999, 192_001, 2**31 - 1])
def test_rates_at_which_nobody_records_are_refused(rate):
    with pytest.raises(UnsupportedFormatError, match=f"rate is {rate:,} Hz"):
        read_audio(audio_file(tone(1.0), rate))


@pytest.mark.parametrize("rate", [4_000, 8_000, 11_025, 44_100, 48_000, 176_400, 192_000])
def test_rates_at_which_people_record_are_read(rate):
    check_announced(source(rate, 8, 100))


def test_a_thousand_channels_are_refused():
    with pytest.raises(TooLargeError, match="1,000 channels, the limit is 8"):
        read_audio(audio_file(np.zeros((24, 1_000), np.float32)))


def test_ten_hours_of_flac_are_refused_by_their_header():
    # 36 bits of length: 1,727,961,345 at 48,000 Hz are the ten hours that half a megabyte holds
    file = announcing(audio_file(tone(1.0, 48_000), 48_000, "FLAC"), 1_727_961_345)

    with pytest.raises(TooLargeError, match=r"10\.0 hours, the limit is 2"):
        read_audio(file)


def test_a_flac_that_announces_an_hour_and_holds_a_second_is_refused():
    file = announcing(audio_file(tone(1.0, 48_000), 48_000, "FLAC"), 3_600 * 48_000)

    with pytest.raises(BrokenFileError):
        read_audio(file)


def test_a_flac_that_does_not_say_its_length_is_refused_by_name():
    with pytest.raises(BrokenFileError, match="does not say how long"):
        read_audio(announcing(audio_file(tone(1.0), form="FLAC"), 0))


def test_what_becomes_too_long_on_the_way_is_refused():
    inspection = Inspection(source(rate=4_000))
    half = np.full((limits.MAX_SECONDS * 2_000 + 1, 1), 0.1, np.float32)
    inspection.mix(half)

    with pytest.raises(TooLargeError, match=r"2\.0 hours"):
        inspection.mix(half)


def test_a_file_of_more_than_a_gigabyte_is_refused_unread():
    class Huge(BytesIO):
        def seek(self, offset, whence=0, /):
            return super().seek(offset, whence) + limits.MAX_BYTES + (whence == 2)

        def read(self, size=-1, /):
            raise AssertionError("it was read")

    with pytest.raises(TooLargeError, match=r"1,024\.0 MiB"):
        read_audio(Huge())


def test_no_bytes_and_no_samples_are_two_answers():
    with pytest.raises(EmptyContentError, match="0 bytes"):
        read_audio(BytesIO())
    with pytest.raises(EmptyContentError, match="no samples"):
        read_audio(audio_file(np.zeros((0, 1), np.float32)))


@pytest.mark.parametrize("frames", [1, 11_999])
def test_less_than_half_a_second_is_refused(frames):
    with pytest.raises(EmptyContentError, match=r"at least 0\.5 s"):
        read_audio(audio_file(tone(1.0)[:frames]))


def test_half_a_second_is_read():
    assert read_audio(audio_file(tone(1.0)[:12_000])).duration == 0.5


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused_and_found(value):
    with pytest.raises(BrokenFileError, match=r"no number .* first at 0\.500 s"):
        read_audio(broken_at(12_000, value))


@pytest.mark.parametrize("value", [8.1, -1e30])
def test_samples_far_over_full_scale_are_refused_and_found(value):
    with pytest.raises(BrokenFileError, match=r"over 8 times full scale .* first at 0\.250 s"):
        read_audio(broken_at(6_000, value))


def test_a_float_file_may_go_over_full_scale():
    assert read_audio(float_wav(tone(1.0) * 10)).samples.max() > 4


@pytest.mark.parametrize("level", [0.0, 0.7, 5e-5])
def test_silence_is_refused_with_or_without_an_offset(level):
    wave = np.full((24_000, 2), level, np.float32)
    wave[::2] -= np.float32(5e-5)

    with pytest.raises(EmptyContentError, match="silent"):
        read_audio(float_wav(wave))


def test_channels_that_cancel_each_other_out_are_no_silence():
    wave = tone(1.0, channels=2)
    wave[:, 1] *= -1

    with pytest.raises(EmptyContentError, match="cancel each other out"):
        read_audio(float_wav(wave))


def test_clipping_is_no_refusal_but_is_measured():
    clipped = read_audio(audio_file(np.clip(tone(1.0) * 4, -1, 1))).clipped

    assert 0.3 < clipped < 0.9
    assert read_audio(audio_file(tone(1.0))).clipped == 0


@pytest.mark.parametrize("form", ["FLAC", "MP3"])
def test_a_file_that_is_cut_off_is_refused(form):
    data = audio_file(tone(4.0), form=form).getvalue()

    with pytest.raises(BrokenFileError, match=r"cannot be decoded|ends after .* announces"):
        read_audio(BytesIO(data[: len(data) // 2]))


def test_an_mpeg4_file_that_is_cut_off_is_refused():
    pytest.importorskip("av", reason="the extra m4a is not installed")
    data = m4a(tone(2.0, channels=2)).getvalue()

    with pytest.raises(BrokenFileError):
        read_audio(BytesIO(data[: len(data) // 2]))


def test_mpeg4_audio_of_another_kind_is_refused_by_name():
    pytest.importorskip("av", reason="the extra m4a is not installed")

    with pytest.raises(UnsupportedFormatError, match="MPEG-4 audio of the kind"):
        read_audio(m4a(tone(1.0, 48_000, 2), 48_000, "ac3"))


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
def test_damaged_bytes_end_in_a_recording_or_in_a_named_refusal(form):
    whole = audio_file(tone(1.0), form=form).getvalue()
    chance = np.random.default_rng(7)
    for _ in range(6):
        data = bytearray(whole)
        for at in chance.integers(0, len(data), 20):
            data[at] = int(chance.integers(256))
        try:
            recording = read_audio(BytesIO(bytes(data)))
        except (BrokenFileError, EmptyContentError, TooLargeError, UnsupportedFormatError):
            continue
        assert np.all(np.isfinite(recording.samples))
