"""MuseScore files (.mscz, .mscx): our own reader of the XML inside, by way of MusicXML."""
