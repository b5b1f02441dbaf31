"""The watch folder: every bounce or exported MIDI file that appears in it is asked with."""
