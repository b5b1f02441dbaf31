"""MusicXML → standard ABC, as the reference of the official weights writes it."""
