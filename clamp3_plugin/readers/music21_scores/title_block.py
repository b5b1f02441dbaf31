"""The title block of MusicXML that music21 has written: replaced by what the file itself says.

music21 carries over some names, invents others (its own as composer), and knows one way of many in
which MEI may say a title; so each reader reads its format's own fields.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_BLOCK = re.compile(
    rb"<(work|movement-title|movement-number|identification|credit)\b.*?</\1>", re.DOTALL
)
_ROOT = re.compile(rb"<score-partwise\b[^>]*>")
_MAX_NAMES = 16
_XML_FORBIDS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class TitleBlock:
    """Who and what, as the file says it."""

    title: str = ""
    movement: str = ""
    composers: Sequence[str] = ()
    lyricists: Sequence[str] = ()

    def xml(self) -> bytes:
        """Write it as the first elements of a MusicXML score."""
        names = [("composer", name) for name in self.composers[:_MAX_NAMES]]
        names += [("lyricist", name) for name in self.lyricists[:_MAX_NAMES]]
        creators = (f'<creator type="{role}">{_text(name)}</creator>' for role, name in names)
        return (
            (f"<work><work-title>{_text(self.title)}</work-title></work>" if self.title else "")
            + (f"<movement-title>{_text(self.movement)}</movement-title>" if self.movement else "")
            + f"<identification>{''.join(creators)}</identification>"
        ).encode()


def with_title_block(musicxml: bytes, block: TitleBlock) -> bytes:
    """Put a title block in the place of the one that is there."""
    head, part_list, music = musicxml.partition(b"<part-list")
    root = _ROOT.search(head)
    if root is None or not part_list:
        return musicxml
    kept = _BLOCK.sub(b"", head[root.end() :])
    return b"".join([head[: root.end()], block.xml(), kept, part_list, music])


def _text(value: str) -> str:
    return escape(_XML_FORBIDS.sub("", value))
