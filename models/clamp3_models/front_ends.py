"""Names of the audio front ends, as ``audio_front_end`` of a configuration says them, and their pace."""

MINI_NOTES = "mini-notes-1"
"""Our own (``clamp3_models.audio``)."""

ROW_S = {MINI_NOTES: 1.0}
"""Seconds that a row of features stands for, where it is not the five of the published models."""
