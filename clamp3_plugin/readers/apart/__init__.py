"""Scores and MIDI read in disposable processes: what a file does there, it does to itself."""
