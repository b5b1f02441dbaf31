"""Folders into the library: what is there, what has changed, and the run that puts it in."""
