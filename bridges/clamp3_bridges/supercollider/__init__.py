"""The bridge into SuperCollider: the class Clamp3, its help, and examples."""
