"""How mini hears: its own front end, from samples to what its audio tower reads."""

NAME = "mini-notes-1"
"""As ``audio_front_end`` of a configuration says it."""

ROW_S = 1.0
"""Seconds that a row of features stands for."""
