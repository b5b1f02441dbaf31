"""Measure how well embeddings find what they should."""
