"""The panel inside MuseScore: a QML plugin, and where it goes."""
