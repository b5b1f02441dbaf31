"""Tags: words of a vocabulary for music, and how often they are right."""

from clamp3_plugin.tags.calibration import CALIBRATION_FILE, Calibration, load_calibration
from clamp3_plugin.tags.tagger import Tagger
from clamp3_plugin.tags.vocabulary import Concept, Vocabulary

__all__ = [
    "CALIBRATION_FILE",
    "Calibration",
    "Concept",
    "Tagger",
    "Vocabulary",
    "load_calibration",
]
