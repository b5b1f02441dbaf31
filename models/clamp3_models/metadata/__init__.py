"""Metadata: what a language model writes of a piece from retrieved text, checked and kept.

The step of M4-RAG that turns a title, its artists and what was found about them into training text.
"""
