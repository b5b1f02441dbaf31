"""The paper's stages as they are: M3 pre-training, then text with notation and text with audio."""
