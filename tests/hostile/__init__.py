"""Hostile inputs by the hundred: small, deterministic, each with what a good program does with it."""
