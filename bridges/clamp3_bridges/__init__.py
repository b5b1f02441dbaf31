"""Bridges: the daemon inside other programs."""
