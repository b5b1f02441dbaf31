"""What is still a score and what is an attack: the limits of the ABC and file readers.

Every limit is far above real music (the longest tune of 13,000 in the music21 corpus has 30 kB)
and far below what makes a linear reader slow.
"""

MAX_MIDI_BYTES = 4 * 2**20
"""Largest MIDI file; a symphony with all its controllers has under 1 MiB."""

MAX_MTF_BYTES = 16 * 2**20
"""Largest MTF file: the text of the largest MIDI file."""

MAX_MUSICXML_BYTES = 16 * 2**20
"""Largest MusicXML file, zipped or not; what a zip unpacks to is counted by its reader."""

MAX_BOOK_BYTES = 2**20
"""Largest ABC file: some 2,500 tunes, and what is read in under ten seconds on a slow machine."""

MAX_TUNE_BYTES = 2**20
"""Longest single ABC tune, in UTF-8."""

MAX_LINE_BYTES = 64 * 2**10
"""Longest line of an ABC tune, in UTF-8."""

MAX_LINE_CHARS = 64 * 2**10
"""Longest line of a Humdrum file."""

MAX_VOICES = 64
"""Most voices of an ABC tune."""

MAX_TUNES = 20_000
"""Most tunes of a tune book."""

MAX_BARLINES = 50_000
"""Most barlines of an ABC tune, all voices together."""

MAX_BAR_RESTS = 1_000
"""Most bars that the multi-bar rests (``Z4``) of a voice are written out to."""
