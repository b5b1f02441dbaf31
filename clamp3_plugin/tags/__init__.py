"""Tags: words of a vocabulary for music, and how often they are right."""

from clamp3_plugin.tags.tagger import Tagger
from clamp3_plugin.tags.vocabulary import Concept, Vocabulary

__all__ = ["Concept", "Tagger", "Vocabulary"]
