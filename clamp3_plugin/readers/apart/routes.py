"""What readers in a worker may ask the program for."""

from collections.abc import Mapping
from types import MappingProxyType

from clamp3_plugin.readers.isolation.route import Route
from clamp3_plugin.readers.musescore.read import MUSESCORE
from clamp3_plugin.readers.music21_scores.asking import MUSIC21

ROUTES: Mapping[str, Route] = MappingProxyType(
    {route.name: route for route in (MUSIC21, MUSESCORE)}
)
