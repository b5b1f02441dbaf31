"""Find music by describing it: the core of clamp3-plugin, without torch."""

__version__ = "0.1.0"
