"""A list of notes in, a score out: the same as from the MusicXML that the program would write."""

from collections.abc import Sequence
from xml.etree.ElementTree import tostring

from clamp3_plugin.readers.musescore.write import musicxml_of
from clamp3_plugin.readers.musicxml_score import read_musicxml
from clamp3_plugin.readers.note_list.rows import read_rows
from clamp3_plugin.readers.note_list.tree import mscx_of
from clamp3_plugin.readers.score import Score


def read_notes(data: bytes) -> Sequence[Score]:
    """Read a score from the notes that a plugin walked through.

    Raises
    ------
    InputRefusedError
        It is no list of notes, too large, or without notes.
    """
    rows = read_rows(data)
    tree = musicxml_of(mscx_of(rows))
    for entry, part in zip(tree.iter("score-part"), rows.parts, strict=False):
        for name in entry.iterfind("part-name"):
            name.text = part.name  # with its spaces, which the reader of files leaves out
    return read_musicxml(bytes(tostring(tree, encoding="utf-8")))
