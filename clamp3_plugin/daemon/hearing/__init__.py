"""Passages as sound: cut from recordings, played by a synthesizer from anything written."""
