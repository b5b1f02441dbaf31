"""What is still a score and what is an attack: the limits of the ABC and file readers.

Every limit is far above real music (the longest tune of 13,000 in the music21 corpus has 30 kB)
and far below what makes a linear reader slow.
"""

MAX_FILE_BYTES = 64 * 2**20
"""Largest file of any kind that is opened at all."""

MAX_BOOK_BYTES = 16 * 2**20
"""Largest ABC file; tune books hold thousands of tunes."""

MAX_TUNE_CHARS = 2**20
"""Longest single ABC tune."""

MAX_LINE_CHARS = 64 * 2**10
"""Longest line of an ABC tune."""

MAX_VOICES = 64
"""Most voices of an ABC tune."""

MAX_TUNES = 20_000
"""Most tunes of a tune book."""

MAX_BAR_RESTS = 256
"""Most bars that one multi-bar rest (``Z4``) is written out to."""
