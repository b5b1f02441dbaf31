"""What is still a recording of music and what is not: the limits of the audio reader."""

RATE = 24_000
"""Samples per second of what the encoders hear."""

MAX_BYTES = 2**30
"""Largest file: an hour and a half of uncompressed stereo on a CD's terms."""

MAX_SECONDS = 2 * 3600
"""Longest recording; as samples in memory, 0.7 GB."""

MIN_SECONDS = 0.5
"""Shortest recording."""

MAX_CHANNELS = 8
"""Channels that are mixed to one; 7.1 has eight."""

MIN_RATE = 4_000
MAX_RATE = 192_000
"""Sample rates of files; the lowest is the lowest that the reference is tested with."""

MAX_PHASE_STEP = 1_000
"""Longest step of the resampler, ``rate / gcd(rate, 24,000)``. Its kernel has as many columns as
that and up to 24,000 rows: for 191,999 Hz it would take gigabytes."""

MAX_LEVEL = 8.0
"""Highest sample, where 1.0 is full scale: files of floats may go over it, by 18 dB here."""

SILENCE = 1e-4
"""Swing of a wave, half of peak to peak, below which nothing is heard (-80 dB)."""

FULL_SCALE = 1 - 2**-15
"""Level from which a sample counts as clipped: the highest of 16 bits."""

BLOCK_SECONDS = 30
"""Length of what is decoded, resampled and passed on at a time."""

READ_BYTES = 2**18
"""How much of a file the worker asks for at a time."""
