"""Scores in formats that music21 reads: Humdrum **kern, MEI, and MIDI where that is asked for."""
