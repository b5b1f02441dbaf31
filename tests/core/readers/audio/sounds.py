"""Small audio files, made when they are needed."""

from io import BytesIO

import numpy as np
import soundfile


def tone(seconds, rate=24_000, channels=1, pitch=440.0):
    """A tone that swells, the same in all channels: float32, shape ``(frames, channels)``."""
    times = np.arange(int(rate * seconds)) / rate
    wave = 0.5 * np.sin(2 * np.pi * pitch * times) * (0.7 + 0.3 * np.sin(2 * np.pi * 0.7 * times))
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def audio_file(wave, rate=24_000, form="WAV", subtype=None):
    file = BytesIO()
    soundfile.write(file, wave, rate, format=form, subtype=subtype)
    file.seek(0)
    return file


def float_wav(wave, rate=24_000):
    """A WAV file of floats, which may hold anything: soundfile writes no rate under 1."""
    return audio_file(wave, rate, "WAV", "FLOAT")


def announcing(flac, frames):
    """The same FLAC file with another number of frames in its header."""
    data = bytearray(flac.getvalue())
    known = int.from_bytes(data[18:26], "big")  # rate, channels, bits, and 36 bits of length
    data[18:26] = (known >> 36 << 36 | frames).to_bytes(8, "big")
    return BytesIO(bytes(data))


def m4a(wave, rate=24_000, codec="aac", **tags):
    import av  # noqa: PLC0415 - where it is installed

    file = BytesIO()
    with av.open(file, "w", format="ipod") as container:
        container.metadata.update(tags)
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        for start in range(0, len(wave), 1024):
            block = np.ascontiguousarray(wave[start : start + 1024].T)
            kind = "fltp"
            if codec == "alac":
                kind, block = "s16p", (block * 2**15).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(block, kind, "stereo")
            frame.sample_rate, frame.pts = rate, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    return file


def id3(**frames):
    """An ID3v2.3 tag; frames by name, e.g. ``TIT2``."""
    body = b"".join(
        name.encode()
        + (len(text.encode("utf-16")) + 1).to_bytes(4, "big")
        + b"\0\0\1"
        + text.encode("utf-16")
        for name, text in frames.items()
    )
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + body
